"""Conversion of text inputs to an array of strings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.utils import (
    LazyTable,
    as_native,
    as_pandas,
    cell_matrix,
    check_rows,
    is_row,
    missing_mask,
    shown,
)


def text_columns(
    X: Any, first_row: int = 0
) -> tuple[NDArray[np.object_], list[str] | None]:
    """Convert text to strings of shape (n_samples, n_columns), and name the columns.

    Accepts lists, arrays and Series of strings, tables and columns of pandas, polars
    and pyarrow, 2-D arrays and lists of rows. Missing cells become "". Names are None
    unless all columns have one. Messages count the rows from `first_row`.
    """
    if isinstance(X, LazyTable):
        raise TypeError(
            "`X` is read in pieces (TableReader), which is possible in `fit` and in "
            "predictions only. Pass its rows in memory: one of X.pieces()."
        )
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
        _check_text(column, names[j] if names else f"column {j}", first_row)
    return cells, names


def _object_matrix(X: Any) -> NDArray[np.object_]:
    """Convert an array, a list of texts or a list of rows to a 2-D object array."""
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


def _check_text(column: NDArray[np.object_], name: str, first_row: int) -> None:
    for row, cell in enumerate(column, start=first_row):
        if not isinstance(cell, str):
            raise TypeError(
                f"`{name}` row {row} ({shown(cell)}): expected text, found "
                f"{type(cell).__name__}. Convert the column to text, for example with "
                f"X[{shown(name)}].astype(str)."
            )
