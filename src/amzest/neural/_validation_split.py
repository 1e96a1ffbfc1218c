"""The rows that early stopping watches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def stratified_split(
    targets: NDArray[np.int64], validation_fraction: float, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Split rows so that each class gives its share, and keeps at least one row.

    Unlike scikit-learn's splitters this never fails on rare classes: a class with one
    row stays in training whole.

    Parameters
    ----------
    targets : ndarray of shape (n,), dtype int64
        Class number of each row.

    validation_fraction : float
        Share of the rows to hold out, between 0 and 1.

    seed : int
        Seed of the shuffle.

    Returns
    -------
    train, validation : ndarray of intp
        Sorted positions in `targets`.

    Raises
    ------
    ValueError
        When no class has a row to spare.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(targets))
    # Rank of each row within its class, in shuffled order.
    by_class = order[np.argsort(targets[order], kind="stable")]
    counts = np.bincount(targets)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    rank = np.arange(len(targets)) - starts
    size = counts[targets[by_class]]
    # Rows are taken class by class in proportion: the k-th row of a class of n stands
    # at (k + 0.5) / n of the way, and the first share of all rows is held out.
    spare = rank < size - 1
    position = np.where(spare, (rank + 0.5) / size, np.inf)
    n_validation = max(1, round(validation_fraction * len(targets)))
    n_validation = min(n_validation, int(spare.sum()))
    if n_validation == 0:
        raise ValueError(
            "early_stopping=True needs at least one class with two rows or more to "
            "hold one out. Pass early_stopping=False or give more rows."
        )
    chosen = by_class[np.argsort(position, kind="stable")[:n_validation]]
    held_out = np.zeros(len(targets), dtype=bool)
    held_out[chosen] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)
