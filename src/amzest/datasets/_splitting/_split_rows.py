"""A stratified split into training and test rows that keeps groups together."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.datasets._shared._random_generators import spawn_generators
from amzest.datasets._splitting._balance_products import rank_within
from amzest.datasets._splitting._category_codes import category_codes, list_categories
from amzest.utils import count

Counts = NDArray[np.int64]


def split_rows(
    categories: Sequence[Any] | NDArray[Any],
    groups: Sequence[Any] | NDArray[Any],
    test_size: float | int = 0.25,
    random_state: int | np.random.RandomState | None = None,
    *,
    name: str = "categories",
) -> NDArray[np.bool_]:
    """Return a mask of the test rows, see `split_products`.

    Categories and group labels are any hashable values.
    """
    generator = spawn_generators(random_state)[0]
    codes, values = category_codes(categories, name)
    if isinstance(groups, np.ndarray) and groups.dtype.kind in "iu":
        group_of = np.unique(groups, return_inverse=True)[1]
    else:
        group_of = category_codes(groups, "groups")[0]
    n_test = _count_test_rows(test_size, len(codes))
    _check_two_groups(codes, group_of, values, name)
    quota = _allocate(np.bincount(codes), n_test, generator)
    allocation = _GroupAllocation(codes, group_of, quota, generator)
    allocation.place_mixed()
    allocation.place_large()
    allocation.place_single()
    allocation.fill_up()
    one_sided = allocation.one_sided()
    if len(one_sided):
        listed = list_categories(
            [values[code] for code in one_sided],
            np.bincount(codes)[one_sided].tolist(),
        )
        msg = (
            f"`{name}` has categories that cannot occur in both sets: {listed}. Their "
            "products are grouped with those of other categories by equal images, near "
            "titles or near descriptions. Raise similarity= or "
            "description_similarity=, or merge or drop these categories."
        )
        raise ValueError(msg)
    return allocation.in_test[group_of]


def _count_test_rows(test_size: float | int, n_rows: int) -> int:
    if isinstance(test_size, Integral):
        if not 1 <= int(test_size) < n_rows:
            msg = (
                f"`test_size` is {count(int(test_size), 'row')}, but the table has "
                f"{n_rows}. Pass a number from 1 to {n_rows - 1}, or a fraction such "
                "as 0.25."
            )
            raise ValueError(msg)
        return int(test_size)
    # Rounded up as by train_test_split; but 0.07 * 100 = 7.000000000000001 is 7 rows.
    return min(ceil(round(float(test_size) * n_rows, 8)), n_rows - 1)


def _check_two_groups(
    codes: NDArray[np.intp], group_of: NDArray[np.intp], values: list[Any], name: str
) -> None:
    sizes = np.bincount(codes)
    # Category and group as one number, to count distinct groups of each category.
    pairs = np.unique(codes * (int(group_of.max()) + 1) + group_of)
    n_groups = np.bincount(pairs // (int(group_of.max()) + 1), minlength=len(sizes))
    few = np.flatnonzero(n_groups < 2)
    if len(few):
        listed = list_categories([values[code] for code in few], sizes[few].tolist())
        msg = (
            f"`{name}` has {count(len(few), 'category')} with a single product or a "
            "single group of products (near titles or descriptions, equal images), "
            f"which cannot occur in both sets: {listed}. Add products, merge such "
            "categories into others, drop their rows, or pass description_column=None "
            "to ignore descriptions."
        )
        raise ValueError(msg)


def _allocate(sizes: Counts, n_test: int, generator: np.random.RandomState) -> Counts:
    """Return the number of test rows of each category, by largest remainder.

    The method of Hamilton: rounded down quotas, then one more row each for the largest
    remainders. As at least one row of each category is in each set, it may take
    several rounds.
    """
    n_rows, n_categories = int(sizes.sum()), len(sizes)
    if min(n_test, n_rows - n_test) < n_categories:
        msg = (
            f"`test_size` means {count(n_test, 'row')} for testing and "
            f"{n_rows - n_test} for training, but there are {n_categories} categories, "
            f"each of which must occur in both sets. Choose from {n_categories} to "
            f"{n_rows - n_categories} rows, or drop categories."
        )
        raise ValueError(msg)
    exact = sizes * (n_test / n_rows)
    quota = np.clip(np.floor(exact), 1, sizes - 1).astype(np.int64)
    while (rest := n_test - int(quota.sum())) != 0:
        step = 1 if rest > 0 else -1
        free = (quota < sizes - 1) if rest > 0 else (quota > 1)
        # Ties are broken at random, so that not always the first category gains.
        random = generator.random_sample(n_categories)
        order = np.lexsort((random, (quota - exact) * step))
        quota[order[free[order]][: abs(rest)]] += step
    return quota


class _GroupAllocation:
    """Allocates groups to the test set until the quota of each category is filled.

    `places` are the test rows that a category still needs, `rows_left` its rows that
    are not placed yet. Placing a group with probability places / rows_left, which is
    updated after each group, is sampling without replacement: each row has the same
    probability, except for groups larger than `places`, which go into training.
    """

    def __init__(
        self,
        codes: NDArray[np.intp],
        group_of: NDArray[np.intp],
        quota: Counts,
        generator: np.random.RandomState,
    ) -> None:
        self.generator = generator
        self.sizes = np.bincount(group_of)
        self.in_test = np.zeros(len(self.sizes), dtype=bool)
        self.rows_left = np.bincount(codes).astype(np.int64)
        self.places = quota.astype(np.int64)
        self.n_train = self.rows_left.copy()
        self.n_test = np.zeros_like(self.n_train)
        # One entry per category of each group.
        width = len(quota)
        entries, counts = np.unique(group_of * width + codes, return_counts=True)
        groups = entries // width
        mixed = np.bincount(groups) > 1
        #: Categories of each mixed group, and the number of rows of each.
        self.contents: dict[int, tuple[NDArray[np.intp], Counts]] = {}
        bounds = np.searchsorted(groups, np.arange(len(mixed) + 1))
        for group in np.flatnonzero(mixed).tolist():
            span = slice(bounds[group], bounds[group + 1])
            self.contents[group] = (entries[span] % width, counts[span])
        #: Category of each group, the smallest code if there are several.
        self.code_of = entries[np.flatnonzero(np.diff(groups, prepend=-1))] % width
        self.pure = ~mixed

    def place_mixed(self) -> None:
        """Place groups of several categories first, as all others can compensate."""
        for group in self._large_first(np.array(list(self.contents), dtype=np.intp)):
            codes, counts = self.contents[group]
            probability = self.places[codes] / self.rows_left[codes]
            fits = bool((counts <= self.places[codes]).all())
            chosen = self.generator.random_sample() < np.average(
                probability, weights=counts
            )
            self.rows_left[codes] -= counts
            if fits and chosen:
                self._move(group)

    def place_large(self) -> None:
        """Place groups of several rows and one category."""
        groups = self._large_first(np.flatnonzero(self.pure & (self.sizes > 1)))
        numbers = self.generator.random_sample(len(groups)).tolist()
        # Python numbers, as this loop may run for a million groups.
        places, rows_left = self.places.tolist(), self.rows_left.tolist()
        sizes, codes = self.sizes[groups].tolist(), self.code_of[groups].tolist()
        chosen = []
        for group, size, code, number in zip(
            groups, sizes, codes, numbers, strict=True
        ):
            if size <= places[code] and number * rows_left[code] < places[code]:
                places[code] -= size
                chosen.append(group)
            rows_left[code] -= size
        self.rows_left[:] = rows_left
        self._move_pure(np.array(chosen, dtype=np.intp))

    def place_single(self) -> None:
        """Fill the places that are left with groups of one row."""
        # A random sample of each category, of exactly the size that is needed.
        single = np.flatnonzero(self.sizes == 1)
        codes = self.code_of[single]
        rank = rank_within(codes, self.generator.permutation(len(single)))
        self._move_pure(single[rank < np.maximum(self.places, 0)[codes]])
        self.rows_left[:] = 0

    def fill_up(self) -> None:
        """Move further groups into the test set if this comes closer to the quota."""
        for code in np.flatnonzero(self.places > 0).tolist():
            groups = np.flatnonzero(self.pure & ~self.in_test & (self.code_of == code))
            while self.places[code] > 0:
                most = self.n_train[code] - 1  # one row must remain for training
                groups = groups[~self.in_test[groups] & (self.sizes[groups] <= most)]
                if not len(groups):
                    break
                miss = np.abs(self.places[code] - self.sizes[groups])
                best = groups[miss == miss.min()]
                if miss.min() >= self.places[code]:
                    break
                self._move(int(self.generator.choice(best)))
        for code in np.flatnonzero(self.n_test == 0).tolist():
            self._move_nearest(code)

    def one_sided(self) -> NDArray[np.intp]:
        """Return the categories that occur in one set only."""
        return np.flatnonzero((self.n_test == 0) | (self.n_train == 0))

    def _move_nearest(self, code: int) -> None:
        """Move the group of a category that changes the distance to quotas least."""
        candidates = []
        pure = np.flatnonzero(self.pure & ~self.in_test & (self.code_of == code))
        mixed = [
            group
            for group, (codes, _) in self.contents.items()
            if code in codes and not self.in_test[group]
        ]
        for group in self._large_first(np.array([*pure, *mixed], dtype=np.intp)):
            codes, counts = self._content(group)
            if (counts < self.n_train[codes]).all():
                before = np.abs(self.places[codes]).sum()
                after = np.abs(self.places[codes] - counts).sum()
                candidates.append((int(after - before), group))
        if candidates:
            self._move(min(candidates, key=lambda candidate: candidate[0])[1])

    def _content(self, group: int) -> tuple[NDArray[np.intp], Counts]:
        if group in self.contents:
            return self.contents[group]
        return self.code_of[group : group + 1], self.sizes[group : group + 1]

    def _large_first(self, groups: NDArray[np.intp]) -> list[int]:
        """Sort groups by falling size, groups of one size in random order."""
        random = self.generator.random_sample(len(groups))
        order = np.lexsort((random, -self.sizes[groups]))
        return groups[order].tolist()

    def _move(self, group: int) -> None:
        codes, counts = self._content(group)
        self.in_test[group] = True
        self.places[codes] -= counts
        self.n_test[codes] += counts
        self.n_train[codes] -= counts

    def _move_pure(self, groups: NDArray[np.intp]) -> None:
        self.in_test[groups] = True
        counts = np.zeros_like(self.places)
        np.add.at(counts, self.code_of[groups], self.sizes[groups])
        self.places -= counts
        self.n_test += counts
        self.n_train -= counts
