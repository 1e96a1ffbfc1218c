"""Find the similar ones of many sets: an exact join by prefix filtering.

Two sets are similar if their Jaccard similarity J = |x & y| / |x | y| is at least p/q.
Then |x & y| >= p/q * |x|, and the same holds for y. So a set has at most
m = |x| - ceil(p/q * |x|) words that the other one lacks. Let the words of all sets be
sorted in one order, rare words first. Then the j-th word that x and y share is among
the first m + j words of x, and among the first m' + j words of y: the j-prefix
[1]_ [2]_ [3]_.

Level 1 therefore groups the sets by each word of their 1-prefix: a similar pair meets
in the group of the first word that it shares. In a small group all pairs are compared
(settled). A large group is refined: its members are grouped by one more word, of their
2-prefix, and so on. A similar pair that shares only the j words of a group at level j
would be lost by this; `_star_edges` finds exactly those pairs. So no similar pair is
missed, whichever groups are settled or refined. This choice for each group is the
adaptive part [3]_.

Sets of more than `LONGEST` words are compared by :mod:`._long_sets`.

References
----------
.. [1] S. Chaudhuri, V. Ganti and R. Kaushik. A primitive operator for similarity joins
   in data cleaning. ICDE, 2006.
.. [2] R. J. Bayardo, Y. Ma and R. Srikant. Scaling up all pairs similarity search.
   WWW, 2007.
.. [3] J. Wang, G. Li and J. Feng. Can we beat the prefix filtering? An adaptive
   framework for similarity join and search. SIGMOD, 2012.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.datasets._splitting._labels import number_labels
from amzest.datasets._splitting._long_sets import long_pairs
from amzest.datasets._splitting._set_pairs import SetComponents
from amzest.datasets._splitting._word_sets import (
    Int32,
    Int64,
    expand,
    rare_words_first,
    set_chunks,
    unique_sets,
)

#: Largest number of pairs, and of memberships in refined groups, held at a time.
_CHUNK = 1 << 21
#: Number of memberships in groups of level 1 that are held at a time.
_MAX_FIRST = 1 << 23
#: Larger sets are compared by `_long_sets`.
LONGEST = 200
#: A group is settled rather than refined up to this number of pairs per membership
#: that refining would create: comparing a pair is cheaper by this factor.
_PAIRS_PER_CHILD = 48
#: Largest number of pairs of a group that is settled when refining it does not help.
_MAX_STUCK_PAIRS = 50_000_000
#: Work, in memberships, after which groups of more than `_MAX_STUCK` sets are merged
#: without comparison: per set, and at least. Titles of shops need fewer than 25 per
#: set, titles from a vocabulary of 300 words up to 250.
_WORK_PER_SET = 1_000
_MIN_WORK = 20_000_000
_MAX_STUCK = 1_000


def near_set_groups(indptr: Int64, words: Int32, similarity: float) -> Int64:
    """Label sets so that similar ones, and chains of them, have one label.

    Each empty set has a label of its own. Labels are 0, 1, ... in order of first
    occurrence.
    """
    labels = np.arange(len(indptr) - 1, dtype=np.int64)
    non_empty = np.flatnonzero(np.diff(indptr))
    if len(non_empty):
        starts = np.append(indptr[non_empty], indptr[-1])
        # Equal sets are compared once.
        set_of, kept = unique_sets(starts, words)
        found = similar_sets(starts, words, similarity, kept)
        labels[non_empty] = len(labels) + found[set_of]
    return number_labels(labels)


def similar_sets(
    indptr: Int64, words: Int32, similarity: float, kept: Int32 | None = None
) -> Int32:
    """Label the connected components of the graph of similar sets; no set is empty.

    Only the `kept` sets are labelled, by default all of them.

    Sets are united without being similar in one case only: they share several words
    with thousands of others, further words do not divide the group, and the work
    exceeds `_WORK_PER_SET` and `_MIN_WORK`. This bounds the time, and never separates
    similar sets.
    """
    if kept is None:
        kept = np.arange(len(indptr) - 1, dtype=np.int32)
    order, starts, sorted_words = rare_words_first(indptr, words, kept)
    join = _PrefixJoin(SetComponents(starts, sorted_words, as_fraction(similarity)))
    join.run()
    labels = np.empty(len(order), dtype=np.int32)
    labels[order] = join.sets.labels
    return labels


def as_fraction(similarity: float) -> Fraction:
    """Return the fraction that the decimal digits of a float mean: 4/5 for 0.8."""
    return Fraction(repr(float(similarity))).limit_denominator(1_000_000)


@dataclass
class _Groups:
    """Groups of sets that share `level` words; small sets come first in a group."""

    level: int
    rows: Int32
    #: Position, within the set, of the last of the shared words.
    lasts: Int32
    #: Where each group starts, and the end of the last one.
    bounds: Int64

    @property
    def sizes(self) -> Int64:
        return np.diff(self.bounds)

    @property
    def group_of(self) -> Int64:
        """Number of each member's group."""
        return np.repeat(np.arange(len(self.bounds) - 1), self.sizes)

    def take(self, chosen: NDArray[np.bool_]) -> _Groups:
        """Return some of the groups."""
        sizes = self.sizes
        members = np.repeat(chosen, sizes)
        bounds = np.concatenate([[0], np.cumsum(sizes[chosen])])
        return _Groups(self.level, self.rows[members], self.lasts[members], bounds)

    def between(self, start: int, stop: int) -> _Groups:
        """Return the groups from `start` to `stop`, without copying the members."""
        bounds = self.bounds[start : stop + 1]
        members = slice(bounds[0], bounds[-1])
        rows, lasts = self.rows[members], self.lasts[members]
        return _Groups(self.level, rows, lasts, bounds - bounds[0])

    def chunks(self) -> Iterator[tuple[slice, _Groups]]:
        """Yield consecutive groups with about `_CHUNK` members, and their slice."""
        for start, stop in _cuts(self.bounds[1:], _CHUNK):
            yield slice(start, stop), self.between(start, stop)


