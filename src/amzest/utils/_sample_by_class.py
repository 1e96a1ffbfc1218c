"""A random sample in which large classes are reduced first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def sample_by_class(
    targets: NDArray[np.int64], weights: Floats, limit: int, seed: int
) -> tuple[NDArray[np.intp], Floats]:
    """Return the rows of a sample of at most `limit` samples, and their weights.

    Classes with fewer samples than the others keep all of them, and every class keeps
    one. Of each other class samples are drawn in proportion to their weights, which are
    positive (Efraimidis and Spirakis, 2006, Weighted random sampling with a reservoir);
    then they are equal, so that every class keeps its total weight.
    """
    if len(targets) <= limit:
        return np.arange(len(targets)), weights
    counts = np.bincount(targets)
    cap = _largest_cap(counts, limit)
    keys = np.random.default_rng(seed).exponential(size=len(targets)) / weights
    order = np.lexsort([keys, targets])
    rank = np.arange(len(targets)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = np.sort(order[rank < cap])
    totals = np.bincount(targets, weights)
    equal = totals[targets[kept]] / cap
    return kept, np.where(counts[targets[kept]] > cap, equal, weights[kept])


def _largest_cap(counts: NDArray[np.int64], limit: int) -> int:
    """Return the largest number of samples per class with which `limit` suffices."""
    ordered = np.sort(counts[counts > 0])
    # With the cap at the size of class i, it and all larger ones have this many each.
    smaller = np.cumsum(ordered) - ordered
    left = (limit - smaller) // np.arange(len(ordered), 0, -1)
    exceeds = np.flatnonzero(ordered > left)
    return max(1, int(left[exceeds[0]] if len(exceeds) else ordered[-1]))
