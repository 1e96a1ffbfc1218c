"""Which rows stand together in a batch, and in which order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Rows in one batch when nothing is learnt.
PREDICTION_BATCH_SIZE = 256

#: Batches that are sorted by length together; more saves padding, fewer mixes better.
_BATCHES_PER_CHUNK = 16


def resolve_batch_size(
    batch_size: int | str, n_rows: int, *, smallest: int, largest: int, n_steps: int
) -> int:
    """Return the number of rows in a training batch.

    Parameters
    ----------
    batch_size : int or "auto"
        "auto" takes smaller batches for fewer rows, so that a small table still gives
        enough steps: the power of two nearest to `n_rows` / `n_steps`, but at least
        `smallest` and at most `largest`.

    n_rows : int
        Rows to train on.

    smallest, largest : int
        Bounds of what "auto" takes.

    n_steps : int
        Steps in an epoch that "auto" aims at.

    Returns
    -------
    int
        At least 1 and at most `n_rows`.
    """
    if batch_size == "auto":
        nearest = 2 ** round(np.log2(max(n_rows / n_steps, 1)))
        batch_size = int(np.clip(nearest, smallest, largest))
    return min(int(batch_size), n_rows)


def training_batches(
    rows: NDArray[np.intp],
    sizes: NDArray[np.intp] | None,
    batch_size: int,
    rng: np.random.Generator,
) -> list[NDArray[np.intp]]:
    """Shuffle rows into batches; rows of similar size stand together.

    Rows are shuffled, cut into chunks of several batches, sorted by size within a
    chunk, cut into batches, and the batches are shuffled. Without sizes, this is a
    plain shuffle.

    Parameters
    ----------
    rows : ndarray of shape (n,), dtype intp
        Rows to visit, each once.

    sizes : ndarray of shape (n_all_rows,) or None
        Size of every row, addressed by the values of `rows`.

    batch_size : int
        Rows in a batch; the last ones may be smaller by one.

    rng : numpy.random.Generator
        Where the order comes from.

    Returns
    -------
    list of ndarray
        One array of row numbers for each step of the epoch.
    """
    order = rng.permutation(rows)
    n_batches = -(-len(order) // batch_size)
    if sizes is None:
        return np.array_split(order, n_batches)
    n_chunks = -(-n_batches // _BATCHES_PER_CHUNK)
    batches: list[NDArray[np.intp]] = []
    for chunk in np.array_split(order, n_chunks):
        by_size = chunk[np.argsort(sizes[chunk], kind="stable")]
        batches += np.array_split(by_size, -(-len(chunk) // batch_size))
    return [batches[i] for i in rng.permutation(len(batches))]


def prediction_batches(
    rows: NDArray[np.intp], sizes: NDArray[np.intp] | None
) -> list[NDArray[np.intp]]:
    """Cut rows into batches for prediction, longest together.

    Parameters
    ----------
    rows : ndarray of shape (n,), dtype intp
        Rows to visit.

    sizes : ndarray of shape (n_all_rows,) or None
        Size of every row, addressed by the values of `rows`.

    Returns
    -------
    list of ndarray
        Row numbers; their concatenation is the order of the results.
    """
    if len(rows) == 0:
        return []
    if sizes is not None:
        rows = rows[np.argsort(sizes[rows], kind="stable")]
    return np.array_split(rows, -(-len(rows) // PREDICTION_BATCH_SIZE))
