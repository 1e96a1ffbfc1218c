"""A random sample of the rows of a table that is read in parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.utils import (
    as_frame,
    as_native,
    as_pandas,
    check_unique_names,
    column_names,
    is_column,
    is_table,
    shown,
    take_rows,
)

#: Rows that are converted at a time.
_PART = 50_000
#: Name of a column that has none.
_UNNAMED = "value"


class RowSample:
    """A uniform sample of at most `max_rows` rows, in the order of the table.

    It depends on the number of rows before a row, not on how they are divided into
    parts.
    """

    def __init__(self, max_rows: int, generator: np.random.Generator) -> None:
        self.n_rows = 0
        self._max_rows, self._generator = max_rows, generator
        self._keys: NDArray[np.float64] = np.empty(0)
        self._rows: NDArray[np.intp] = np.empty(0, dtype=np.intp)
        self._frame: pd.DataFrame | None = None

    def add(self, part: pd.DataFrame) -> None:
        """Add the next rows of the table."""
        # The sample consists of the rows with the smallest random keys. Part by part,
        # no more than these are kept.
        keys = self._generator.random(len(part))
        limit = self._keys.max() if len(self._keys) == self._max_rows else np.inf
        new = np.flatnonzero(keys < limit)
        rows = self.n_rows + new
        self.n_rows += len(part)
        frame = part.iloc[new]
        if self._frame is not None:
            if list(part.columns) != list(self._frame.columns):
                raise ValueError(
                    f"A part has the columns {shown(list(part.columns))}, the first "
                    f"one {shown(list(self._frame.columns))}. All parts of a table "
                    "must have the same columns in the same order."
                )
            keys = np.append(self._keys, keys[new])
            rows = np.append(self._rows, rows)
            frame = _concatenated(self._frame, frame)
        else:
            keys = keys[new]
        kept = np.arange(len(keys))
        if len(keys) > self._max_rows:
            kept = np.sort(np.argpartition(keys, self._max_rows)[: self._max_rows])
            frame = frame.iloc[kept]
        self._keys, self._rows, self._frame = keys[kept], rows[kept], frame

    @property
    def rows(self) -> NDArray[np.intp]:
        """Positions of the rows in the table."""
        return self._rows

    @property
    def frame(self) -> pd.DataFrame:
        """The rows."""
        return pd.DataFrame() if self._frame is None else self._frame


def _concatenated(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Join parts; a column of two dtypes becomes one of objects."""
    # pandas infers dtypes of missing values, part by part.
    mixed = first.columns[(first.dtypes != second.dtypes).to_numpy()]
    if len(mixed):
        as_objects = dict.fromkeys(mixed, object)
        first, second = first.astype(as_objects), second.astype(as_objects)
    return pd.concat([first, second], ignore_index=True)


def read_parts(X: Any, name: str) -> Iterator[pd.DataFrame]:
    """Iterate over the rows of a table, column or list, or over an iterator of them."""
    if isinstance(X, Iterator):
        for part in X:
            yield from read_parts(part, name)
        return
    X = as_native(X, name)
    if is_table(X):
        # Also of tables of other libraries, which are converted part by part.
        check_unique_names(column_names(X, name), name)
        for start in range(0, max(len(X), 1), _PART):
            yield as_frame(
                take_rows(X, np.arange(start, min(start + _PART, len(X)))), name
            )
        return
    yield _one_column(X, name)


def is_one_column(X: Any) -> bool:
    """Return whether samples are a column or a list, and no table."""
    X = as_native(X)
    return not isinstance(X, Iterator) and not is_table(X)


def _one_column(X: Any, name: str) -> pd.DataFrame:
    if is_column(X):
        column = as_pandas(X, name)
        return column.to_frame(column.name if column.name is not None else _UNNAMED)
    if isinstance(X, np.ndarray) and X.ndim == 2:
        return pd.DataFrame(X)
    if isinstance(X, list | tuple | np.ndarray):
        cells = np.empty(len(X), dtype=object)
        cells[:] = list(X)
        return pd.DataFrame({_UNNAMED: cells})
    raise TypeError(
        f"`{name}` is a {type(X).__name__}; expected a table, a column or list of "
        "samples, or an iterator of tables."
    )
