"""The vocabulary: words that have a vector of their own."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from amzest.text._ragged import row_parts
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
    counts = np.zeros(len(texts.words))
    for first, last in row_parts(texts.offsets):
        tokens = texts.tokens[texts.offsets[first] : texts.offsets[last]]
        lengths = np.diff(texts.offsets[first : last + 1])
        np.add.at(counts, tokens, np.repeat(weights[first:last], lengths))
    known = {texts.words[index] for index in np.flatnonzero(counts >= min_count)}
    known.update(former)
    return {word: index for index, word in enumerate(sorted(known))}
