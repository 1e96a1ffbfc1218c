"""Clean a table of products as shops publish them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from amzest.datasets._cleaning._clean_rows import clean_rows
from amzest.datasets._cleaning._cleaning_report import CleaningReport, Example
from amzest.datasets._cleaning._product_columns import (
    find_columns,
    read_cells,
    row_labels,
)
from amzest.datasets._cleaning._repeated_rows import RepeatedRows, find_repeated_rows
from amzest.datasets._shared._key_columns import check_keys
from amzest.datasets._shared._title_key import normalise_titles
from amzest.utils import (
    as_frame,
    is_missing,
    replace_columns,
    shown,
    take_rows,
)

if TYPE_CHECKING:
    import pandas as pd

_DUPLICATES = ("asin", "title")


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
    table, report = clean_rows(
        products,
        categories=categories,
        several_categories=several_categories,
        required=required,
        columns=columns,
        n_examples=n_examples,
    )
    names = find_columns(table, columns)
    cells = {
        role: read_cells(table[names[role]])
        for role in ("category", "title")
        if role in names
    }
    repeated = find_repeated_rows(
        asins=_as_keys(table[names["asin"]]) if "asin" in names else None,
        categories=cells.get("category"),
        title_keys=normalise_titles(cells["title"]) if "title" in cells else None,
        several_categories=several_categories,
        duplicates=duplicates,
        n_examples=n_examples,
    )
    later = report_repeated(
        *(len(table), repeated, lambda rows: table.iloc[rows]),
        names=columns,
        n_examples=n_examples,
    )
    report = report.followed_by(later)
    if not repeated.keep.all():
        table = table.loc[repeated.keep].copy()
    return _in_kind(frame, products, table, list(names.values())), report


def _in_kind(
    given: Any, before: pd.DataFrame, after: pd.DataFrame, names: Sequence[str]
) -> Any:
    """Give cleaned rows in the kind of table that the user passed."""
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


def check_duplicates(duplicates: Sequence[str]) -> None:
    """Check the argument `duplicates`.

    Parameters
    ----------
    duplicates : sequence of str
        What the user gave.

    Raises
    ------
    TypeError
        If it is no sequence.
    ValueError
        If it names something else than asin and title.
    """
    right = not isinstance(duplicates, str) and isinstance(duplicates, Iterable)
    if not right or any(name not in _DUPLICATES for name in duplicates):
        msg = (
            f"`duplicates` must be a list of {' and '.join(map(repr, _DUPLICATES))}, "
            f"or empty, got {shown(duplicates)}."
        )
        raise ValueError(msg) if right else TypeError(msg)


def _as_keys(asins: pd.Series) -> list[str | None]:
    """Give asins as texts: tables that were read as numbers have them as numbers."""
    check_keys(asins, str(asins.name))
    return [None if is_missing(asin) else str(asin) for asin in asins]


def report_repeated(
    n_rows: int,
    repeated: RepeatedRows,
    show: Callable[[Sequence[int]], pd.DataFrame],
    *,
    names: Mapping[str, str] | None = None,
    n_examples: int = 3,
) -> CleaningReport:
    """Make the report of the rows that repeat others.

    Parameters
    ----------
    n_rows : int
        Number of rows that were looked at.

    repeated : RepeatedRows
        What was found.

    show : callable
        From positions, in rising order, to a table of these rows.

    names : mapping of str to str, default=None
        Names of the columns in it, where there are others.

    n_examples : int, default=3
        Number of examples for each rule and column.

    Returns
    -------
    CleaningReport
        To follow the report of what was done to the rows before.
    """
    report = CleaningReport(n_rows, n_examples=n_examples)
    shown = {"several categories": "category", "repeated": "title"}
    for (rule, column), n_found in repeated.n_dropped.items():
        table = show(repeated.examples[rule, column])
        known = find_columns(table, names)
        label = row_labels(table, known)
        cells = table[known.get(shown[rule], known[column])].tolist()
        examples = [
            Example(label(row), None if is_missing(cell) else str(cell), None)
            for row, cell in enumerate(cells)
        ]
        report.record(rule, known[column], n_found, examples)
    return report
