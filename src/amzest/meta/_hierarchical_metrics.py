"""Precision, recall and F1 that count the correct levels of a path."""

from __future__ import annotations

from numbers import Real
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
)

from amzest.meta._category_tree import Path, parse_path
from amzest.utils import describe_rows, label_values, validate_params


class HierarchicalScores(NamedTuple):
    """Hierarchical precision, recall and F1.

    Parameters
    ----------
    precision : float
        Fraction of the predicted levels that is correct.

    recall : float
        Fraction of the true levels that was predicted.

    f1 : float
        Harmonic mean of the two.
    """

    precision: float
    recall: float
    f1: float


@validate_params(
    {
        "separator": [str],
        "average": [StrOptions({"micro", "macro", "samples"})],
        "zero_division": [Real],
    }
)
def hierarchical_precision_recall_f1(
    y_true: Any,
    y_pred: Any,
    *,
    separator: str = " > ",
    average: Literal["micro", "macro", "samples"] = "micro",
    sample_weight: Any = None,
    zero_division: float = 0.0,
) -> HierarchicalScores:
    """Score predicted paths by the levels they share with the true ones.

    A path is replaced by the set of its node and all ancestors without the root.
    Precision is the fraction of the predicted sets that is in the true ones, recall the
    fraction of the true sets that is in the predicted ones. "Clothing" for
    "Clothing > Women" thus has precision 1 and recall 1/2.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        The true paths.

    y_pred : array-like of shape (n_samples,)
        The predicted paths; ``""`` is the root, for no prediction.

    separator : str, default=" > "
        Separates the levels, as for :class:`HierarchicalClassifier`.

    average : {"micro", "macro", "samples"}, default="micro"
        "micro" adds up the sets of all samples, as in [1]_. "macro" does so for each
        true category and averages the scores, so that all categories have the same
        weight. "samples" averages over samples.

    sample_weight : array-like of shape (n_samples,), default=None
        Sample weights.

    zero_division : float, default=0.0
        Precision where only the root is predicted, from 0 to 1.

    Returns
    -------
    HierarchicalScores
        Named tuple of `precision`, `recall` and `f1`. With "macro" and "samples" `f1`
        is the mean of the F1 of categories or samples, not the F1 of the means.

    Raises
    ------
    ValueError
        If lengths differ, a true path is empty, or a path has a level without a name.
    TypeError
        If a path is not a string.

    See Also
    --------
    HierarchicalClassifier : Predicts paths as far down as they are probable enough.
    sklearn.metrics.precision_recall_fscore_support : The same for flat categories.

    References
    ----------
    .. [1] S. Kiritchenko, S. Matwin and A. F. Famili, "Functional annotation of genes
       using hierarchical text categorization", BioLINK SIG: Linking Literature,
       Information and Knowledge for Biology, 2005.

    Examples
    --------
    >>> from amzest.meta import hierarchical_precision_recall_f1
    >>> y_true = ["Books > Poetry", "Books > Travel", "Toys"]
    >>> y_pred = ["Books > Poetry", "Books", "Books > Travel"]
    >>> precision, recall, f1 = hierarchical_precision_recall_f1(y_true, y_pred)
    >>> precision, recall, f1
    (0.6, 0.6, 0.6)
    """
    check_consistent_length(y_true, y_pred)
    true, pred = (
        _parse(name, labels, separator)
        for name, labels in (("y_true", y_true), ("y_pred", y_pred))
    )
    empty = np.array([i for i, path in enumerate(true) if not path], dtype=np.intp)
    if len(empty):
        raise ValueError(
            f"`y_true` has no category in {describe_rows(empty)}. Drop these rows."
        )
    weights = _check_sample_weight(sample_weight, np.empty(len(true)))
    # Columns: shared levels, predicted levels, true levels.
    counts = np.array(
        [(_n_shared(t, p), len(p), len(t)) for t, p in zip(true, pred, strict=True)],
        dtype=np.float64,
    )
    if average == "samples":
        return _mean(_scores(counts, zero_division), weights)
    # Weighted before they are added up, as in sums over repeated rows.
    counts *= weights[:, None]
    if average == "micro":
        return _mean(_scores(counts.sum(axis=0)[None], zero_division), np.ones(1))
    # Add up the rows of each true category, then average over categories with weight.
    place = {path: i for i, path in enumerate(dict.fromkeys(true))}
    by_category = np.zeros((len(place), 3))
    np.add.at(by_category, [place[path] for path in true], counts)
    weighted = by_category[:, 2] > 0
    return _mean(_scores(by_category, zero_division), weighted.astype(np.float64))


def _parse(name: str, labels: Any, separator: str) -> list[Path]:
    values = label_values(labels, name).tolist()
    # Split each distinct path once.
    known = {label: parse_path(label, separator) for label in dict.fromkeys(values)}
    return [known[label] for label in values]


def _n_shared(first: Path, second: Path) -> int:
    """Return the number of levels from the top that two paths share."""
    n_shared = 0
    for a, b in zip(first, second, strict=False):
        if a != b:
            break
        n_shared += 1
    return n_shared


def _scores(counts: NDArray[np.float64], zero_division: float) -> NDArray[np.float64]:
    """Return precision, recall and F1 of each row of counts."""
    shared, predicted, true = counts.T
    precision = np.full(len(counts), float(zero_division))
    np.divide(shared, predicted, out=precision, where=predicted > 0)
    recall = np.divide(shared, true, out=np.zeros(len(counts)), where=true > 0)
    total = precision + recall
    f1 = np.zeros(len(counts))
    np.divide(2 * precision * recall, total, out=f1, where=total > 0)
    return np.column_stack([precision, recall, f1])


def _mean(
    scores: NDArray[np.float64], weights: NDArray[np.float64]
) -> HierarchicalScores:
    precision, recall, f1 = np.average(scores, axis=0, weights=weights).tolist()
    return HierarchicalScores(precision, recall, f1)
