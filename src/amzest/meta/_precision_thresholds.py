"""Thresholds above which a target precision is statistically significant.

A threshold chosen because the precision above it looks high is optimistic: among many
thresholds some look good at random. Here each is a hypothesis, "the precision above it
is below the target", rejected by an exact binomial test. The tests run from the
strictest threshold to looser ones, in an order that does not depend on the labels, and
pass their error probability on to the next (fixed-sequence and fallback testing, see
the references of `ReviewThresholdClassifier`).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from amzest.utils import LabelledPredictions

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: Errors that the test tolerates where a sequence starts. With a single start at 0 an
#: early error ends the search; many starts leave each too little error probability.
_TOLERATED = (0, 3, 12, 48, 192)


def min_rows_for_precision(target_precision: float, level: float) -> int:
    """Return the smallest n with ``target_precision ** n <= level``."""
    exact = math.log(level) / math.log(target_precision)
    return max(1, math.ceil(exact - 1e-9))


def choose_threshold(
    scores: Floats, correct: Bools, target_precision: float, confidence_level: float
) -> float:
    """Return the lowest score above which the precision is shown, or inf."""
    budget = 1.0 - confidence_level
    starts, share = _starts(len(scores), target_precision, budget)
    if not starts:
        return math.inf
    order = np.argsort(-scores, kind="stable")
    sorted_scores = scores[order]
    n_wrong = np.cumsum(~correct[order])
    # Equal scores are accepted or rejected together: test only the last of each.
    ends = np.flatnonzero(np.append(sorted_scores[1:] != sorted_scores[:-1], True))
    ranks = ends + 1
    # Probability of so few errors if the precision were only the target.
    p_values = binom.cdf(n_wrong[ends], ranks, 1.0 - target_precision)
    added = np.zeros(len(ranks))
    np.add.at(added, np.searchsorted(ranks, starts), share)

    # Fallback procedure: a rejected hypothesis passes its level on to the next one, a
    # hypothesis that is not rejected loses it. Level 0 means that the sequence has
    # ended; testing continues at the next start.
    chosen, level = math.inf, 0.0
    for place in range(int(np.flatnonzero(added)[0]), len(ranks)):
        level += added[place]
        if level > 0 and p_values[place] <= level * (1 + 1e-9):
            chosen = float(sorted_scores[ends[place]])
        else:
            level = 0.0
    return chosen


def _starts(n_rows: int, target: float, budget: float) -> tuple[list[int], float]:
    """Return the ranks at which sequences start, and the level of each."""
    for n_starts in range(len(_TOLERATED), 0, -1):
        share = budget / n_starts
        last = _rows_to_tolerate(_TOLERATED[n_starts - 1], target, share)
        # A start near the end has few rows left to test, and costs the other starts
        # more level than it gains.
        if last * (2 if n_starts > 1 else 1) <= n_rows:
            tolerated = _TOLERATED[:n_starts]
            return [_rows_to_tolerate(n, target, share) for n in tolerated], share
    return [], 0.0


def _rows_to_tolerate(n_wrong: int, target: float, level: float) -> int:
    """Return the number of rows that show the precision despite `n_wrong` errors."""
    if n_wrong == 0:
        return min_rows_for_precision(target, level)
    # The probability of at most `n_wrong` errors decreases with the number of rows, so
    # that doubling and then bisection find the smallest number.
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
    predictions: LabelledPredictions,
    *,
    target_precision: float,
    confidence_level: float,
    per_class: bool,
    min_rows_per_class: int,
) -> tuple[Floats, Bools]:
    """Return a threshold per class, and which classes do not use the pooled one.

    A class has its own if it is predicted for at least `min_rows_per_class` samples.
    """
    n_classes = len(predictions.classes)
    predicted, scores = predictions.predicted, predictions.confidence
    correct = predictions.correct
    n_predicted = np.bincount(predicted, minlength=n_classes)
    own = (n_predicted >= min_rows_per_class) & per_class

    def choose(rows: Bools) -> float:
        return choose_threshold(
            scores[rows], correct[rows], target_precision, confidence_level
        )

    thresholds = np.full(n_classes, choose(~own[predicted]))
    for code in np.flatnonzero(own):
        thresholds[code] = choose(predicted == code)
    return thresholds, own
