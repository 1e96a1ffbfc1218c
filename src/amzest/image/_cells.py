"""From what users hand in as pictures to one column of cells."""

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
    shown_list,
)


def image_cells(X: Any) -> tuple[NDArray[np.object_], str | None]:
    """Bring any accepted form of an image column into an array of cells.

    Parameters
    ----------
    X : array-like
        A Series, list or 1-D array of cells; a table or 2-D object array with one
        column of cells; or a numeric array of shape (n, height, width) or
        (n, height, width, channels).

    Returns
    -------
    cells : ndarray of shape (n_samples,), dtype object
        One picture a cell, untouched.

    name : str or None
        Name of the column, where it has one.

    Raises
    ------
    ValueError
        When there is more than one column, no row, a table of numbers, or rows with
        different numbers of cells.
    TypeError
        When `X` is a single picture or path, or no collection of rows.
    """
    X = as_native(X)
    check_rows(X, "a column of images: a list, Series, array or table", "image")
    X = as_pandas(X)
    name: str | None = None
    if isinstance(X, pd.DataFrame):
        _check_one_column(X.shape[1], list(X.columns))
        X = X.iloc[:, 0]
    if isinstance(X, pd.Series):
        name = X.name if isinstance(X.name, str) else None
        X = X.to_numpy(dtype=object)
    if not isinstance(X, Iterable):
        X = np.asarray(X)
    if isinstance(X, np.ndarray):
        cells = _array_cells(X)
    else:
        rows = list(X)
        if rows and all(isinstance(row, list | tuple) for row in rows):
            table = cell_matrix(rows)
            _check_one_column(table.shape[1], None)
            cells = table[:, 0]
        else:
            cells = _fill(rows)
    if len(cells) == 0:
        raise ValueError("`X` has 0 rows; a minimum of 1 is required.")
    return cells, name


def _check_one_column(n_columns: int, names: list[Any] | None) -> None:
    if n_columns != 1:
        listed = f" ({shown_list(names)})" if names else ""
        raise ValueError(
            f"`X` has {n_columns} columns{listed}, but an image classifier reads one. "
            'Pick it with ColumnSelector("image") in front.'
        )


def _array_cells(array: NDArray[Any]) -> NDArray[np.object_]:
    if array.dtype.kind == "S":
        raise ValueError(
            "`X` is an array of fixed-width bytes, which drops trailing NUL bytes of "
            "image files. Pass a list of bytes or an array of dtype object."
        )
    if array.dtype.kind in "OUT":
        if array.ndim == 2:
            _check_one_column(array.shape[1], None)
            array = array[:, 0]
        if array.ndim != 1:
            raise ValueError(
                f"`X` is an object array of shape {array.shape}; expected one column "
                "of cells."
            )
        return _fill(array)
    if array.ndim in (3, 4):
        return _fill(array)
    raise ValueError(
        f"`X` is an array of numbers of shape {array.shape}, which are not pictures. "
        "Expected (n, height, width) or (n, height, width, channels)."
    )


def _fill(rows: Any) -> NDArray[np.object_]:
    """Put rows into an object array one by one, so that none is taken for a matrix."""
    cells = np.empty(len(rows), dtype=object)
    for i, row in enumerate(rows):
        cells[i] = row
    return cells