def _cuts(ends: Int64, size: int) -> Iterator[tuple[int, int]]:
    """Yield spans of about `size` items, from the cumulated numbers of items."""
    cuts = np.flatnonzero(np.diff(ends // size, prepend=-1, append=-1))
    return pairwise(cuts.tolist())


def _group(
    level: int, keys: NDArray[Any], rows: Int32, lasts: Int32
) -> tuple[_Groups, NDArray[Any]]:
    """Group members with equal keys, and drop groups of one."""
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


class _PrefixJoin:
    """One join: groups of sets that share words are settled or refined."""

    def __init__(self, sets: SetComponents) -> None:
        self.sets = sets
        # m of the module's docstring, for each set.
        spare = (sets.q - sets.p) * sets.sizes.astype(np.int64) // sets.q
        self._spare = spare.astype(np.int32)
        self._work = 0

    def run(self) -> None:
        """Find the components of all sets."""
        sets = self.sets
        for left, right in long_pairs(sets.starts, sets.words, sets.p, sets.q, LONGEST):
            sets.compare_blocks(left, right)
        lengths = np.minimum(self._spare + 1, sets.sizes)
        lengths[sets.sizes > LONGEST] = 0
        counts = np.zeros(sets.n_words, dtype=np.int64)
        for chunk in set_chunks(lengths):
            positions = expand(sets.starts[:-1][chunk], lengths[chunk])
            counts += np.bincount(sets.words[positions], minlength=sets.n_words)
        # Most of the rarest words are in one prefix only, and need not be sorted.
        counts[counts == 1] = 0
        for start, stop in _cuts(np.cumsum(counts), _MAX_FIRST):
            counts_between = np.zeros_like(counts)
            counts_between[start:stop] = counts[start:stop]
            self._process(self._first_groups(lengths, counts_between))

    def _first_groups(self, lengths: Int32, counts: Int64) -> _Groups:
        """Group the sets by the words of their 1-prefix that are counted there."""
        sets = self.sets
        shared, n_members = counts > 0, int(counts.sum())
        keys, rows, lasts = (np.empty(n_members, dtype=np.int32) for _ in range(3))
        end = 0
        for chunk in set_chunks(lengths):
            positions = expand(sets.starts[:-1][chunk], lengths[chunk])
            members = np.repeat(np.arange(chunk.start, chunk.stop), lengths[chunk])
            words = sets.words[positions]
            kept = shared[words]
            start, end = end, end + int(np.count_nonzero(kept))
            keys[start:end] = words[kept]
            rows[start:end] = members = members[kept]
            lasts[start:end] = positions[kept] - sets.starts[members]
        return _group(1, keys, rows, lasts)[0]

    def _process(self, groups: _Groups) -> None:
        """Settle the small groups of one level, and refine the large ones."""
        self._compare_neighbours(groups)
        groups = groups.take(self._is_divided(groups))
        if not len(groups.sizes):
            return
        n_pairs, n_children = (np.empty(len(groups.sizes), np.int64) for _ in range(2))
        for chunk, part in groups.chunks():
            n_pairs[chunk] = self._n_open_pairs(part)
            n_children[chunk] = np.add.reduceat(self._children(part), part.bounds[:-1])
        small = n_pairs <= _PAIRS_PER_CHILD * n_children
        large = groups.take(~small)
        groups = groups.take(small)
        self._settle(groups, n_pairs[small])
        n_pairs, n_children = n_pairs[~small], n_children[~small]
        if not len(large.sizes):
            return
        del groups
        for _, part in large.chunks():
            self.sets.connect(*self._star_edges(part))
        # Refining creates memberships: as many groups at a time as fit into a chunk.
        for start, stop in _cuts(np.cumsum(n_children), _CHUNK):
            self._refine(large.between(start, stop), n_pairs[start:stop])

    def _refine(self, groups: _Groups, n_pairs: Int64) -> None:
        """Group the members of large groups by one more word."""
        sets = self.sets
        divided = self._is_divided(groups)
        groups, n_pairs = groups.take(divided), n_pairs[divided]
        if self._work > max(_MIN_WORK, _WORK_PER_SET * len(sets.labels)):
            merged = groups.sizes > _MAX_STUCK
            self._merge(groups.take(merged))
            self._settle(groups.take(~merged), n_pairs[~merged])
            return
        children = self._children(groups)
        self._work += int(children.sum())
        rows = np.repeat(groups.rows, children)
        steps = expand(groups.lasts + np.int64(1), children)
        keys = np.repeat(groups.group_of * sets.n_words, children)
        keys += sets.words[sets.starts[rows] + steps]
        finer, keys = _group(groups.level + 1, keys, rows, steps.astype(np.int32))
        del rows, steps
        # If one more word leaves as many pairs, the next one would not help either,
        # and the number of combinations grows: such groups are settled as they are.
        parents = keys // sets.n_words
        finer_pairs = finer.sizes * (finer.sizes - 1) // 2
        rest = np.bincount(parents, weights=finer_pairs, minlength=len(groups.sizes))
        stuck = (rest >= n_pairs) & (n_pairs <= _MAX_STUCK_PAIRS)
        self._settle(groups.take(stuck), n_pairs[stuck])
        finer = finer.take(~stuck[parents])
        del groups, keys
        self._process(finer)

    def _children(self, groups: _Groups) -> Int64:
        """Count the words by which each member can be grouped at the next level."""
        rows = groups.rows
        end = np.minimum(self._spare[rows] + groups.level, self.sets.sizes[rows] - 1)
        return np.maximum(end - groups.lasts, 0)

    def _star_edges(self, groups: _Groups) -> tuple[Int32, Int32]:
        """Return edges that connect the similar pairs which share only `level` words.

        Let members of a group at level j have j + e and j + e' words. If they share
        exactly j words, the union has j + e + e', so they are similar if and only if
        e + e' <= E with E = floor(j * q / p) - j. The smallest member has the least e
        of all, so both members of such a pair are similar to it: a star around the
        smallest member connects them.
        """
        level = groups.level
        extra = self.sets.sizes[groups.rows].astype(np.int64) - level
        first = np.repeat(groups.bounds[:-1], groups.sizes)
        bound = level * self.sets.q // self.sets.p - level
        near = extra + extra[first] <= bound
        return groups.rows[first[near]], groups.rows[near]

    def _compare_neighbours(self, groups: _Groups) -> None:
        """Compare each member with the next one: these are often similar."""
        has_next = np.ones(len(groups.rows), dtype=bool)
        has_next[groups.bounds[1:] - 1] = False
        for start in range(0, len(groups.rows), _CHUNK):
            first = start + np.flatnonzero(has_next[start : start + _CHUNK])
            self.sets.compare(groups.rows[first], groups.rows[first + 1])

    def _is_divided(self, groups: _Groups) -> NDArray[np.bool_]:
        """Return which groups have members of more than one component."""
        if not len(groups.sizes):
            return np.zeros(0, dtype=bool)
        labels, starts = self.sets.labels[groups.rows], groups.bounds[:-1]
        low, high = (f.reduceat(labels, starts) for f in (np.minimum, np.maximum))
        divided: NDArray[np.bool_] = low != high
        return divided

    def _n_open_pairs(self, groups: _Groups) -> Int64:
        """Count the pairs of each group, without those inside its largest component."""
        keys = (groups.group_of << 32) | self.sets.labels[groups.rows]
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
        """Compare the pairs of each group that are not connected yet."""
        if not len(groups.sizes):
            return
        self._work += int(n_pairs.sum()) // 20
        for _, part in groups.chunks():
            self._compare_all(part)

    def _compare_all(self, groups: _Groups) -> None:
        rows = self._with_largest_last(groups)
        end = np.repeat(groups.bounds[1:], groups.sizes)
        position = np.arange(len(rows))
        partners = end - position - 1
        # The last members are of one component: no pair of them is to be compared.
        same = self.sets.labels[rows] == self.sets.labels[rows[end - 1]]
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
            self.sets.compare(left, rows[expand(position[start:stop] + 1, span)])
            start = stop

    def _with_largest_last(self, groups: _Groups) -> Int32:
        """Return the rows of each group, its largest component at the end."""
        group_of = groups.group_of
        labels = self.sets.labels[groups.rows]
        order = np.lexsort((labels, group_of))
        run_of = np.cumsum(
            (np.diff(group_of, prepend=-1) != 0)
            | (np.diff(labels[order], prepend=-1) != 0)
        )
        lengths = np.bincount(run_of)[run_of]
        rows: Int32 = groups.rows[order]
        return rows[np.lexsort((run_of, lengths, group_of))]

    def _merge(self, groups: _Groups) -> None:
        """Unite all members of each group without comparing them."""
        first = np.repeat(groups.bounds[:-1], groups.sizes)
        self.sets.connect(groups.rows[first], groups.rows)
