"""The vocabulary: words that have a vector of their own."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from amzest.text._tokens import NumberedTexts


def learn_vocabulary(
    texts: NumberedTexts,
    weights: NDArray[np.float64],
    min_count: int,
    former: Iterable[str] = (),
) -> dict[str, int]:
    """Collect the words of weighted count `min_count` or more, in alphabetical order.

    `weights` of shape (n_texts,) are 0 for texts that are not training samples. The
    words of a former vocabulary are added.
    """
    counts = np.bincount(
        texts.tokens,
        np.repeat(weights, np.diff(texts.offsets)),
        minlength=len(texts.words),
    )
    known = {texts.words[index] for index in np.flatnonzero(counts >= min_count)}
    known.update(former)
    return {word: index for index, word in enumerate(sorted(known))}
