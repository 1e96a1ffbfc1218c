"""Which of the long sets may be similar: each pair is named once.

Long sets share many words with many others, so that grouping them by shared words
would name the same pair thousands of times. Here the shared words of their prefixes
are counted instead, by products of sparse matrices, in blocks of bounded memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]

#: Pairs whose shared words are counted at a time.
_CHUNK = 1 << 22


def long_pairs(
    starts: Int64, words: Int32, p: int, q: int, limit: int
) -> Iterator[tuple[Int32, Int32]]:
    """Yield pairs of sets that may be similar, of which one is longer than `limit`.

    Let the words of each set be in one order. Of sets x and y, let the prefix of x
    end at a word that does not follow the end of the prefix of y. What they share is
    then in both prefixes or in the rest of x: the shared words of the prefixes, and as
    many as the rest has, bound what they share in all.

    Parameters
    ----------
    starts : ndarray of shape (n_sets + 1,), dtype int64
        Where each set starts in `words`; small sets first.

    words : ndarray of shape (n_words,), dtype int32
        The words of the sets, rare words first.

    p, q : int
        Similar sets have a Jaccard similarity of at least p / q.

    limit : int
        Number of words.

    Yields
    ------
    left, right : ndarray of shape (n_pairs,), dtype int32
        Positions of the sets.
    """
    from scipy.sparse import csr_array

    sizes = np.diff(starts)
    # The smallest set that may be similar to one of `limit` + 1 words.
    first = int(np.searchsorted(sizes, -(-p * (limit + 1) // q)))
    if not len(sizes) or sizes[-1] <= limit:
        return
    sizes, starts = sizes[first:], starts[first:]
    lengths = (q - p) * sizes // q + 1
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    steps = np.arange(bounds[-1]) + np.repeat(starts[:-1] - bounds[:-1], lengths)
    prefixes = csr_array(
        (np.ones(len(steps), dtype=np.int32), words[steps], bounds),
        shape=(len(sizes), int(words.max()) + 1),
    )
    by_word = prefixes.T.tocsr()
    most = np.minimum(prefixes @ np.diff(by_word.indptr), len(sizes))
    n_steps = np.cumsum(most, dtype=np.int64)
    cuts = np.flatnonzero(np.diff(n_steps // _CHUNK, prepend=-1, append=-1))
    for start, stop in pairwise(cuts.tolist()):
        shared = (prefixes[start:stop] @ by_word).tocoo()
        left, right = (index.astype(np.int64) for index in shared.coords)
        left += start
        once = (right < left) & (sizes[left] > limit)
        left, right, counts = left[once], right[once], shared.data[once]
        # J >= p/q means that p/(p + q) of the words of both are shared.
        most = np.minimum(counts + sizes[left] - lengths[left], sizes[right])
        near = most * (p + q) >= p * (sizes[left] + sizes[right])
        if near.any():
            left, right = (first + left[near], first + right[near])
            yield left.astype(np.int32), right.astype(np.int32)
