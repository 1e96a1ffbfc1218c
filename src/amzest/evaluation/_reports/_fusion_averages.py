"""Equal-weight averages of members."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray


def average_members(
    probas: Sequence[NDArray[np.float64]], present: Sequence[NDArray[np.bool_]]
) -> NDArray[np.float64]:
    """Return the mean of the members that are present, or of all if none is."""
    masks = np.array(present)  # (n_members, n_samples)
    # A sample that is missing for all members still needs a prediction.
    weights = np.where(masks.any(axis=0), masks, True)
    total = np.zeros_like(probas[0])
    for proba, weight in zip(probas, weights, strict=True):
        total += weight[:, np.newaxis] * proba
    mean: NDArray[np.float64] = total / weights.sum(axis=0)[:, np.newaxis]
    return mean


def drop_one_averages(
    probas: Sequence[NDArray[np.float64]], present: Sequence[NDArray[np.bool_]]
) -> Iterator[NDArray[np.float64]]:
    """Yield the average of all members, then that without each of them."""
    yield average_members(probas, present)
    for left_out in range(len(probas)):
        kept = [place for place in range(len(probas)) if place != left_out]
        yield average_members([probas[i] for i in kept], [present[i] for i in kept])
