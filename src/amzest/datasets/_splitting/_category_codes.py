"""Categories as integers."""

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
    """Return the code of each row and the categories, in order of first occurrence.

    Not `numpy.unique`, which cannot sort categories of several types.
    """
    cells = list(categories)
    if not cells:
        msg = f"`{name}` has 0 rows. At least one product is required."
        raise ValueError(msg)
    numbers: dict[Any, int] = {}
    codes = np.empty(len(cells), dtype=np.intp)
    try:
        for row, cell in enumerate(cells):
            codes[row] = numbers.setdefault(cell, len(numbers))
    except TypeError:
        check_keys(cells, name)
        raise
    # Only the distinct values are checked. NaN may be several of them, as NaN != NaN.
    missing = [number for cell, number in numbers.items() if is_missing(cell)]
    if missing:
        empty = np.flatnonzero(np.isin(codes, missing)).tolist()
        msg = (
            f"`{name}` is missing in {count(len(empty), 'row')}: {list_rows(empty)}. "
            "Fill in the category or drop these rows."
        )
        raise ValueError(msg)
    return codes, list(numbers)


def list_categories(values: Sequence[Any], sizes: Sequence[int]) -> str:
    """List up to five categories: ``'Mugs' (1 row), 'Lamps' (3 rows)``."""
    listed = [
        f"{shown(value)} ({count(int(size), 'row')})"
        for value, size in zip(values[:5], sizes, strict=False)
    ]
    more = f" and {len(values) - 5} more" if len(values) > 5 else ""
    return ", ".join(listed) + more
