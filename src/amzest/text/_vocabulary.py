"""Words that have a row of their own."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray


def learn_vocabulary(
    rows: list[list[str]], weights: NDArray[np.float64], min_count: int
) -> dict[str, int]:
    """Collect the words of training texts that are frequent enough.

    Parameters
    ----------
    rows : list of list of str
        Words of each text.

    weights : ndarray of shape (n_rows,)
        How often each text counts.

    min_count : int
        Smallest count of a word.

    Returns
    -------
    dict of str to int
        Number of each word, in alphabetical order.
    """
    counts: dict[str, float] = defaultdict(float)
    for row, weight in zip(rows, weights, strict=True):
        for word in row:
            counts[word] += weight
    known = sorted(word for word, count in counts.items() if count >= min_count)
    return {word: place for place, word in enumerate(known)}
