"""Clean a table of products as shops publish them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal

from sklearn.utils._param_validation import Interval, StrOptions

from amzest.datasets._cleaning._clean_rows import clean_rows
from amzest.datasets._cleaning._cleaning_report import CleaningReport
from amzest.datasets._cleaning._product_columns import find_columns
from amzest.datasets._cleaning._repeated_rows import drop_repeated
from amzest.utils import (
    as_frame,
    is_missing,
    replace_columns,
    shown,
    take_rows,
    validate_params,
)

if TYPE_CHECKING:
    import pandas as pd

_DUPLICATES = ("asin", "title")


@validate_params(
    {
        "several_categories": [StrOptions({"drop", "keep"})],
        "n_examples": [Interval(Integral, 0, None, closed="left")],
    }
)
def clean_products(
    frame: pd.DataFrame,
    *,
    categories: Mapping[str, str] | Literal["published"] | None = None,
    several_categories: Literal["drop", "keep"] = "drop",
    duplicates: Sequence[str] = ("asin", "title"),
    required: Sequence[str] | None = None,
    columns: Mapping[str, str] | None = None,
    n_examples: int = 3,
) -> tuple[pd.DataFrame, CleaningReport]:
    """Clean a table of products, and report what was done to it.

    Texts are freed of markup and of damage done by wrong decoding, cells that say
    nothing become missing, categories are brought to one set of names, and products
    that stand in the table more than once are left out. Cleaning a table that was
    cleaned with the same arguments changes nothing.

    Parameters
    ----------
    frame : DataFrame
        One row for each product, with some of the columns `asin`, `title`,
        `description`, `brand`, `category`, `category_path` and `image_url`, as
        :func:`read_amazon_metadata` gives them. It is not changed, and other columns
        are left as they are. A table of pandas, polars or pyarrow.

    categories : mapping of str to str, "published" or None, default=None
        New name of each top-level category. Rows of a category that is not in it are
        dropped; the new names themselves count as in it. Case, signs, entities and
        the word "and" make no difference. "published" stands for
        :data:`PUBLISHED_CATEGORIES`, listed in the notes. None keeps all names.

    several_categories : {"drop", "keep"}, default="drop"
        What to do with rows whose paths start from several top categories, and with
        rows whose asin stands under different categories in other rows: drop all of
        them, or keep them under the category that comes first.

    duplicates : sequence of {"asin", "title"}, default=("asin", "title")
        What may not repeat, where the table has it; the first row stays. Titles are
        compared by their words alone. Missing ones repeat nothing.

    required : sequence of str, default=None
        Columns that may not be missing; such rows are dropped. None means the category,
        where the table has one.

    columns : mapping of str to str, default=None
        Names of columns in this table, where they are called something else, as in
        ``{"category": "department", "asin": "id"}``.

    n_examples : int, default=3
        Number of examples in the report for each rule and column.

    Returns
    -------
    table : DataFrame
        The rows that were kept, in their order, with their labels in the index, in the
        kind of table that `frame` is.
    report : CleaningReport
        How many rows each rule touched, and examples.

    Raises
    ------
    TypeError
        If an argument, or a cell of a text column, is of the wrong type.
    ValueError
        If an argument has a wrong value, a column that it names is not there, or the
        table has none of the columns above.
    ImportError
        If ftfy is not installed.

    See Also
    --------
    read_amazon_metadata : Reads published metadata, of any size.
    check_products : Checks that a table can be learnt from.
    CleaningReport : The report.

    Notes
    -----
    The rules, as the report calls them and in its order. Those for texts are applied
    over and over until none changes anything, so that markup within entities within
    markup goes as well. That takes time linear in the text, whatever is in it: a text
    that is nested without end loses its signs of markup, and of a run of combining
    marks the first 30 are kept.

    - `code`: removes scripts and style sheets, also where only their content is left.
      What follows the start of a bare script is taken for code.
    - `tags`: removes tags of HTML elements, also broken ones; "I <3 mugs", "a < b" and
      "Size <M>" stay. A cell that is nothing but an image becomes its `alt` text.
    - `entities`: decodes `&amp;` and the like.
    - `mojibake`: repairs "CafÃ©" with ftfy and joins accents to their letters (NFC).
      Curly quotes and wide letters are right and stay. The replacement character
      U+FFFD stays too: nothing tells what stood there.
    - `control characters`: removes them, and characters without width.
    - `byline`: removes "by" on a line of its own in front of a brand.
    - `white space`: makes one blank of it, or in descriptions one line break where it
      has a line break.
    - `bullet points`: ends a category path where sentences of the product page begin.
    - `placeholder`: makes a `no-img` address or the brand "Unknown" missing.
    - `empty`: makes a cell missing that has no text or of which none was left.
    - `filled`: takes a missing category from the first path.
    - `renamed`: gives a category its new name.
    - `other category`: drops rows whose category has no new name.
    - `several categories`: drops rows by their paths (column `category_path`), and by
      rows of the same asin (column `asin`).
    - `missing`: drops rows without what is `required`.
    - `repeated`: drops rows by asin, and then by title.

    Top categories without a new name do not count: a product under "Kindle Store" and
    "Books" is a book if only books have a new name. The ten categories of the published
    experiment take in these names of the releases of 2014, 2018 and 2023:

    =========================  =====================================================
    category                   published as
    =========================  =====================================================
    arts, crafts & sewing      Arts, Crafts & Sewing
    books                      Books; Audible Audiobooks
    clothing, shoes & jewelry  Clothing, Shoes & Jewelry; Clothing; Clothing &
                               Accessories; Apparel & Accessories; Amazon Fashion;
                               Shoes; Jewelry; Watches
    electronics                Electronics; All Electronics; Computers; Computers &
                               Accessories; Camera & Photo; Home Audio & Theater;
                               Portable Audio & Accessories; Car Electronics; GPS &
                               Navigation; Amazon Devices; Amazon Fire TV; Apple
                               Products
    grocery & gourmet food     Grocery & Gourmet Food; Grocery; Gourmet Food
    health & personal care     Health & Personal Care; Health & Household; Beauty &
                               Personal Care; Beauty; All Beauty; Luxury Beauty;
                               Premium Beauty
    musical instruments        Musical Instruments
    patio, lawn & garden       Patio, Lawn & Garden; Lawn & Patio; Lawn & Garden;
                               Garden & Outdoor
    sports & outdoors          Sports & Outdoors
    toys & games               Toys & Games
    =========================  =====================================================

    Stores of their own are left out, such as Kindle Store, Cell Phones & Accessories,
    Video Games, Baby and Prime Pantry. To take one in, extend the mapping:
    ``{**PUBLISHED_CATEGORIES, "Kindle Store": "books"}``.

    Examples
    --------
    >>> import pandas as pd
    >>> from amzest.datasets import clean_products
    >>> frame = pd.DataFrame(
    ...     {
    ...         "title": ["Tom &amp; Jerry", "<b>Mug</b>", "Blue mug", "Mug (Blue)"],
    ...         "category": ["Books", "Amazon Home", "ALL BEAUTY", None],
    ...     }
    ... )
    >>> table, report = clean_products(frame, categories="published")
    >>> table
                 title                category
    0      Tom & Jerry                   books
    2         Blue mug  health & personal care
    >>> report.frame()[["rule", "column", "effect", "n_rows"]]
                 rule    column   effect  n_rows
    0            tags     title  changed       1
    1        entities     title  changed       1
    2         renamed  category  changed       2
    3  other category  category  dropped       1
    4         missing  category  dropped       1
    """
    check_duplicates(duplicates)
    products = as_frame(frame)
    # 1. Rules for single rows: texts, then categories, then required columns.
    table, report = clean_rows(
        products,
        categories=categories,
        several_categories=several_categories,
        required=required,
        columns=columns,
        n_examples=n_examples,
    )
    # 2. Rules that compare rows: several categories of an asin, then repeated products.
    table, later = drop_repeated(
        table,
        several_categories=several_categories,
        duplicates=duplicates,
        columns=columns,
        n_examples=n_examples,
    )
    report = report.followed_by(later)
    names = find_columns(products, columns).values()
    return _as_type_of(frame, products, table, list(names)), report


def _as_type_of(
    given: Any, before: pd.DataFrame, after: pd.DataFrame, names: Sequence[str]
) -> Any:
    """Return cleaned rows as the type of table that the user passed."""
    if given is before:
        return after
    kept = after.index.to_numpy()
    cleaned = {
        name: [None if is_missing(cell) else cell for cell in after[name]]
        for name in names
        if not after[name].equals(before[name].iloc[kept])
    }
    rows = take_rows(given, kept)
    return replace_columns(rows, cleaned) if cleaned else rows


def check_duplicates(duplicates: Any) -> None:
    """Raise if `duplicates` is not a list of the columns that can be compared."""
    is_list = not isinstance(duplicates, str) and isinstance(duplicates, Iterable)
    if not is_list or any(name not in _DUPLICATES for name in duplicates):
        msg = (
            f"`duplicates` must be a list of {' and '.join(map(repr, _DUPLICATES))}, "
            f"or empty, got {shown(duplicates)}."
        )
        raise ValueError(msg) if is_list else TypeError(msg)
