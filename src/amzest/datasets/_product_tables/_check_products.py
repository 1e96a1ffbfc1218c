"""Checks of a product table that a classifier is to learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amzest.datasets._shared._key_columns import check_keys, find_column
from amzest.datasets._shared._row_listing import list_rows
from amzest.utils import (
    as_frame,
    check_integer,
    count,
    is_missing,
    shown,
    shown_list,
)

if TYPE_CHECKING:
    import pandas as pd


def check_products(
    frame: pd.DataFrame,
    *,
    category_column: str = "category",
    id_column: str | None = "id",
    min_per_category: int = 2,
) -> None:
    """Check that a table can be learnt from, and say what to do if not.

    Parameters
    ----------
    frame : DataFrame
        One row for each product. A table of pandas, polars or pyarrow.

    category_column : str, default="category"
        Column with the category. No cell may be missing or blank, and there must be
        two categories or more.

    id_column : str or None, default="id"
        Column whose values may not repeat; missing ones may. With None nothing is
        checked. A table without a column `id` is accepted, another name must exist.

    min_per_category : int, default=2
        Number of products that each category needs. Two is the least that can be
        split into products to learn from and products to be scored on.

    Returns
    -------
    None
        Nothing is returned, and the table is not changed.

    Raises
    ------
    ValueError
        With all problems of one kind: how many, and the first few rows. Rows are
        counted from 0.
    TypeError
        If `frame` is no table, or a category or id is no single value but a list or a
        dict.

    See Also
    --------
    amzest.load_products : Reads a table and checks it in this way.

    Examples
    --------
    >>> import pandas as pd
    >>> from amzest.datasets import check_products
    >>> frame = pd.DataFrame({"title": ["Mug", "Cup", "Lamp"]})
    >>> check_products(frame.assign(category=["Kitchen", "Kitchen", "Lighting"]))
    Traceback (most recent call last):
        ...
    ValueError: `category` has 1 category with fewer than 2 products: 'Lighting' (1
    product, row 2). Add products, merge the category into another one, or drop its
    rows. To accept it, pass min_per_category=1.
    """
    check_integer("min_per_category", min_per_category, 0)
    table = as_frame(frame)
    _check_columns(table, category_column, id_column)
    categories = find_column(table, category_column, "category_column")
    _check_categories(categories, min_per_category)
    if id_column is not None and id_column in table.columns:
        _check_ids(find_column(table, id_column, "id_column"))


def _check_columns(
    frame: pd.DataFrame, category_column: str, id_column: str | None
) -> None:
    needed = [category_column]
    if id_column not in (None, "id"):
        needed.append(str(id_column))
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        msg = (
            f"The table has no column {shown_list(missing)}. Available: "
            f"{shown_list(frame.columns)}."
        )
        raise ValueError(msg)


def _check_categories(categories: pd.Series, min_per_category: int) -> None:
    name = categories.name
    cells = list(categories)
    empty = [row for row, cell in enumerate(cells) if is_missing(cell)]
    if empty:
        msg = (
            f"`{name}` is missing in {count(len(empty), 'row')}: {list_rows(empty)}. "
            "Fill in the category or drop these rows. For a table without categories "
            "call load_products with category_column=None."
        )
        raise ValueError(msg)
    rows_of: dict[object, list[int]] = {}
    try:
        for row, cell in enumerate(cells):
            rows_of.setdefault(cell, []).append(row)
    except TypeError:
        check_keys(cells, str(name))
        raise
    if len(rows_of) < 2:
        msg = (
            f"`{name}` has one category only: {shown(next(iter(rows_of), None))}. A "
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
        one = len(small) == 1
        msg = (
            f"`{name}` has {len(small)} {'category' if one else 'categories'} with "
            f"fewer than {count(min_per_category, 'product')}: "
            f"{', '.join(listed)}{more}. Add "
            "products, merge "
            f"{'the category into another one' if one else 'such categories'}, or "
            f"drop {'its' if one else 'their'} rows. To accept "
            f"{'it' if one else 'them'}, pass min_per_category="
            f"{min(len(rows) for rows in small.values())}."
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
            f"{listed}. Equal products on both sides of a split make scores too good. "
            "Drop the repetitions, or pass id_column=None if the column is no "
            "identifier."
        )
        raise ValueError(msg)
