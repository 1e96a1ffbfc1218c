"""Sets of words as arrays: all words in one array, and where each set starts.

As in a CSR matrix, set ``i`` is ``words[indptr[i]:indptr[i + 1]]``. Words are numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]

#: Number of sets whose bitmaps are computed at a time.
_BITMAP_CHUNK = 1 << 17


def word_numbering() -> Callable[[str], int]:
    """Return a function that numbers words in order of first occurrence."""
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    return numbers.__getitem__


def expand(starts: Int64, lengths: Int64) -> Int64:
    """Return the positions of several spans, one span after another."""
    ends = np.cumsum(lengths)
    steps = np.arange(ends[-1] if len(ends) else 0, dtype=np.int64)
    positions: Int64 = steps + np.repeat(starts - (ends - lengths), lengths)
    return positions


def distinct_words(rows: Int64, words: Int32, n_rows: int) -> tuple[Int64, Int32]:
    """Return `indptr` and the sorted distinct words of each row."""
    # Row and word share one integer: a single sort orders by row, then by word.
    keys = rows << 32
    keys |= words
    keys.sort()
    keys = keys[np.diff(keys, prepend=-1) != 0]
    sizes = np.bincount(keys >> 32, minlength=n_rows)
    indptr = np.concatenate([[0], np.cumsum(sizes)])
    return indptr, (keys & 0xFFFFFFFF).astype(np.int32)


def take_sets(
    indptr: Int64, words: Int32, chosen: NDArray[np.bool_] | NDArray[np.intp]
) -> tuple[Int64, Int32]:
    """Return `indptr` and the words of some of the sets."""
    sizes = np.diff(indptr)[chosen]
    taken = words[expand(indptr[:-1][chosen], sizes)]
    return np.concatenate([[0], np.cumsum(sizes)]), taken


def unique_sets(
    indptr: Int64, words: Int32
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the number of each set's distinct set, and one position of each."""
    sizes = np.diff(indptr)
    # A sum of hashed words brings equal sets next to each other; as sums of different
    # sets can be equal, neighbours of one size and sum are compared word by word.
    mixed = (words.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    sums = np.add.reduceat(mixed, indptr[:-1])
    del mixed
    order = np.lexsort((sums, sizes))
    again = np.flatnonzero(
        (np.diff(sizes[order]) == 0) & (sums[order][1:] == sums[order][:-1])
    )
    lengths = sizes[order[again]]
    left = words[expand(indptr[:-1][order[again]], lengths)]
    right = words[expand(indptr[:-1][order[again + 1]], lengths)]
    if len(again):
        offsets = np.cumsum(lengths) - lengths
        again = again[np.logical_and.reduceat(left == right, offsets)]
    new = np.ones(len(order), dtype=bool)
    new[again + 1] = False
    set_of = np.empty(len(order), dtype=np.intp)
    set_of[order] = np.cumsum(new) - 1
    return set_of, order[new]


def rare_words_first(indptr: Int64, words: Int32) -> tuple[Int64, Int64, Int32]:
    """Sort the words of each set by rising frequency, and the sets by size.

    Returns the order of the sets, their `indptr` and their words, renumbered by rank.
    """
    frequency = np.bincount(words)
    rank = np.empty(len(frequency), dtype=np.int64)
    rank[np.argsort(frequency, kind="stable")] = np.arange(len(frequency))
    sizes = np.diff(indptr)
    keys = np.repeat(np.arange(len(sizes)), sizes) << 32
    keys |= rank[words]
    keys.sort()
    ranked = (keys & 0xFFFFFFFF).astype(np.int32)
    # Sets of one size are sorted by their two rarest words: neighbours are then often
    # similar, and connecting neighbours first saves comparisons.
    second = ranked[np.minimum(indptr[:-1] + 1, indptr[1:] - 1)]
    order = np.lexsort((second, ranked[indptr[:-1]], sizes)).astype(np.int64)
    starts, ordered = take_sets(indptr, ranked, order)
    return order, starts, ordered


def bitmaps(indptr: Int64, words: Int32) -> NDArray[np.uint64]:
    """Hash the words of each set to 256 bits, shape (n_sets, 4).

    Words may share a bit, so two bitmaps differ in at most as many bits as there are
    words in one set only: a lower bound of the difference [1]_.

    References
    ----------
    .. [1] E. F. O. Sandes, G. L. M. Teodoro and A. C. M. A. Melo. Bitmap filter:
       speeding up exact set similarity joins with bitwise operations. 2020.
    """
    bits_of = np.zeros((len(indptr) - 1, 4), dtype=np.uint64)
    for first in range(0, len(bits_of), _BITMAP_CHUNK):
        spans = indptr[first : first + _BITMAP_CHUNK + 1]
        # The finalizer of SplitMix64 (https://prng.di.unimi.it/splitmix64.c): the
        # numbers of words are consecutive, its output is uniform over 64 bits.
        mixed = words[spans[0] : spans[-1]].astype(np.uint64)
        mixed += np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        # The 6 highest bits choose the bit, 2 others the column.
        bits = np.uint64(1) << (mixed >> np.uint64(58))
        lane = (mixed >> np.uint64(32)) & np.uint64(3)
        chunk = bits_of[first : first + _BITMAP_CHUNK]
        for column in range(bits_of.shape[1]):
            marks = np.where(lane == column, bits, np.uint64(0))
            chunk[:, column] = np.bitwise_or.reduceat(marks, spans[:-1] - spans[0])
    return bits_of
