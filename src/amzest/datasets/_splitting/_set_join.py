"""Which of many sets are similar: an exact join that follows rare words first.

Two sets are similar when the Jaccard similarity J = |x & y| / |x | y| reaches p/q.
From J >= p/q follows |x & y| >= p/q * |x| and the same for y, so each of the two has at
most m = |.| - ceil(p/q * |.|) words that the other lacks. Put the words of every set in
one common order, rare words first. Then the j-th word that x and y share stands among
the first m + j words of x and among the first m' + j words of y.

Level 1 therefore groups sets by each of their first m + 1 words; a similar pair meets
in the group of its first shared word. A small group is settled: its pairs are compared.
A large one is refined: its members are grouped anew by one more word that follows in
the first m + 2, and so on. A similar pair that shares only the j words of a group at
level j would be lost there; :func:`_star_edges` finds exactly those. So no similar
pair is missed, whatever is settled and whatever is refined.

Sets of more than :data:`LONGEST` words are compared by :mod:`._long_sets`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from amzest.datasets._splitting._long_sets import long_pairs

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]

#: Pairs, and memberships of refined groups, that are held at a time.
_CHUNK = 1 << 21
#: Pairs whose words are held at a time, and their words.
_EXACT_CHUNK = 1 << 18
_EXACT_WORDS = 1 << 23
#: Sets with more words are compared in another way.
LONGEST = 200
#: Sets whose bitmaps are made at a time.
_BITMAP_CHUNK = 1 << 17
#: How many pairs may be compared in place of grouping one set by one more word.
_PAIRS_PER_CHILD = 48
#: Pairs of a group that are compared at once when refining it does not help.
_MAX_STUCK_PAIRS = 50_000_000
#: Work, in memberships, after which groups above `_MAX_STUCK` are merged unseen: so
#: many for each set, and so many at least. Titles of shops need fewer than 25, titles
#: from a vocabulary of 300 words up to 250.
_WORK_PER_SET = 1_000
_MIN_WORK = 20_000_000
_MAX_STUCK = 1_000


def similar_sets(indptr: Int64, words: Int32, similarity: float) -> Int32:
    """Label the connected components of the graph of similar sets.

    Parameters
    ----------
    indptr : ndarray of shape (n_sets + 1,), dtype int64
        Where each set starts in `words`. No set is empty.

    words : ndarray of shape (n_words,), dtype int32
        The sets one after another. A word stands once in a set.

    similarity : float
        Least Jaccard similarity, from 0.5 to 1. It is taken as the fraction that its
        decimal digits mean: 0.8 is 4/5.

    Returns
    -------
    ndarray of shape (n_sets,), dtype int32
        Number of the component of each set.

    Notes
    -----
    Sets are merged without being similar in one case only: when they share several
    words with thousands of others, grouping by further words does not tell them
    apart, and the work done is more than 1,000 group memberships for each set (and
    more than 20 million in all). That bounds the time, and can put more sets
    together but never fewer.
    """
    order, starts, sorted_words = _rare_words_first(indptr, words)
    join = _Join(starts, sorted_words, as_fraction(similarity))
    join.run()
    labels = np.empty(len(order), dtype=np.int32)
    labels[order] = join.labels
    return labels


def as_fraction(similarity: float) -> Fraction:
    """Give the fraction that a decimal number means: 4/5 for 0.8."""
    return Fraction(repr(float(similarity))).limit_denominator(1_000_000)


def expand(starts: Int64, lengths: Int64) -> Int64:
    """Give the positions of several spans, one span after another."""
    ends = np.cumsum(lengths)
    steps = np.arange(ends[-1] if len(ends) else 0, dtype=np.int64)
    positions: Int64 = steps + np.repeat(starts - (ends - lengths), lengths)
    return positions


def _rare_words_first(indptr: Int64, words: Int32) -> tuple[Int64, Int64, Int32]:
    """Order words by how many sets have them, and sets by their size."""
    frequency = np.bincount(words)
    rank = np.empty(len(frequency), dtype=np.int64)
    rank[np.argsort(frequency, kind="stable")] = np.arange(len(frequency))
    sizes = np.diff(indptr)
    row_of = np.repeat(np.arange(len(sizes)), sizes) << 32
    row_of |= rank[words]
    row_of.sort()
    ranked = (row_of & 0xFFFFFFFF).astype(np.int32)
    # Of sets of one size, those with the same rarest words become neighbours: they
    # are often similar, and linking neighbours first saves comparisons.
    second = ranked[np.minimum(indptr[:-1] + 1, indptr[1:] - 1)]
    order = np.lexsort((second, ranked[indptr[:-1]], sizes)).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes[order])])
    return order, starts, ranked[expand(indptr[:-1][order], sizes[order])]


@dataclass
class _Groups:
    """Sets that share words: members of one group stand together, small sets first."""

    level: int
    rows: Int32
    #: Position, within the set, of the last of the shared words.
    lasts: Int32
    #: Where each group starts, and the end of the last one.
    bounds: Int64

    @property
    def sizes(self) -> Int64:
        return np.diff(self.bounds)

    def take(self, chosen: NDArray[np.bool_] | slice) -> _Groups:
        """Keep some groups."""
        sizes = self.sizes[chosen]
        members = expand(self.bounds[:-1][chosen], sizes)
        bounds = np.concatenate([[0], np.cumsum(sizes)])
        return _Groups(self.level, self.rows[members], self.lasts[members], bounds)


class _Join:
    """The state of one join: the sets, and the components found so far."""

    def __init__(self, starts: Int64, words: Int32, least: Fraction) -> None:
        from scipy.sparse import csr_array

        self.p, self.q = least.numerator, least.denominator
        self.starts, self.words = starts, words
        self.sizes = np.diff(starts)
        self.n_words = int(words.max(initial=0)) + 1
        self.spare = (self.q - self.p) * self.sizes // self.q  # m of the text above
        self.labels = np.arange(len(self.sizes), dtype=np.int32)
        self.work = 0
        ones = np.ones(len(words), dtype=np.int8)
        shape = (len(self.sizes), self.n_words)
        self.matrix = csr_array((ones, words, starts), shape=shape)
        self.bitmaps = _bitmaps(starts, words)
        self.folded = np.bitwise_or.reduce(self.bitmaps, axis=1)

    def run(self) -> None:
        for left, right in long_pairs(self.starts, self.words, self.p, self.q, LONGEST):
            self._compare_long(left, right)
        lengths = np.minimum(self.spare + 1, self.sizes)
        lengths[self.sizes > LONGEST] = 0
        rows = np.repeat(np.arange(len(self.sizes), dtype=np.int32), lengths)
        positions = expand(self.starts[:-1], lengths)
        lasts = (positions - self.starts[rows]).astype(np.int32)
        keys = self.words[positions].astype(np.int64)
        groups, _ = _group(1, keys, rows, lasts)
        del keys, rows, positions, lasts
        self._process(groups)

    def _process(self, groups: _Groups) -> None:
        self._link_neighbours(groups)
        groups = groups.take(self._is_divided(groups))
        if not len(groups.sizes):
            return
        n_pairs = self._largest_last(groups)
        n_children = np.add.reduceat(self._children(groups), groups.bounds[:-1])
        small = n_pairs <= _PAIRS_PER_CHILD * n_children
        self._settle(groups.take(small), n_pairs[small])
        large, n_pairs, n_children = (
            groups.take(~small),
            n_pairs[~small],
            n_children[~small],
        )
        if not len(large.sizes):
            return
        del groups
        self._connect(*self._star_edges(large))
        parts = np.cumsum(n_children) // _CHUNK
        cuts = np.flatnonzero(np.diff(parts, prepend=-1, append=-1))
        for start, stop in pairwise(cuts.tolist()):
            self._refine(large.take(slice(start, stop)), n_pairs[start:stop])

    def _refine(self, groups: _Groups, n_pairs: Int64) -> None:
        """Group the members of large groups by one more word."""
        divided = self._is_divided(groups)
        groups, n_pairs = groups.take(divided), n_pairs[divided]
        if self.work > max(_MIN_WORK, _WORK_PER_SET * len(self.labels)):
            merged = groups.sizes > _MAX_STUCK
            self._merge(groups.take(merged))
            self._settle(groups.take(~merged), n_pairs[~merged])
            return
        children = self._children(groups)
        self.work += int(children.sum())
        rows = np.repeat(groups.rows, children)
        steps = expand(groups.lasts + np.int64(1), children)
        group_of = np.repeat(np.arange(len(groups.sizes)), groups.sizes)
        keys = np.repeat(group_of * self.n_words, children)
        keys += self.words[self.starts[rows] + steps]
        finer, keys = _group(groups.level + 1, keys, rows, steps.astype(np.int32))
        del rows, steps
        # Where one more word tells nothing apart, neither would the next one, at ever
        # more combinations: such groups are compared as they are.
        parents = keys // self.n_words
        finer_pairs = finer.sizes * (finer.sizes - 1) // 2
        rest = np.bincount(parents, weights=finer_pairs, minlength=len(groups.sizes))
        stuck = (rest >= n_pairs) & (n_pairs <= _MAX_STUCK_PAIRS)
        self._settle(groups.take(stuck), n_pairs[stuck])
        finer = finer.take(~stuck[parents])
        del groups, keys
        self._process(finer)

    def _children(self, groups: _Groups) -> Int64:
        """Count the words by which each member can be grouped one level on."""
        rows = groups.rows
        end = np.minimum(self.spare[rows] + groups.level, self.sizes[rows] - 1)
        return np.maximum(end - groups.lasts, 0)

    def _star_edges(self, groups: _Groups) -> tuple[Int32, Int32]:
        """Find the similar pairs that share no word but those of their group.

        Let members of a group at level j have j + e words. Two that share exactly the
        j words have j + e + e' words together, so they are similar if and only if
        e + e' <= E with E = floor(j * q / p) - j. The smallest member has the least e
        of all; so both of such a pair are similar to it, and lead to each other.
        """
        level = groups.level
        extra = self.sizes[groups.rows] - level
        first = np.repeat(groups.bounds[:-1], groups.sizes)
        near = extra + extra[first] <= level * self.q // self.p - level
        return groups.rows[first[near]], groups.rows[near]

    def _link_neighbours(self, groups: _Groups) -> None:
        pairs = np.arange(len(groups.rows) - 1)
        last_of_group = groups.bounds[1:-1] - 1
        pairs = np.delete(pairs, last_of_group)
        for start in range(0, len(pairs), _CHUNK):
            chunk = pairs[start : start + _CHUNK]
            self._compare(groups.rows[chunk], groups.rows[chunk + 1])

    def _is_divided(self, groups: _Groups) -> NDArray[np.bool_]:
        """Tell which groups have members of more than one component."""
        if not len(groups.sizes):
            return np.zeros(0, dtype=bool)
        labels, starts = self.labels[groups.rows], groups.bounds[:-1]
        low, high = (f.reduceat(labels, starts) for f in (np.minimum, np.maximum))
        divided: NDArray[np.bool_] = low != high
        return divided

    def _largest_last(self, groups: _Groups) -> Int64:
        """Count the pairs of each group, without those inside its largest component."""
        group_of = np.repeat(np.arange(len(groups.sizes)), groups.sizes)
        keys = (group_of << 32) | self.labels[groups.rows]
        keys.sort()
        runs = np.flatnonzero(np.diff(keys, prepend=-1))
        lengths = np.diff(runs, append=len(keys))
        group_of_run = keys[runs] >> 32
        first_runs = np.flatnonzero(np.diff(group_of_run, prepend=-1))
        largest = np.maximum.reduceat(lengths, first_runs)
        others = groups.sizes - largest
        counts: Int64 = others * largest + others * (others - 1) // 2
        return counts

    def _settle(self, groups: _Groups, n_pairs: Int64) -> None:
        """Compare the pairs of each group that are not known to be connected."""
        if not len(groups.sizes):
            return
        self.work += int(n_pairs.sum()) // 20
        rows = self._with_largest_last(groups)
        end = np.repeat(groups.bounds[1:], groups.sizes)
        position = np.arange(len(rows))
        partners = end - position - 1
        # The last members are of one component: nothing is to compare among them.
        same = self.labels[rows] == self.labels[rows[end - 1]]
        partners[same] = 0
        position, partners = position[partners > 0], partners[partners > 0]
        ends = np.cumsum(partners)
        start = 0
        while start < len(position):
            done = ends[start - 1] if start else 0
            stop = int(np.searchsorted(ends, done + _CHUNK, side="right"))
            stop = max(stop, start + 1)
            span = partners[start:stop]
            left = np.repeat(rows[position[start:stop]], span)
            self._compare(left, rows[expand(position[start:stop] + 1, span)])
            start = stop

    def _with_largest_last(self, groups: _Groups) -> Int32:
        group_of = np.repeat(np.arange(len(groups.sizes)), groups.sizes)
        labels = self.labels[groups.rows]
        order = np.lexsort((labels, group_of))
        run_of = np.cumsum(
            (np.diff(group_of, prepend=-1) != 0)
            | (np.diff(labels[order], prepend=-1) != 0)
        )
        lengths = np.bincount(run_of)[run_of]
        rows: Int32 = groups.rows[order]
        return rows[np.lexsort((run_of, lengths, group_of))]

    def _compare(self, left: Int32, right: Int32) -> None:
        """Connect the pairs that are similar."""
        apart = self.labels[left] != self.labels[right]
        left, right = left[apart], right[apart]
        total = self.sizes[left] + self.sizes[right]
        # J >= p/q means: the words that only one of them has are at most this share
        # of all. The bits in which two bitmaps differ are at most those words.
        allowed = (self.q - self.p) * total // (self.p + self.q)
        near = np.bitwise_count(self.folded[left] ^ self.folded[right]) <= allowed
        left, right, total = left[near], right[near], total[near]
        # Of long sets the short bitmap is full, and tells little.
        bits = np.bitwise_count(self.bitmaps[left] ^ self.bitmaps[right])
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
            shared = np.diff(self.matrix[a].multiply(self.matrix[b]).indptr)
            similar = shared * np.int64(self.p + self.q) >= self.p * total[chunk]
            self._connect(a[similar], b[similar])

    def _compare_long(self, left: Int32, right: Int32) -> None:
        """Connect the pairs that are similar; quick where few sets make many pairs."""
        apart = self.labels[left] != self.labels[right]
        left, right = left[apart], right[apart]
        rows, row_of = np.unique(left, return_inverse=True)
        columns, column_of = np.unique(right, return_inverse=True)
        if 8 * len(left) < len(rows) * len(columns):
            self._compare(left, right)
            return
        # Counts do not fit into the matrix' own bytes.
        matrix = self.matrix[columns].T.astype(np.int32)
        shared = (self.matrix[rows].astype(np.int32) @ matrix).toarray()
        total = self.sizes[left] + self.sizes[right]
        similar = shared[row_of, column_of] * (self.p + self.q) >= self.p * total
        self._connect(left[similar], right[similar])

    def _connect(self, left: Int32, right: Int32) -> None:
        if not len(left):
            return
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        ends = np.concatenate([self.labels[left], self.labels[right]])
        joined, ends = np.unique(ends, return_inverse=True)
        edges = (np.ones(len(left), dtype=np.int32), ends.reshape(2, -1))
        graph = coo_array(edges, shape=(len(joined), len(joined)))
        component = connected_components(graph, directed=False)[1]
        _, first = np.unique(component, return_index=True)
        renamed = np.arange(len(self.labels), dtype=np.int32)
        renamed[joined] = joined[first[component]]
        self.labels = renamed[self.labels]

    def _merge(self, groups: _Groups) -> None:
        first = np.repeat(groups.bounds[:-1], groups.sizes)
        self._connect(groups.rows[first], groups.rows)


def _group(level: int, keys: Int64, rows: Int32, lasts: Int32) -> tuple[_Groups, Int64]:
    """Bring equal keys together, and drop those that stand alone."""
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    again = keys[1:] == keys[:-1]
    kept = np.zeros(len(keys), dtype=bool)
    kept[1:] |= again
    kept[:-1] |= again
    keys, order = keys[kept], order[kept]
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    bounds = np.append(starts, len(keys))
    return _Groups(level, rows[order], lasts[order], bounds), keys[starts]


def _bitmaps(starts: Int64, words: Int32) -> NDArray[np.uint64]:
    """Mark the words of each set in 256 bits, several words to a bit."""
    bitmaps = np.zeros((len(starts) - 1, 4), dtype=np.uint64)
    for first in range(0, len(bitmaps), _BITMAP_CHUNK):
        spans = starts[first : first + _BITMAP_CHUNK + 1]
        # The finaliser of SplitMix64 scatters word numbers over 64 bits.
        mixed = words[spans[0] : spans[-1]].astype(np.uint64)
        mixed += np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        bits = np.uint64(1) << (mixed >> np.uint64(58))
        lane = (mixed >> np.uint64(32)) & np.uint64(3)
        chunk = bitmaps[first : first + _BITMAP_CHUNK]
        for column in range(bitmaps.shape[1]):
            marks = np.where(lane == column, bits, np.uint64(0))
            chunk[:, column] = np.bitwise_or.reduceat(marks, spans[:-1] - spans[0])
    return bitmaps
