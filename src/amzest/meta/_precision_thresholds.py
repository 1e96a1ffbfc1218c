"""Thresholds above which a stated precision can be shown, not only seen.

A threshold picked because the rows at hand look right above it promises too much: among
many thresholds some look right by luck. Here each is a hypothesis, "precision above it
is below the target", that a binomial test rejects; the tests go from the strictest
threshold to looser ones in an order that no outcome has a part in, and the error
probability is handed on from one to the next (fixed-sequence and fallback testing).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: Wrong rows that the test may tolerate where a sequence starts. A single start at 0
#: ends at the first unlucky row; many starts leave each too little error probability.
_TOLERATED = (0, 3, 12, 48, 192)


@dataclass(frozen=True)
class ClassThresholds:
    """Thresholds of all classes.

    Attributes
    ----------
    thresholds : ndarray of shape (n_classes,)
        Probability from which the class is given as the answer; inf: never.

    own : ndarray of shape (n_classes,), dtype bool
        False for classes that share the pooled threshold.
    """

    thresholds: Floats
    own: Bools


def fewest_rows(target_precision: float, level: float) -> int:
    """Count the rows that show a precision if not one of them is wrong.

    Parameters
    ----------
    target_precision : float
        Precision to be shown, between 0 and 1.

    level : float
        Error probability of the test, between 0 and 1.

    Returns
    -------
    int
        The smallest n with ``target_precision ** n <= level``.
    """
    exact = math.log(level) / math.log(target_precision)
    return max(1, math.ceil(exact - 1e-9))


def choose_threshold(
    scores: Floats, correct: Bools, target_precision: float, confidence_level: float
) -> float:
    """Choose the lowest score from which the precision can be shown.

    Parameters
    ----------
    scores : ndarray of shape (n_rows,)
        How sure the classifier is of its answer.

    correct : ndarray of shape (n_rows,), dtype bool
        Whether the answer is right.

    target_precision : float
        Share of right answers that is to be reached.

    confidence_level : float
        Probability with which fresh rows reach it.

    Returns
    -------
    float
        The threshold, one of `scores`; inf where none can be shown to do.
    """
    budget = 1.0 - confidence_level
    starts, share = _starts(len(scores), target_precision, budget)
    if not starts:
        return math.inf
    order = np.argsort(-scores, kind="stable")
    sorted_scores = scores[order]
    n_wrong = np.cumsum(~correct[order])
    # Equal scores pass or fail together.
    ends = np.flatnonzero(np.append(sorted_scores[1:] != sorted_scores[:-1], True))
    ranks = ends + 1
    p_values = binom.cdf(n_wrong[ends], ranks, 1.0 - target_precision)
    added = np.zeros(len(ranks))
    np.add.at(added, np.searchsorted(ranks, starts), share)

    chosen, level = math.inf, 0.0
    for place in range(int(np.flatnonzero(added)[0]), len(ranks)):
        level += added[place]
        # A level of 0 is a sequence that has ended; it goes on at the next start.
        if level > 0 and p_values[place] <= level * (1 + 1e-9):
            chosen = float(sorted_scores[ends[place]])
        else:
            level = 0.0
    return chosen


def _starts(n_rows: int, target: float, budget: float) -> tuple[list[int], float]:
    """Give the numbers of rows at which a sequence starts, and the level of each."""
    for n_starts in range(len(_TOLERATED), 0, -1):
        share = budget / n_starts
        last = _rows_to_tolerate(_TOLERATED[n_starts - 1], target, share)
        # A start that leaves few rows to go on to takes more from the others than it
        # gives.
        if last * (2 if n_starts > 1 else 1) <= n_rows:
            tolerated = _TOLERATED[:n_starts]
            return [_rows_to_tolerate(n, target, share) for n in tolerated], share
    return [], 0.0


def _rows_to_tolerate(n_wrong: int, target: float, level: float) -> int:
    """Count the rows that show a precision though some of them are wrong."""
    if n_wrong == 0:
        return fewest_rows(target, level)
    # The probability to see no more wrong rows falls as there are more rows.
    low, high = n_wrong, 2 * (n_wrong + 1)
    while binom.cdf(n_wrong, high, 1.0 - target) > level:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if binom.cdf(n_wrong, middle, 1.0 - target) > level:
            low = middle
        else:
            high = middle
    return high


def choose_class_thresholds(
    proba: Floats,
    targets: NDArray[np.int64],
    *,
    target_precision: float,
    confidence_level: float,
    per_class: bool,
    min_rows_per_class: int,
) -> ClassThresholds:
    """Choose a threshold for each class, and one for all that have too few rows.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, n_classes)
        Probabilities of rows that the classifier has not learnt from.

    targets : ndarray of shape (n_samples,), dtype int64
        Column of the true class of each row.

    target_precision : float
        Share of right answers that is to be reached.

    confidence_level : float
        Probability with which fresh rows reach it.

    per_class : bool
        False: all classes share one threshold.

    min_rows_per_class : int
        Rows for which a class must be the most probable to have its own threshold.

    Returns
    -------
    ClassThresholds
        The thresholds.
    """
    n_classes = proba.shape[1]
    predicted = proba.argmax(axis=1)
    scores = proba[np.arange(len(proba)), predicted]
    correct = predicted == targets
    n_predicted = np.bincount(predicted, minlength=n_classes)
    own = (n_predicted >= min_rows_per_class) & per_class

    def choose(rows: Bools) -> float:
        return choose_threshold(
            scores[rows], correct[rows], target_precision, confidence_level
        )

    thresholds = np.full(n_classes, choose(~own[predicted]))
    for code in np.flatnonzero(own):
        thresholds[code] = choose(predicted == code)
    return ClassThresholds(thresholds, own)
