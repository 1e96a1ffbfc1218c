"""Tests of two designs on the same rows, and what many such tests have to pay."""

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
    """Test whether two designs are right equally often, exactly.

    Rows on which both are right or both are wrong say nothing about it. Of the others,
    each falls to either side with probability 1/2 when the designs are equally good.

    Parameters
    ----------
    n_only_first, n_only_second : int or ndarray of int
        Rows that only the one design gets right.

    Returns
    -------
    ndarray
        Two-sided p-values of the binomial test; 1 when there is no such row.
    """
    first, second = np.asarray(n_only_first), np.asarray(n_only_second)
    tail = bdtr(np.minimum(first, second).astype(float), first + second, 0.5)
    return np.asarray(np.minimum(2 * tail, 1.0))


def correct_p_values(
    p_values: NDArray[np.float64], correction: Correction
) -> NDArray[np.float64]:
    """Raise p-values for the number of tests.

    Parameters
    ----------
    p_values : ndarray of shape (n_tests,)
        What the tests gave.

    correction : {"holm", "bonferroni"} or None
        "bonferroni" multiplies each by the number of tests. "holm" multiplies the
        smallest by it, the next by one less, and so on, and lets none fall below the
        one before: it holds the same guarantee and finds more. None leaves them alone.

    Returns
    -------
    ndarray of shape (n_tests,)
        Corrected p-values, at most 1.
    """
    n_tests = len(p_values)
    if correction is None or not n_tests:
        return p_values.copy()
    if correction == "bonferroni":
        return np.minimum(p_values * n_tests, 1.0)
    order = np.argsort(p_values, kind="stable")
    raised = p_values[order] * np.arange(n_tests, 0, -1)
    corrected = np.empty(n_tests)
    corrected[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return corrected


def group_letters(n_designs: int, differing: Iterable[tuple[int, int]]) -> list[str]:
    """Give letters to designs so that two share one unless they differ.

    Parameters
    ----------
    n_designs : int
        Number of designs, the best first.

    differing : iterable of (int, int)
        Pairs of which one is better than the other.

    Returns
    -------
    list of str
        Letters of each design, "a" among those of the best.
    """
    groups = [frozenset(range(n_designs))]
    for pair in differing:
        split: list[frozenset[int]] = []
        for group in groups:
            parts = [group - {one} for one in pair] if group >= set(pair) else [group]
            split += [part for part in parts if part not in split]
        # A group within another one says nothing new.
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
