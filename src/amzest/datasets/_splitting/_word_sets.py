"""Sets of words as arrays: all words in one array, and where each set starts.

As in a CSR matrix, set ``i`` is ``words[indptr[i]:indptr[i + 1]]``. Words are numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import count, pairwise

import numpy as np
from numpy.typing import NDArray

from amzest.datasets._splitting._word_store import empty_words

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]

#: Number of words that are sorted, hashed or compared at a time.
_CHUNK_WORDS = 1 << 21


def word_numbering() -> Callable[[str], int]:
    """Return a function that numbers words in order of first occurrence."""
    # Not the length of the dictionary as the next number: a reference to itself would
    # keep it in memory.
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    return numbers.__getitem__


def expand(starts: Int64, lengths: Int32 | Int64) -> Int64:
    """Return the positions of several spans, one span after another."""
    ends = np.cumsum(lengths, dtype=np.int64)
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


def set_chunks(sizes: Int32 | Int64) -> Iterator[slice]:
    """Yield slices of sets of about `_CHUNK_WORDS` words, so that memory is bounded."""
    parts = np.cumsum(sizes, dtype=np.int64) // _CHUNK_WORDS
    cuts = np.flatnonzero(np.diff(parts, prepend=-1, append=-1))
    for start, stop in pairwise(cuts.tolist()):
        yield slice(start, stop)


def unique_sets(indptr: Int64, words: Int32) -> tuple[Int32, Int32]:
    """Return the number of each set's distinct set, and one position of each."""
    sizes = np.diff(indptr).astype(np.int32)
    # A sum of hashed words brings equal sets next to each other; as sums of different
    # sets can be equal, neighbours of one size and sum are compared word by word.
    sums = _sums_of_words(indptr, words)
    order = np.lexsort((sums, sizes)).astype(np.int32)
    sums = sums[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = sums[1:] != sums[:-1]
    del sums
    sizes = sizes[order]
    new[1:] |= sizes[1:] != sizes[:-1]
    again = np.flatnonzero(~new)
    for chunk in set_chunks(sizes[again]):
        pairs = again[chunk]
        lengths = sizes[pairs]
        left = words[expand(indptr[:-1][order[pairs - 1]], lengths)]
        right = words[expand(indptr[:-1][order[pairs]], lengths)]
        offsets = np.cumsum(lengths) - lengths
        new[pairs] = ~np.logical_and.reduceat(left == right, offsets)
    set_of = np.empty(len(order), dtype=np.int32)
    set_of[order] = np.cumsum(new, dtype=np.int32) - 1
    return set_of, order[new]


def _sums_of_words(indptr: Int64, words: Int32) -> NDArray[np.uint64]:
    """Return the sum of the hashed words of each set."""
    sums = np.empty(len(indptr) - 1, dtype=np.uint64)
    for chunk in set_chunks(np.diff(indptr)):
        spans = indptr[chunk.start : chunk.stop + 1]
        mixed = words[spans[0] : spans[-1]].astype(np.uint64) + np.uint64(1)
        mixed *= np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        sums[chunk] = np.add.reduceat(mixed, spans[:-1] - spans[0])
    return sums


def rare_words_first(
    indptr: Int64, words: Int32, kept: Int32
) -> tuple[Int32, Int64, Int32]:
    """Sort the words of the kept sets by rising frequency, and the sets by size.

    Returns the order of the kept sets, their `indptr` and their words, renumbered by
    rank.
    """
    begins, sizes = indptr[:-1][kept], np.diff(indptr)[kept].astype(np.int32)
    frequency = np.zeros(int(words.max(initial=-1)) + 1, dtype=np.int64)
    for chunk in set_chunks(sizes):
        frequency += np.bincount(
            words[expand(begins[chunk], sizes[chunk])], minlength=len(frequency)
        )
    rank = np.empty(len(frequency), dtype=np.int32)
    # Words of sets that are not kept have no frequency, and come first.
    n_absent = len(frequency) - np.count_nonzero(frequency)
    by_frequency = np.argsort(frequency, kind="stable")
    rank[by_frequency] = np.arange(len(rank), dtype=np.int32) - np.int32(n_absent)
    del frequency, by_frequency
    # Sets of one size are sorted by their two rarest words: neighbours are then often
    # similar, and connecting neighbours first saves comparisons.
    first, second = (np.empty(len(sizes), dtype=np.int32) for _ in range(2))
    for chunk in set_chunks(sizes):
        lengths = sizes[chunk]
        ranks = rank[words[expand(begins[chunk], lengths)]]
        offsets = np.cumsum(lengths) - lengths
        first[chunk] = np.minimum.reduceat(ranks, offsets)
        ranks[ranks == np.repeat(first[chunk], lengths)] = np.iinfo(np.int32).max
        rest = np.minimum.reduceat(ranks, offsets)
        second[chunk] = np.where(lengths > 1, rest, first[chunk])
    order = np.lexsort((second, first, sizes)).astype(np.int32)
    del first, second
    begins, sizes = begins[order], sizes[order]
    starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    ordered = empty_words(int(starts[-1]))
    for chunk in set_chunks(sizes):
        lengths = sizes[chunk]
        keys = np.repeat(np.arange(len(lengths)), lengths) << 32
        keys |= rank[words[expand(begins[chunk], lengths)]]
        keys.sort()
        ordered[starts[chunk.start] : starts[chunk.stop]] = keys & 0xFFFFFFFF
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
    for sets in set_chunks(np.diff(indptr)):
        spans = indptr[sets.start : sets.stop + 1]
        # The finalizer of SplitMix64 (https://prng.di.unimi.it/splitmix64.c): the
        # numbers of words are consecutive, its output is uniform over 64 bits.
        mixed = words[spans[0] : spans[-1]].astype(np.uint64)
        mixed += np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        # The 6 highest bits choose the bit, 2 others the column.
        bits = np.uint64(1) << (mixed >> np.uint64(58))
        lane = (mixed >> np.uint64(32)) & np.uint64(3)
        chunk = bits_of[sets]
        for column in range(bits_of.shape[1]):
            marks = np.where(lane == column, bits, np.uint64(0))
            chunk[:, column] = np.bitwise_or.reduceat(marks, spans[:-1] - spans[0])
    return bits_of
