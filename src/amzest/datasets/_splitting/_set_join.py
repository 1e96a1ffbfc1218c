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

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

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
    take_sets,
    unique_sets,
)

#: Largest number of pairs, and of memberships in refined groups, held at a time.
_CHUNK = 1 << 21
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
        found = similar_sets(*take_sets(starts, words, kept), similarity)
        labels[non_empty] = len(labels) + found[set_of]
    return number_labels(labels)


def similar_sets(indptr: Int64, words: Int32, similarity: float) -> Int32:
    """Label the connected components of the graph of similar sets; no set is empty.

    Sets are united without being similar in one case only: they share several words
    with thousands of others, further words do not divide the group, and the work
    exceeds `_WORK_PER_SET` and `_MIN_WORK`. This bounds the time, and never separates
    similar sets.
    """
    order, starts, sorted_words = rare_words_first(indptr, words)
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

    def take(self, chosen: NDArray[np.bool_] | slice) -> _Groups:
        """Return some of the groups."""
        sizes = self.sizes[chosen]
        members = expand(self.bounds[:-1][chosen], sizes)
        bounds = np.concatenate([[0], np.cumsum(sizes)])
        return _Groups(self.level, self.rows[members], self.lasts[members], bounds)


def _group(level: int, keys: Int64, rows: Int32, lasts: Int32) -> tuple[_Groups, Int64]:
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
        self._spare = (sets.q - sets.p) * sets.sizes // sets.q
        self._work = 0

    def run(self) -> None:
        """Find the components of all sets."""
        sets = self.sets
        for left, right in long_pairs(sets.starts, sets.words, sets.p, sets.q, LONGEST):
            sets.compare_blocks(left, right)
        lengths = np.minimum(self._spare + 1, sets.sizes)
        lengths[sets.sizes > LONGEST] = 0
        rows = np.repeat(np.arange(len(sets.sizes), dtype=np.int32), lengths)
        positions = expand(sets.starts[:-1], lengths)
        lasts = (positions - sets.starts[rows]).astype(np.int32)
        keys = sets.words[positions].astype(np.int64)
        groups, _ = _group(1, keys, rows, lasts)
        del keys, rows, positions, lasts  # as large as all prefixes
        self._process(groups)

    def _process(self, groups: _Groups) -> None:
        """Settle the small groups of one level, and refine the large ones."""
        self._compare_neighbours(groups)
        groups = groups.take(self._is_divided(groups))
        if not len(groups.sizes):
            return
        n_pairs = self._n_open_pairs(groups)
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
        self.sets.connect(*self._star_edges(large))
        # Refining creates memberships: as many groups at a time as fit into a chunk.
        parts = np.cumsum(n_children) // _CHUNK
        cuts = np.flatnonzero(np.diff(parts, prepend=-1, append=-1))
        for start, stop in pairwise(cuts.tolist()):
            self._refine(large.take(slice(start, stop)), n_pairs[start:stop])

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
        extra = self.sets.sizes[groups.rows] - level
        first = np.repeat(groups.bounds[:-1], groups.sizes)
        bound = level * self.sets.q // self.sets.p - level
        near = extra + extra[first] <= bound
        return groups.rows[first[near]], groups.rows[near]

    def _compare_neighbours(self, groups: _Groups) -> None:
        """Compare each member with the next one: these are often similar."""
        pairs = np.arange(len(groups.rows) - 1)
        last_of_group = groups.bounds[1:-1] - 1
        pairs = np.delete(pairs, last_of_group)
        for start in range(0, len(pairs), _CHUNK):
            chunk = pairs[start : start + _CHUNK]
            self.sets.compare(groups.rows[chunk], groups.rows[chunk + 1])

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
