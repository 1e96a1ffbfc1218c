"""Categories as numbers, for what is done category by category."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.datasets._shared._key_columns import check_keys
from amzest.datasets._shared._row_listing import list_rows
from amzest.utils import count, is_missing, shown


def category_codes(
    categories: Sequence[Any] | NDArray[Any], name: str = "categories"
) -> tuple[NDArray[np.intp], list[Any]]:
    """Give each category a number, in the order in which they first appear.

    Parameters
    ----------
    categories : sequence of shape (n_rows,)
        Any hashable values.

    name : str, default="categories"
        The column, for messages.

    Returns
    -------
    codes : ndarray of shape (n_rows,), dtype intp
        Number of each row's category.

    values : list
        The categories.

    Raises
    ------
    ValueError
        If there is no row, or a category is missing.
    TypeError
        If a category is a list, a dict or the like.
    """
    cells = list(categories)
    if not cells:
        msg = f"`{name}` has 0 rows. Give at least one product."
        raise ValueError(msg)
    numbers: dict[Any, int] = {}
    codes = np.empty(len(cells), dtype=np.intp)
    try:
        for row, cell in enumerate(cells):
            codes[row] = numbers.setdefault(cell, len(numbers))
    except TypeError:
        check_keys(cells, name)
        raise
    # Looked for among the values, which are few; NaN can be several of them.
    lost = [number for cell, number in numbers.items() if is_missing(cell)]
    if lost:
        empty = np.flatnonzero(np.isin(codes, lost)).tolist()
        msg = (
            f"`{name}` is missing in {count(len(empty), 'row')}: {list_rows(empty)}. "
            "Fill in the category or drop these rows."
        )
        raise ValueError(msg)
    return codes, list(numbers)


def list_categories(values: Sequence[Any], sizes: Sequence[int]) -> str:
    """Write categories for a message: ``'Mugs' (1 row), 'Lamps' (3 rows)``.

    Parameters
    ----------
    values : sequence
        The categories.

    sizes : sequence of int
        How many rows each of them has.

    Returns
    -------
    str
        The phrase, with no more than five of them written out.
    """
    listed = [
        f"{shown(value)} ({count(int(size), 'row')})"
        for value, size in zip(values[:5], sizes, strict=False)
    ]
    more = f" and {len(values) - 5} more" if len(values) > 5 else ""
    return ", ".join(listed) + more
