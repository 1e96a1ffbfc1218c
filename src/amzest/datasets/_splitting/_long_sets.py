"""Find pairs of long sets that may be similar; each pair is yielded once.

Long sets share words with many others, so that grouping them by shared words would
find the same pair thousands of times. Here the shared words of their prefixes are
counted instead, by products of sparse matrices in blocks of bounded memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from amzest.datasets._splitting._word_sets import Int32, Int64, expand

#: Number of pairs whose shared words are counted at a time.
_CHUNK = 1 << 22


def long_pairs(
    starts: Int64, words: Int32, p: int, q: int, limit: int
) -> Iterator[tuple[Int32, Int32]]:
    """Yield pairs that may reach J = p / q, one of them of more than `limit` words.

    Sets are sorted by size, their words by frequency. Of sets x and y, let the prefix
    of x end at a word that does not follow the end of the prefix of y. A shared word is
    then in both prefixes, or in the rest of x. So the number of shared words of the
    prefixes plus the length of the rest bounds the number of all shared words, as in
    the positional filter of C. Xiao, W. Wang, X. Lin and J. X. Yu. Efficient similarity
    joins for near duplicate detection. WWW, 2008.
    """
    from scipy.sparse import csr_array

    sizes = np.diff(starts)
    # The smallest set that can be similar to one of `limit` + 1 words.
    first = int(np.searchsorted(sizes, -(-p * (limit + 1) // q)))
    if not len(sizes) or sizes[-1] <= limit:
        return
    sizes, starts = sizes[first:], starts[first:]
    lengths = (q - p) * sizes // q + 1
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    prefixes = csr_array(
        (
            np.ones(bounds[-1], dtype=np.int32),
            words[expand(starts[:-1], lengths)],
            bounds,
        ),
        shape=(len(sizes), int(words.max()) + 1),
    )
    by_word = prefixes.T.tocsr()
    # Upper bound of the entries of each row of the product, for blocks of equal work.
    n_entries = np.minimum(prefixes @ np.diff(by_word.indptr), len(sizes))
    n_steps = np.cumsum(n_entries, dtype=np.int64)
    cuts = np.flatnonzero(np.diff(n_steps // _CHUNK, prepend=-1, append=-1))
    for start, stop in pairwise(cuts.tolist()):
        shared = (prefixes[start:stop] @ by_word).tocoo()
        left, right = (index.astype(np.int64) for index in shared.coords)
        left += start
        once = (right < left) & (sizes[left] > limit)
        left, right, counts = left[once], right[once], shared.data[once]
        most = np.minimum(counts + sizes[left] - lengths[left], sizes[right])
        # J >= p/q if and only if p/(p + q) of the words of both are shared.
        near = most * (p + q) >= p * (sizes[left] + sizes[right])
        if near.any():
            left, right = (first + left[near], first + right[near])
            yield left.astype(np.int32), right.astype(np.int32)
