"""Clean a table of published products."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from sklearn.utils._param_validation import StrOptions

from amzest.datasets._cleaning._clean_rows import clean_rows
from amzest.datasets._cleaning._cleaning_report import CleaningReport
from amzest.datasets._cleaning._product_columns import find_columns
from amzest.datasets._cleaning._repeated_rows import drop_repeated
from amzest.datasets._shared._constraints import NON_NEGATIVE_INTEGER
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
        "n_examples": [NON_NEGATIVE_INTEGER],
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
    """Clean a table of products and report the changes.

    Markup is removed from texts and wrongly decoded text is repaired, placeholders
    become missing values, categories are mapped to one set of names, and repeated
    products are dropped. Cleaning is idempotent: cleaning the result with the same
    arguments changes nothing.

    Parameters
    ----------
    frame : DataFrame
        One row per product, with some of the columns `asin`, `title`, `description`,
        `brand`, `category`, `category_path` and `image_url`, as returned by
        :func:`read_amazon_metadata`. It is not modified, and other columns are kept. A
        table of pandas, polars or pyarrow.

    categories : mapping of str to str, "published" or None, default=None
        New name of each top-level category. Rows of a category that is not in it are
        dropped, except rows that have a new name already. Case, punctuation, entities
        and the word "and" are ignored. "published" means :data:`PUBLISHED_CATEGORIES`,
        see Notes. None keeps all names.

    several_categories : {"drop", "keep"}, default="drop"
        What to do with rows whose paths start from several top-level categories, and
        with rows whose asin has other categories in other rows: drop all of them, or
        keep them in the category that comes first.

    duplicates : sequence of {"asin", "title"}, default=("asin", "title")
        Columns whose values must not be repeated; the first row is kept. Titles are
        compared by their words. Missing values are not equal to each other.

    required : sequence of str, default=None
        Columns whose values must not be missing; other rows are dropped. None means
        the category, if the table has one.

    columns : mapping of str to str, default=None
        Names of the columns in this table if they differ, such as
        ``{"category": "department", "asin": "id"}``.

    n_examples : int, default=3
        Number of examples in the report for each rule and column.

    Returns
    -------
    table : DataFrame
        The kept rows, in their order and with their index labels, as the type of table
        that `frame` is.
    report : CleaningReport
        Number of rows that each rule applied to, with examples.

    Raises
    ------
    TypeError
        If an argument, or a cell of a text column, is of the wrong type.
    ValueError
        If an argument has an invalid value, a column that it names does not exist, or
        the table has none of the columns above.
    ImportError
        If ftfy is not installed.

    See Also
    --------
    read_amazon_metadata : Reads published metadata of any size.
    check_products : Checks that a classifier can be fitted on a table.
    CleaningReport : The report.

    Notes
    -----
    The rules have the names and the order of the report. Those for texts are applied
    until none changes anything, so that markup within entities within markup is removed
    as well. This takes time linear in the length of any text: a very deeply nested text
    loses its markup characters, and of a sequence of combining marks the first 30 are
    kept.

    - `code`: removes scripts and style sheets, also without their elements. Everything
      after the start of a script without its element is removed.
    - `tags`: removes tags of HTML elements, also broken ones, but not "I <3 mugs",
      "a < b" or "Size <M>". A cell of only an image becomes its `alt` text.
    - `entities`: decodes `&amp;` and the like.
    - `mojibake`: repairs "CafÃ©" with ftfy and joins accents to their letters (NFC).
      Curly quotes, full-width letters and the replacement character U+FFFD are kept.
    - `control characters`: removes them and zero-width characters.
    - `byline`: removes "by" on a line of its own before a brand.
    - `white space`: replaces whitespace by one space, or in descriptions by one line
      break if it contains one.
    - `bullet points`: removes sentences of the product page after a category path.
    - `placeholder`: replaces a `no-img` URL or the brand "Unknown" by a missing value.
    - `empty`: replaces cells without text by missing values.
    - `filled`: fills in a missing category from the first path.
    - `renamed`: replaces a category by its new name.
    - `other category`: drops rows whose category has no new name.
    - `several categories`: drops rows with several top-level categories in their paths
      (column `category_path`), or in the rows of the same asin (column `asin`).
    - `missing`: drops rows with a missing value in a `required` column.
    - `repeated`: drops rows that repeat an asin, and then those that repeat a title.

    Top-level categories without a new name are ignored: a product in "Kindle Store" and
    "Books" is a book if only "Books" has a new name. The ten categories of the
    published experiment consist of these names of the releases of 2014, 2018 and 2023:

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

    Other stores are not included, such as Kindle Store, Cell Phones & Accessories,
    Video Games, Baby and Prime Pantry. To include one, extend the mapping:
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
