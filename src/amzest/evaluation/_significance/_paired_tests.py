"""Paired tests of designs, and their correction for multiple testing."""

from __future__ import annotations

from collections.abc import Iterable
from string import ascii_letters
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

Correction = Literal["holm", "bonferroni"] | None


def mcnemar_p_value(
    n_only_first: NDArray[np.int64] | int, n_only_second: NDArray[np.int64] | int
) -> NDArray[np.float64]:
    """Return exact two-sided p-values of two designs being equally accurate.

    The arguments are numbers of rows for which only one of them is correct.
    """
    # Under the hypothesis each of these rows is correct for either design with
    # probability 1/2; the other rows are not informative (McNemar 1947).
    first, second = np.asarray(n_only_first), np.asarray(n_only_second)
    tail = bdtr(np.minimum(first, second).astype(float), first + second, 0.5)
    return np.asarray(np.minimum(2 * tail, 1.0))


def correct_p_values(
    p_values: NDArray[np.float64], correction: Correction
) -> NDArray[np.float64]:
    """Return p-values corrected for their number."""
    n_tests = len(p_values)
    if correction is None or not n_tests:
        return p_values.copy()
    if correction == "bonferroni":
        return np.minimum(p_values * n_tests, 1.0)
    # Holm (1979): the smallest is multiplied by n, the next by n - 1, and so on; none
    # is smaller than the one before. Same guarantee as Bonferroni's, but more powerful.
    order = np.argsort(p_values, kind="stable")
    raised = p_values[order] * np.arange(n_tests, 0, -1)
    corrected = np.empty(n_tests)
    corrected[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return corrected


def group_letters(n_designs: int, differing: Iterable[tuple[int, int]]) -> list[str]:
    """Return letters such that two designs share one unless they differ.

    `differing` has pairs of positions; "a" is a letter of the first design, the best.
    """
    # Insert and absorb (Piepho 2004): start with one group of all designs, split each
    # group that contains a differing pair, and remove groups within others.
    groups = [frozenset(range(n_designs))]
    for pair in differing:
        split: list[frozenset[int]] = []
        for group in groups:
            parts = [group - {one} for one in pair] if group >= set(pair) else [group]
            split += [part for part in parts if part not in split]
        groups = [one for one in split if not any(one < other for other in split)]
    groups.sort(key=sorted)
    return [
        "".join(
            ascii_letters[place % len(ascii_letters)]
            for place, group in enumerate(groups)
            if design in group
        )
        for design in range(n_designs)
    ]
