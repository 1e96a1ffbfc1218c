"""Ragged arrays: rows of unequal length in one array, with offsets as in CSR."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray


def offsets_of(
    counts: NDArray[np.integer[Any]] | NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Return the start of each row and the end of the last, from their lengths."""
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def spans(
    offsets: NDArray[np.int64], rows: NDArray[np.integer[Any]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the indices of the elements of some rows, and the length of each row."""
    starts = offsets[rows]
    counts = offsets[rows + 1] - starts
    ends = np.cumsum(counts)
    # A range over the result, shifted in each row to its start in the array.
    shift = np.repeat(starts - (ends - counts), counts)
    return np.arange(ends[-1] if len(ends) else 0) + shift, counts


#: Number of elements that :func:`row_parts` has in a part, to limit memory.
_ELEMENTS_PER_PART = 2**21


def row_parts(offsets: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield parts of consecutive rows, as the first row and the one behind the last.

    A part has about `_ELEMENTS_PER_PART` elements, and at least one row.
    """
    first, n_rows = 0, len(offsets) - 1
    while first < n_rows:
        end = offsets[first] + _ELEMENTS_PER_PART
        last = int(np.searchsorted(offsets, end, side="right")) - 1
        last = min(max(last, first + 1), first + _ELEMENTS_PER_PART, n_rows)
        yield first, last
        first = last


class Growing:
    """An array that parts are appended to, without a copy of all parts at the end."""

    def __init__(self, dtype: type[np.generic]) -> None:
        self._array = np.empty(0, dtype=dtype)
        self._size = 0

    def append(self, part: NDArray[Any], fraction: float) -> None:
        """Append a part, with which about `fraction` of the final size is reached."""
        size = self._size + len(part)
        if size > len(self._array):
            # The system enlarges large arrays without copying them.
            self._array.resize(max(size, int(1.01 * size / fraction)), refcheck=False)
        self._array[self._size : size] = part
        self._size = size

    def array(self) -> NDArray[Any]:
        """Return the array of all parts."""
        self._array.resize(self._size, refcheck=False)
        return self._array
