"""The samples to explain: their cells, and copies with other cells."""

from __future__ import annotations

from collections.abc import Mapping
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
    object_array,
    shown,
)

#: Position of a column -> cells by position of the row.
Cells = Mapping[int, Mapping[int, Any]]


class Samples:
    """Rows and columns of `X`, in whatever container a user has passed."""

    def __init__(self, X: Any) -> None:
        X = as_native(X)
        check_rows(X, "a table, a column of texts or images, or an array", "text")
        X = as_pandas(X)
        if isinstance(X, list | tuple) and X and all(map(is_row, X)):
            X = cell_matrix(X)
        if not isinstance(X, pd.DataFrame | pd.Series | np.ndarray):
            X = list(X) if not hasattr(X, "__array__") else np.asarray(X)
        self.X = X
        if len(X) == 0:
            raise ValueError("`X` has 0 rows; a minimum of 1 is required.")
        self.names = self._names()

    def __len__(self) -> int:
        return len(self.X)

    def _names(self) -> list[Any]:
        """Return the name of each column, or its position if it has none."""
        if isinstance(self.X, pd.DataFrame):
            return list(self.X.columns)
        if isinstance(self.X, pd.Series) and isinstance(self.X.name, str):
            return [self.X.name]
        return list(range(self.X.shape[1])) if self._is_matrix else [0]

    @property
    def _is_matrix(self) -> bool:
        return isinstance(self.X, np.ndarray) and self.X.ndim == 2

    def position(self, column: Any) -> int:
        """Return the position of a column by its name or position."""
        if column in self.names:
            return self.names.index(column)
        raise ValueError(
            f"`columns` names {shown(column)}, which `X` does not have. Available: "
            f"{shown(self.names)}."
        )

    def cells(self, column: int) -> NDArray[np.object_]:
        """Return the cells of a column."""
        if isinstance(self.X, pd.DataFrame):
            return object_array(self.X.iloc[:, column].tolist())
        if self._is_matrix:
            return object_array(self.X[:, column].tolist())
        if isinstance(self.X, pd.Series):
            return object_array(self.X.tolist())
        return object_array(list(self.X))

    def with_cells(self, rows: NDArray[np.intp], new: Cells) -> Any:
        """Return some rows, possibly repeated, with some cells replaced.

        The rows of the cells in `new` are positions in `rows`.
        """
        if isinstance(self.X, pd.DataFrame):
            frame = self.X.iloc[rows].reset_index(drop=True)
            for column, cells in new.items():
                name = frame.columns[column]
                frame[name] = _replaced(frame[name], cells)
            return frame
        if isinstance(self.X, pd.Series):
            series = self.X.iloc[rows].reset_index(drop=True)
            return _replaced(series, new[0]) if 0 in new else series
        if self._is_matrix:
            matrix = self.X[rows].astype(object)
            for column, cells in new.items():
                for row, cell in cells.items():
                    matrix[row, column] = cell
            return matrix
        listed = [self.X[row] for row in rows]
        for row, cell in new.get(0, {}).items():
            listed[row] = cell
        return _as_container(listed, self.X)


def _replaced(series: pd.Series, cells: Mapping[int, Any]) -> pd.Series:
    values = object_array(series.tolist())
    for row, cell in cells.items():
        values[row] = cell
    # Text columns keep their type, unless pixels replace paths. Other types may not
    # hold the new cells.
    texts = all(isinstance(cell, str) for cell in cells.values())
    keeps = texts and isinstance(series.dtype, pd.StringDtype)
    dtype = series.dtype if keeps else object
    return pd.Series(values, index=series.index, name=series.name, dtype=dtype)


def _as_container(cells: list[Any], like: Any) -> Any:
    """Return cells as an array if `like` is one, else as a list."""
    if not isinstance(like, np.ndarray):
        return cells
    if like.dtype.kind in "OUS":
        return object_array(cells)
    if any(cell is None for cell in cells):  # missing images
        return cells
    return np.stack(cells)
