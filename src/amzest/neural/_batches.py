"""Batch size, and the composition and order of batches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Number of samples per batch in prediction.
PREDICTION_BATCH_SIZE = 256

#: Number of batches that are sorted by length together: more means less padding,
#: fewer means better mixing.
_BATCHES_PER_CHUNK = 16


def resolve_batch_size(
    batch_size: int | str, n_rows: int, *, smallest: int, largest: int, n_steps: int
) -> int:
    """Return the number of samples per training step.

    "auto" is the power of two nearest to `n_rows` / `n_steps`, within the bounds: small
    training sets get smaller batches, so that there are enough steps.
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
    """Shuffle samples into batches; with sizes, each of samples of similar size.

    Samples are shuffled, divided into chunks of several batches, sorted by size within
    each chunk and divided into batches, which are shuffled again. Without sizes it is a
    plain shuffle.
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
    """Divide samples into batches for prediction, sorted by size if there are sizes."""
    if len(rows) == 0:
        return []
    if sizes is not None:
        rows = rows[np.argsort(sizes[rows], kind="stable")]
    return np.array_split(rows, -(-len(rows) // PREDICTION_BATCH_SIZE))
