"""Checks of a product table before a classifier is fitted on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amzest.datasets._shared._constraints import NON_NEGATIVE_INTEGER
from amzest.datasets._shared._key_columns import check_columns, check_keys, find_column
from amzest.datasets._shared._row_listing import list_rows
from amzest.utils import as_frame, count, is_missing, shown, validate_params

if TYPE_CHECKING:
    import pandas as pd


@validate_params({"min_per_category": [NON_NEGATIVE_INTEGER]})
def check_products(
    frame: pd.DataFrame,
    *,
    category_column: str = "category",
    id_column: str | None = "id",
    min_per_category: int = 2,
) -> None:
    """Check that a classifier can be fitted on a table; raise an error if not.

    Parameters
    ----------
    frame : DataFrame
        One row per product. A table of pandas, polars or pyarrow.

    category_column : str, default="category"
        Column with the category. No cell may be missing or blank, and there must be at
        least two categories.

    id_column : str or None, default="id"
        Column of unique identifiers, some of which may be missing. With None it is not
        checked. The column `id` may be absent, a column of another name must exist.

    min_per_category : int, default=2
        Minimum number of products of each category. Two is the smallest number that can
        be split into a training and a test set.

    Returns
    -------
    None
        The table is not changed.

    Raises
    ------
    ValueError
        If the table has a problem. The message counts all rows with this problem and
        lists the first few, counted from 0.
    TypeError
        If `frame` is not a table, or a category or identifier is a list or a dict.

    See Also
    --------
    amzest.load_products : Load a table and check it in the same way.

    Examples
    --------
    >>> import pandas as pd
    >>> from amzest.datasets import check_products
    >>> frame = pd.DataFrame({"title": ["Mug", "Cup", "Lamp"]})
    >>> check_products(frame.assign(category=["Kitchen", "Kitchen", "Lighting"]))
    Traceback (most recent call last):
        ...
    ValueError: `category` has 1 category with fewer than 2 products: 'Lighting' (1
    product, row 2). Add products, merge such categories into others, or drop their
    rows. To accept them, pass min_per_category=1.
    """
    table = as_frame(frame)
    has_id = id_column not in (None, "id") or "id" in table.columns
    names = {"category_column": category_column}
    if id_column is not None and has_id:
        names["id_column"] = id_column
    check_columns(table, names)
    categories = find_column(table, category_column, "category_column")
    _check_categories(categories, min_per_category)
    if id_column is not None and has_id:
        _check_ids(find_column(table, id_column, "id_column"))


def _check_categories(categories: pd.Series, min_per_category: int) -> None:
    name = categories.name
    cells = list(categories)
    empty = [row for row, cell in enumerate(cells) if is_missing(cell)]
    if empty:
        msg = (
            f"`{name}` is missing in {count(len(empty), 'row')}: {list_rows(empty)}. "
            "Fill in the category or drop these rows. To load a table without "
            "categories, call load_products with category_column=None."
        )
        raise ValueError(msg)
    rows_of: dict[object, list[int]] = {}
    try:
        for row, cell in enumerate(cells):
            rows_of.setdefault(cell, []).append(row)
    except TypeError:
        check_keys(cells, str(name))  # raises with the rows of unhashable cells
        raise
    if len(rows_of) < 2:
        msg = (
            f"`{name}` has only one category: {shown(next(iter(rows_of), None))}. A "
            "classifier needs two; add products of another category."
        )
        raise ValueError(msg)
    small = {cell: r for cell, r in rows_of.items() if len(r) < min_per_category}
    if small:
        listed = [
            f"{shown(cell)} ({count(len(rows), 'product')}, {list_rows(rows)})"
            for cell, rows in list(small.items())[:3]
        ]
        more = f" and {len(small) - 3} more" if len(small) > 3 else ""
        smallest = min(len(rows) for rows in small.values())
        msg = (
            f"`{name}` has {count(len(small), 'category')} with fewer than "
            f"{count(min_per_category, 'product')}: {', '.join(listed)}{more}. Add "
            "products, merge such categories into others, or drop their rows. To "
            f"accept them, pass min_per_category={smallest}."
        )
        raise ValueError(msg)


def _check_ids(ids: pd.Series) -> None:
    cells = list(ids)
    first: dict[object, int] = {}
    again: list[int] = []
    try:
        for row, cell in enumerate(cells):
            if not is_missing(cell) and first.setdefault(cell, row) != row:
                again.append(row)
    except TypeError:
        check_keys(cells, str(ids.name))
        raise
    if again:
        listed = list_rows(again, [cells[row] for row in again])
        msg = (
            f"`{ids.name}` repeats an earlier value in {count(len(again), 'row')}: "
            f"{listed}. If a product is in both training and test set, scores are too "
            "optimistic. Drop the repetitions, or pass id_column=None if the column "
            "does not identify products."
        )
        raise ValueError(msg)
