"""What counts as a missing cell in a catalogue."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def is_missing(cell: Any) -> bool:
    """Tell whether a cell holds nothing: None, NaN, NaT, ``pd.NA`` or blank text.

    Parameters
    ----------
    cell : object
        One value of a table. Arrays and pictures are never missing.

    Returns
    -------
    bool
        True when there is nothing to read.
    """
    if isinstance(cell, str):
        return not cell or cell.isspace()
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return True
    return isinstance(cell, float | np.floating) and bool(np.isnan(cell))


def missing_mask(column: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Mark the cells of a column that hold nothing.

    Parameters
    ----------
    column : ndarray of shape (n_rows,), dtype object
        The cells.

    Returns
    -------
    ndarray of shape (n_rows,), dtype bool
        True where :func:`is_missing` holds.
    """
    return np.fromiter(map(is_missing, column), dtype=bool, count=len(column))


def describe_rows(rows: NDArray[np.intp], limit: int = 5) -> str:
    """Write row numbers for a message: ``"rows 3, 8, 9 and 4 more"``.

    Parameters
    ----------
    rows : ndarray of shape (n,), dtype intp
        Positions of rows, counted from 0.

    limit : int, default=5
        How many are written out.

    Returns
    -------
    str
        The phrase.
    """
    shown = ", ".join(str(int(row)) for row in rows[:limit])
    more = len(rows) - limit
    return f"row{'s' if len(rows) > 1 else ''} {shown}" + (
        f" and {more} more" if more > 0 else ""
    )
