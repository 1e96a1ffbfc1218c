"""From what users hand in as text to columns of strings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.utils import (
    as_native,
    as_pandas,
    cell_matrix,
    check_rows,
    is_row,
    missing_mask,
    shown,
)


def text_columns(X: Any) -> tuple[NDArray[np.object_], list[str] | None]:
    """Bring any accepted form of text into an array of strings.

    Parameters
    ----------
    X : array-like or table
        A list, array or Series of strings, or a table, a 2-D array or a list of rows
        with one text column or more. Tables and columns may be those of pandas,
        polars or pyarrow. Cells may be missing: None, NaN, ``pd.NA`` or blank.

    Returns
    -------
    cells : ndarray of shape (n_samples, n_columns), dtype object
        Strings; missing cells are "".

    names : list of str or None
        Names of the columns, where all have one.

    Raises
    ------
    TypeError
        When `X` is one string or no collection of rows, or when a cell is neither
        text nor missing; names the row and the column.
    ValueError
        When there is no row or no column, when rows have different numbers of cells,
        or when two columns have one name.
    """
    X = as_native(X)
    check_rows(X, "a column of texts: a list, Series, array or table", "text")
    X = as_pandas(X)
    names: list[str] | None = None
    if isinstance(X, pd.Series):
        X = X.to_frame(name=X.name if isinstance(X.name, str) else 0)
    if isinstance(X, pd.DataFrame):
        if all(isinstance(name, str) for name in X.columns):
            names = list(X.columns)
        cells = X.to_numpy(dtype=object, copy=True)
    else:
        cells = _object_matrix(X)
    if cells.ndim != 2:
        raise ValueError(
            f"`X` has {cells.ndim} dimensions; expected one column of texts or a table "
            "of text columns."
        )
    if 0 in cells.shape:
        what = "rows" if cells.shape[0] == 0 else "columns"
        raise ValueError(f"`X` has 0 {what}; a minimum of 1 is required.")
    for j in range(cells.shape[1]):
        column = cells[:, j]
        column[missing_mask(column)] = ""
        _check_text(column, names[j] if names else f"column {j}")
    return cells, names


def _object_matrix(X: Any) -> NDArray[np.object_]:
    """Make a 2-D object array of an array, a list of texts or a list of rows."""
    if not isinstance(X, Iterable):
        X = np.asarray(X)
    if not isinstance(X, np.ndarray):
        X = list(X)
        if X and all(map(is_row, X)):
            return cell_matrix(X)
        column = np.empty(len(X), dtype=object)
        column[:] = X
        X = column
    cells = np.asarray(X).astype(object)
    return cells[:, None] if cells.ndim == 1 else cells


def _check_text(column: NDArray[np.object_], name: str) -> None:
    for row, cell in enumerate(column):
        if not isinstance(cell, str):
            raise TypeError(
                f"`{name}` row {row} ({shown(cell)}): expected text, found "
                f"{type(cell).__name__}. Convert the column to text, for example with "
                f"X[{shown(name)}].astype(str)."
            )
