"""Ragged arrays: rows of unequal length in one array, with offsets as in CSR."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def offsets_of(
    counts: NDArray[np.integer[Any]] | NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Return the start of each row and the end of the last, from their lengths."""
    return np.append(0, np.cumsum(counts, dtype=np.int64))


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
