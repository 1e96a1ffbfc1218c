"""A stratified split that keeps groups whole, on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.datasets._making._shop_plan import draw_streams
from amzest.datasets._splitting._balance_products import rank_within
from amzest.datasets._splitting._category_codes import category_codes, list_categories
from amzest.utils import count, shown

Counts = NDArray[np.int64]


def split_rows(
    categories: Sequence[Any] | NDArray[Any],
    groups: Sequence[Any] | NDArray[Any],
    test_size: float | int = 0.25,
    random_state: int | np.random.RandomState | None = None,
    *,
    name: str = "categories",
) -> NDArray[np.bool_]:
    """Mark the rows of the test part.

    Parameters
    ----------
    categories : sequence of shape (n_rows,)
        Category of each row; any hashable values.

    groups : sequence of shape (n_rows,)
        Label of what must stay together; any hashable values.

    test_size : float or int, default=0.25
        Share of the rows between 0 and 1, or an int, a number of rows.

    random_state : int, RandomState instance or None, default=None
        Pass an int for the same split at each call.

    name : str, default="categories"
        The column of the categories, for messages.

    Returns
    -------
    ndarray of shape (n_rows,), dtype bool
        True for rows of the test part.

    Raises
    ------
    ValueError
        If a category is missing or cannot stand on both sides, or the size is out of
        range.
    TypeError
        If `test_size` or `random_state` is of the wrong type.

    See Also
    --------
    amzest.datasets._splitting._split_products.split_products : How rows are drawn.
    """
    rng = draw_streams(random_state)["order"]
    codes, values = category_codes(categories, name)
    if isinstance(groups, np.ndarray) and groups.dtype.kind in "iu":
        group_of = np.unique(groups, return_inverse=True)[1]
    else:
        group_of = category_codes(groups, "groups")[0]
    n_test = _count_test_rows(test_size, len(codes))
    _check_two_groups(codes, group_of, values, name)
    quota = _share_out(np.bincount(codes), n_test, rng)
    draw = _Draw(codes, group_of, quota, rng)
    draw.place_mixed()
    draw.place_large()
    draw.place_single()
    draw.mend()
    lost = draw.one_sided()
    if len(lost):
        listed = list_categories(
            [values[code] for code in lost], np.bincount(codes)[lost].tolist()
        )
        msg = (
            f"`{name}` has categories that cannot stand on both sides: {listed}. Their "
            "products are tied to those of other categories by equal images, near "
            "titles or near descriptions. Raise similarity= or "
            "description_similarity=, or merge or drop these categories."
        )
        raise ValueError(msg)
    return draw.in_test[group_of]


def _count_test_rows(test_size: Any, n_rows: int) -> int:
    if isinstance(test_size, bool) or not isinstance(test_size, Real):
        msg = f"`test_size` must be a float or an int, got {shown(test_size)}."
        raise TypeError(msg)
    if isinstance(test_size, Integral):
        if not 1 <= int(test_size) < n_rows:
            msg = (
                f"`test_size` is {count(int(test_size), 'row')}, but the table has "
                f"{n_rows}. Give a "
                f"number from 1 to {n_rows - 1}, or a share such as 0.25."
            )
            raise ValueError(msg)
        return int(test_size)
    share = float(test_size)
    if not 0 < share < 1:
        msg = f"`test_size` must be a share between 0 and 1 or an int, got {test_size}."
        raise ValueError(msg)
    # As train_test_split, which rounds up; but 0.07 * 100 is 7 and not 8 rows.
    return min(ceil(round(share * n_rows, 8)), n_rows - 1)


def _check_two_groups(
    codes: NDArray[np.intp], group_of: NDArray[np.intp], values: list[Any], name: str
) -> None:
    sizes = np.bincount(codes)
    pairs = np.unique(codes * (int(group_of.max()) + 1) + group_of)
    n_groups = np.bincount(pairs // (int(group_of.max()) + 1), minlength=len(sizes))
    few = np.flatnonzero(n_groups < 2)
    if len(few):
        listed = list_categories([values[code] for code in few], sizes[few].tolist())
        one = len(few) == 1
        msg = (
            f"`{name}` has {len(few)} {'category' if one else 'categories'} whose "
            "products are a single one or all belong together (near titles or "
            f"descriptions, equal images), so that {'it' if one else 'they'} cannot "
            f"stand on both sides: {listed}. Add products, merge "
            f"{'it' if one else 'them'} into other categories, drop "
            f"{'its' if one else 'their'} rows, or pass description_column=None to "
            "leave descriptions out of account."
        )
        raise ValueError(msg)


def _share_out(sizes: Counts, n_test: int, rng: np.random.RandomState) -> Counts:
    """Share out the test rows to the categories, by largest remainder."""
    n_rows, n_categories = int(sizes.sum()), len(sizes)
    if min(n_test, n_rows - n_test) < n_categories:
        msg = (
            f"`test_size` gives {count(n_test, 'row')} for testing and "
            f"{n_rows - n_test} for "
            f"training, but there are {n_categories} categories, and each must stand "
            f"on both sides. Choose from {n_categories} to {n_rows - n_categories} "
            "rows, or drop categories."
        )
        raise ValueError(msg)
    exact = sizes * (n_test / n_rows)
    quota = np.clip(np.floor(exact), 1, sizes - 1).astype(np.int64)
    while (rest := n_test - int(quota.sum())) != 0:
        step = 1 if rest > 0 else -1
        free = (quota < sizes - 1) if rest > 0 else (quota > 1)
        # Ties are drawn, so that the first category is not always the one to gain.
        order = np.lexsort((rng.random_sample(n_categories), (quota - exact) * step))
        quota[order[free[order]][: abs(rest)]] += step
    return quota


class _Draw:
    """Groups on their way into the test part or into training."""

    def __init__(
        self,
        codes: NDArray[np.intp],
        group_of: NDArray[np.intp],
        quota: Counts,
        rng: np.random.RandomState,
    ) -> None:
        self.rng = rng
        self.sizes = np.bincount(group_of)
        self.in_test = np.zeros(len(self.sizes), dtype=bool)
        #: Rows of each category that are still to be placed; places that are left.
        self.rows_left = np.bincount(codes).astype(np.int64)
        self.places = quota.astype(np.int64)
        self.n_train = self.rows_left.copy()
        self.n_test = np.zeros_like(self.n_train)
        # One entry for each category of each group.
        width = len(quota)
        entries, counts = np.unique(group_of * width + codes, return_counts=True)
        groups = entries // width
        mixed = np.bincount(groups) > 1
        self.contents: dict[int, tuple[NDArray[np.intp], Counts]] = {}
        bounds = np.searchsorted(groups, np.arange(len(mixed) + 1))
        for group in np.flatnonzero(mixed).tolist():
            span = slice(bounds[group], bounds[group + 1])
            self.contents[group] = (entries[span] % width, counts[span])
        #: The category of each group, the least of several.
        self.code_of = entries[np.flatnonzero(np.diff(groups, prepend=-1))] % width
        self.pure = ~mixed

    def place_mixed(self) -> None:
        """Place groups of several categories, while all others can make up for it."""
        for group in self._large_first(np.array(list(self.contents), dtype=np.intp)):
            codes, counts = self.contents[group]
            chance = self.places[codes] / self.rows_left[codes]
            fits = bool((counts <= self.places[codes]).all())
            drawn = self.rng.random_sample() < np.average(chance, weights=counts)
            self.rows_left[codes] -= counts
            if fits and drawn:
                self._move(group)

    def place_large(self) -> None:
        """Place groups of several rows and one category."""
        groups = self._large_first(np.flatnonzero(self.pure & (self.sizes > 1)))
        draws = self.rng.random_sample(len(groups)).tolist()
        # Plain numbers: this loop runs once for each of maybe a million groups.
        places, rows_left = self.places.tolist(), self.rows_left.tolist()
        sizes, codes = self.sizes[groups].tolist(), self.code_of[groups].tolist()
        chosen = []
        for group, size, code, draw in zip(groups, sizes, codes, draws, strict=True):
            if size <= places[code] and draw * rows_left[code] < places[code]:
                places[code] -= size
                chosen.append(group)
            rows_left[code] -= size
        self.rows_left[:] = rows_left
        self._move_pure(np.array(chosen, dtype=np.intp))

    def place_single(self) -> None:
        """Fill the places that are left with groups of one row."""
        single = np.flatnonzero(self.sizes == 1)
        codes = self.code_of[single]
        rank = rank_within(codes, self.rng.permutation(len(single)))
        self._move_pure(single[rank < np.maximum(self.places, 0)[codes]])
        self.rows_left[:] = 0

    def mend(self) -> None:
        """Move more groups where places are left, if that comes closer to the quota."""
        for code in np.flatnonzero(self.places > 0).tolist():
            groups = np.flatnonzero(self.pure & ~self.in_test & (self.code_of == code))
            while self.places[code] > 0:
                room = self.n_train[code] - 1
                groups = groups[~self.in_test[groups] & (self.sizes[groups] <= room)]
                if not len(groups):
                    break
                miss = np.abs(self.places[code] - self.sizes[groups])
                best = groups[miss == miss.min()]
                if miss.min() >= self.places[code]:
                    break
                self._move(int(self.rng.choice(best)))
        for code in np.flatnonzero(self.n_test == 0).tolist():
            self._move_nearest(code)

    def one_sided(self) -> NDArray[np.intp]:
        """Give the categories that stand on one side only."""
        return np.flatnonzero((self.n_test == 0) | (self.n_train == 0))

    def _move_nearest(self, code: int) -> None:
        """Move the group of a category that does least harm to the quotas."""
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
        """Order groups by size, and draw the order of equal sizes."""
        order = np.lexsort((self.rng.random_sample(len(groups)), -self.sizes[groups]))
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
