"""Two-sample tests, each with an effect size between 0 and 1."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, stats

#: Expected counts below this one are pooled, or tested exactly (Cochran 1954).
_MIN_EXPECTED = 5
#: Samples of at most this size get an exact Kolmogorov-Smirnov test.
_MAX_EXACT = 100


class Difference(NamedTuple):
    """A test of two samples having the same distribution.

    The effect is at most the total variation distance of the distributions, the largest
    difference of the probabilities of an event: 0 if they are equal, 1 if they do not
    overlap.
    """

    test: str
    statistic: float
    p_value: float
    effect: float


#: Of samples one of which is empty.
_UNKNOWN = (np.nan, np.nan, np.nan)


def compare_proportions(hits: tuple[int, int], n_rows: tuple[int, int]) -> Difference:
    """Test two proportions: chi-squared, or Fisher's exact test of small counts."""
    if not min(n_rows):
        return Difference("chi-squared", *_UNKNOWN)
    first, second = hits[0] / n_rows[0], hits[1] / n_rows[1]
    table = np.array([hits, np.subtract(n_rows, hits)])
    effect = abs(second - first)
    if not table.sum(axis=1).all():
        return Difference("chi-squared", 0.0, 1.0, effect)
    if stats.contingency.expected_freq(table).min() < _MIN_EXPECTED:
        found = stats.fisher_exact(table)
        return Difference(
            "Fisher", float(found.statistic), float(found.pvalue), float(effect)
        )
    return _chi_squared(table, effect)


def compare_counts(first: NDArray[Any], second: NDArray[Any]) -> Difference:
    """Test the frequencies of categories; the arguments are counts per category."""
    table = np.array([first, second], dtype=np.float64)
    if not table.sum(axis=1).all():
        return Difference("chi-squared", *_UNKNOWN)
    table = table[:, table.any(axis=0)]
    expected = stats.contingency.expected_freq(table).min(axis=0)
    rare = expected < _MIN_EXPECTED
    if rare.any():
        # Rare categories as one: the distribution of the statistic is asymptotic, and
        # the distance of many rare categories would be noise.
        pooled = table[:, rare].sum(axis=1, keepdims=True)
        table = np.hstack([table[:, ~rare], pooled])
    shares = table / table.sum(axis=1, keepdims=True)
    effect = abs(shares[0] - shares[1]).sum() / 2
    if table.shape[1] < 2:
        return Difference("chi-squared", 0.0, 1.0, float(effect))
    return _chi_squared(table, effect)


def _chi_squared(table: NDArray[Any], effect: float) -> Difference:
    found = stats.chi2_contingency(table, correction=False)
    return Difference(
        "chi-squared", float(found.statistic), float(found.pvalue), float(effect)
    )


def compare_values(first: NDArray[Any], second: NDArray[Any]) -> Difference:
    """Test the distributions of numbers: the two-sample Kolmogorov-Smirnov test."""
    test = "Kolmogorov-Smirnov"
    if not min(len(first), len(second)):
        return Difference(test, *_UNKNOWN)
    method = "exact" if max(len(first), len(second)) <= _MAX_EXACT else "asymp"
    found = stats.ks_2samp(first, second, method=method)
    distance = float(found.statistic)
    return Difference(test, distance, float(found.pvalue), distance)


def compare_words(
    first: tuple[NDArray[Any], NDArray[Any]],
    second: tuple[NDArray[Any], NDArray[Any]],
) -> Difference:
    """Test the words of texts: a classifier two-sample test.

    Both samples have the hashes of all words, and the offsets of the texts in them. The
    statistic is the area under the ROC curve of a classifier of the samples.
    """
    test = "classifier (AUC)"
    sizes = len(first[1]) - 1, len(second[1]) - 1
    if min(sizes) < 4:
        return Difference(test, *_UNKNOWN)
    X = _word_matrix(first, second)
    source = np.repeat([0, 1], sizes)
    # Each half is scored by a classifier that was fitted on the other one (Lopez-Paz
    # and Oquab 2017): without a difference the scores do not depend on the source. The
    # texts are in random order.
    halves = np.concatenate([np.arange(size) % 2 for size in sizes])
    found = [_score_half(X, source, halves == half) for half in (0, 1)]
    area, effect = (float(np.mean([half[i] for half in found])) for i in (0, 1))
    # The two z-values are averaged, but not taken as independent: both are about the
    # product of the differences that the two halves happen to have.
    z_value = np.mean([stats.norm.isf(half[2]) for half in found])
    return Difference(test, area, float(stats.norm.sf(z_value)), effect)


def _score_half(
    X: sparse.csr_matrix, source: NDArray[Any], scored: NDArray[np.bool_]
) -> tuple[float, float, float]:
    """Return the area, the effect and the p-value of a classifier of the other half."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(class_weight="balanced", max_iter=50)
    model.fit(X[~scored], source[~scored])
    scores = model.decision_function(X[scored])
    old, new = scores[source[scored] == 0], scores[source[scored] == 1]
    ranks = stats.mannwhitneyu(new, old, alternative="greater", method="asymptotic")
    area = float(ranks.statistic) / (len(old) * len(new))
    # The largest difference of true and false positive rates of a threshold.
    distance = stats.ks_2samp(new, old, alternative="less", method="asymp").statistic
    return area, float(distance), float(ranks.pvalue)


def _word_matrix(
    *samples: tuple[NDArray[Any], NDArray[Any]],
) -> sparse.csr_matrix:
    """Return which words occur in each text of all samples, with rows of length 1."""
    from sklearn.preprocessing import normalize

    words = np.concatenate([hashes for hashes, _ in samples])
    lengths = np.concatenate([np.diff(offsets) for _, offsets in samples])
    known, columns = np.unique(words, return_inverse=True)
    shape = len(lengths), len(known)
    starts = np.append(0, np.cumsum(lengths))
    matrix = sparse.csr_matrix((np.ones(len(columns)), columns, starts), shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return normalize(matrix, copy=False)
