"""Cells of tables: missing values, and arrays of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def is_missing(cell: Any) -> bool:
    """Return whether a cell is None, NaN, NaT, ``pd.NA`` or blank text."""
    if isinstance(cell, str):
        return not cell or cell.isspace()
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return True
    return isinstance(cell, float | np.floating) and bool(np.isnan(cell))


def missing_mask(column: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return where :func:`is_missing` is true in a column of cells."""
    return np.fromiter(map(is_missing, column), dtype=bool, count=len(column))


def object_array(cells: Collection[Any]) -> NDArray[np.object_]:
    """Return an array of cells; NumPy would convert them, or stack sequences."""
    return np.fromiter(cells, dtype=object, count=len(cells))


def cell_matrix(rows: Sequence[Any]) -> NDArray[np.object_]:
    """Return rows as an object array of shape (n_rows, n_columns), cell by cell."""
    width = len(rows[0])
    for number, row in enumerate(rows):
        if len(row) != width:
            raise ValueError(
                f"`X` row {number} has length {len(row)}, but row 0 has length {width}."
                " Give each row a cell for each column; None is a missing one."
            )
    cells = [cell for row in rows for cell in row]
    return object_array(cells).reshape(len(rows), width)


def is_row(row: Any) -> bool:
    """Return whether a row of a list is a list, tuple or 1-D array of cells."""
    return isinstance(row, list | tuple) or (
        isinstance(row, np.ndarray | pd.Series) and row.ndim == 1
    )
