"""Compare pairs of sets, and unite similar ones into components."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from amzest.datasets._splitting._labels import component_labels
from amzest.datasets._splitting._word_sets import Int32, Int64, bitmaps

#: Largest number of pairs, and of their words, that are compared exactly at a time.
_EXACT_CHUNK = 1 << 18
_EXACT_WORDS = 1 << 23
#: Number of pairs that are filtered at a time.
_FILTER_CHUNK = 1 << 19


class SetComponents:
    """Components of the graph of similar sets, as far as pairs have been compared.

    A set has the label of its component. Unlike the forest of a union-find structure,
    flat labels can be compared and renamed for millions of pairs by one NumPy call.

    Let x and y be sets with t words in all, |x| + |y| = t, of which s are shared. Then
    J = s / (t - s), and J >= p/q is the same as s (p + q) >= p t: integers only.
    """

    def __init__(self, starts: Int64, words: Int32, least: Fraction) -> None:
        from scipy.sparse import csr_array

        self.p, self.q = least.numerator, least.denominator
        self.starts, self.words = starts, words
        self.sizes = np.diff(starts).astype(np.int32)
        self.n_words = int(words.max(initial=0)) + 1
        self.labels = np.arange(len(self.sizes), dtype=np.int32)
        ones = np.ones(len(words), dtype=np.int8)
        shape = (len(self.sizes), self.n_words)
        # Otherwise the words would be copied to the wider type of the starts.
        indptr = starts.astype(np.int32) if len(words) < 2**31 else starts
        self._matrix = csr_array((ones, words, indptr), shape=shape)
        self._bitmaps = bitmaps(starts, words)
        # The 256 bits folded to 64 are a weaker bound, but four times as fast.
        self._folded = np.bitwise_or.reduce(self._bitmaps, axis=1)

    def compare(self, left: Int32, right: Int32) -> None:
        """Connect the similar ones of the pairs; cheap filters come first."""
        for start in range(0, len(left), _FILTER_CHUNK):
            chunk = slice(start, start + _FILTER_CHUNK)
            self._compare(left[chunk], right[chunk])

    def _compare(self, left: Int32, right: Int32) -> None:
        apart = self.labels[left] != self.labels[right]
        left, right = left[apart], right[apart]
        total = self._total(left, right)
        # From s (p + q) >= p t follows that the t - 2 s words in one set only are at
        # most t (q - p) / (p + q). The bits in which bitmaps differ are not more.
        allowed = (self.q - self.p) * total // (self.p + self.q)
        near = np.bitwise_count(self._folded[left] ^ self._folded[right]) <= allowed
        left, right, total = left[near], right[near], total[near]
        # Most of the 64 bits of a long set are 1, and filter little.
        bits = np.bitwise_count(self._bitmaps[left] ^ self._bitmaps[right])
        near = bits.sum(axis=1, dtype=np.int64) <= allowed[near]
        left, right, total = left[near], right[near], total[near]
        n_words = np.cumsum(total)
        start = 0
        while start < len(left):
            limit = n_words[start - 1] + _EXACT_WORDS if start else _EXACT_WORDS
            stop = max(int(np.searchsorted(n_words, limit, side="right")), start + 1)
            chunk = slice(start, min(stop, start + _EXACT_CHUNK))
            start = chunk.stop
            a, b = left[chunk], right[chunk]
            shared = np.diff(self._matrix[a].multiply(self._matrix[b]).indptr)
            similar = shared * np.int64(self.p + self.q) >= self.p * total[chunk]
            self.connect(a[similar], b[similar])

    def compare_blocks(self, left: Int32, right: Int32) -> None:
        """As `compare`, by one matrix product if few sets are in many pairs."""
        apart = self.labels[left] != self.labels[right]
        left, right = left[apart], right[apart]
        rows, row_of = np.unique(left, return_inverse=True)
        columns, column_of = np.unique(right, return_inverse=True)
        if 8 * len(left) < len(rows) * len(columns):
            self.compare(left, right)
            return
        # Numbers of shared words would overflow the int8 of the matrix.
        matrix = self._matrix[columns].T.astype(np.int32)
        shared = (self._matrix[rows].astype(np.int32) @ matrix).toarray()
        total = self._total(left, right)
        similar = shared[row_of, column_of] * (self.p + self.q) >= self.p * total
        self.connect(left[similar], right[similar])

    def _total(self, left: Int32, right: Int32) -> Int64:
        """Return the number of words of both sets of each pair."""
        return self.sizes[left].astype(np.int64) + self.sizes[right]

    def connect(self, left: Int32, right: Int32) -> None:
        """Unite the components of the sets of each pair."""
        if not len(left):
            return
        # A graph of the components that are concerned, not of all sets.
        ends = np.concatenate([self.labels[left], self.labels[right]])
        joined, ends = np.unique(ends, return_inverse=True)
        nodes = ends.reshape(2, -1)
        component = component_labels(nodes[0], nodes[1], len(joined))
        _, first = np.unique(component, return_index=True)
        renamed = np.arange(len(self.labels), dtype=np.int32)
        renamed[joined] = joined[first[component]]
        self.labels = renamed[self.labels]
