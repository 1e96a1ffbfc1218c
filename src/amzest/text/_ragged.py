"""Rows of unequal length, one after the other in one array."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def offsets_of(
    counts: NDArray[np.integer[Any]] | NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Return where each row begins, and where the last one ends.

    Parameters
    ----------
    counts : ndarray of shape (n_rows,), dtype int or bool
        Elements of each row.

    Returns
    -------
    ndarray of shape (n_rows + 1,), dtype int64
        Offsets.
    """
    return np.append(0, np.cumsum(counts, dtype=np.int64))


def spans(
    offsets: NDArray[np.int64], rows: NDArray[np.integer[Any]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List the places of the elements of some rows.

    Parameters
    ----------
    offsets : ndarray of shape (n_rows + 1,), dtype int64
        Where each row begins.

    rows : ndarray of shape (n,), dtype int
        Rows wanted.

    Returns
    -------
    places : ndarray of int64
        Places of their elements, row after row.

    counts : ndarray of shape (n,), dtype int64
        Elements of each row.
    """
    starts = offsets[rows]
    counts = offsets[rows + 1] - starts
    ends = np.cumsum(counts)
    shift = np.repeat(starts - (ends - counts), counts)
    return np.arange(ends[-1] if len(ends) else 0) + shift, counts
