"""Words that have a row of their own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from amzest.text._tokens import NumberedTexts


def learn_vocabulary(
    texts: NumberedTexts, weights: NDArray[np.float64], min_count: int
) -> dict[str, int]:
    """Collect the words of training texts that are frequent enough.

    Parameters
    ----------
    texts : NumberedTexts
        All texts.

    weights : ndarray of shape (n_texts,)
        How often each text counts; 0 for a text that is not for training.

    min_count : int
        Smallest count of a word.

    Returns
    -------
    dict of str to int
        Number of each word, in alphabetical order.
    """
    counts = np.bincount(
        texts.tokens,
        np.repeat(weights, np.diff(texts.offsets)),
        minlength=len(texts.words),
    )
    known = sorted(texts.words[place] for place in np.flatnonzero(counts >= min_count))
    return {word: place for place, word in enumerate(known)}
