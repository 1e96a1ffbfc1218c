"""Labels and weights of training rows, checked and encoded."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight

from amzest.utils._label_values import label_values
from amzest.utils._messages import shown


def encode_labels(y: Any) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Find the classes of a label column and number its rows.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Strings, integers or booleans, see :func:`label_values`.

    Returns
    -------
    classes : ndarray of shape (n_classes,)
        Sorted class labels, as they came in.

    targets : ndarray of shape (n_samples,), dtype int64
        Position of each label in `classes`.

    Raises
    ------
    ValueError
        When a label is missing, when labels are of mixed types or continuous, or when
        there is only one class.
    TypeError
        When `y` is no sequence of labels.
    """
    labels = label_values(y)
    if not len(labels):
        raise ValueError("`y` has 0 sample(s), a minimum of 1 is required.")
    classes, targets = np.unique(labels, return_inverse=True)
    if labels.dtype != object or isinstance(labels[0], str):
        check_classification_targets(labels)  # all but integers beyond 64 bits
    if len(classes) < 2:
        raise ValueError(
            f"`y` holds only one class ({shown(classes.tolist()[0])}); a classifier "
            "needs at least two."
        )
    return classes, targets.astype(np.int64)


def row_weights(
    X: Any,
    targets: NDArray[np.int64],
    classes: NDArray[Any],
    sample_weight: Any,
) -> NDArray[np.float64]:
    """Check `sample_weight`; ones when there is none.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...)
        The rows, for their number.

    targets : ndarray of shape (n_samples,), dtype int64
        Class number of each row.

    classes : ndarray of shape (n_classes,)
        Class labels.

    sample_weight : array-like of shape (n_samples,) or None
        Non-negative weights.

    Returns
    -------
    ndarray of shape (n_samples,)
        The weights.

    Raises
    ------
    ValueError
        When a weight is negative or not finite, when there are more or fewer weights
        than rows, or when fewer than two classes have a weight above zero.
    """
    weights: NDArray[np.float64] = _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )
    with np.errstate(over="ignore"):
        total = weights.sum()
    if not np.isfinite(total):
        raise ValueError(
            "`sample_weight` adds up to more than a float can hold. Divide the weights "
            "by the largest of them."
        )
    _check_two_classes(weights, targets, classes, "`sample_weight` leaves")
    return weights


def apply_class_weight(
    weights: NDArray[np.float64],
    class_weight: dict[Any, float] | str | None,
    targets: NDArray[np.int64],
    classes: NDArray[Any],
) -> NDArray[np.float64]:
    """Multiply row weights by the weight of their class.

    Parameters
    ----------
    weights : ndarray of shape (n_samples,)
        Row weights.

    class_weight : dict, "balanced" or None
        Weight by label; labels that are not named weigh 1. "balanced" weighs each
        class by the inverse of its (weighted) frequency.

    targets : ndarray of shape (n_samples,), dtype int64
        Class number of each row.

    classes : ndarray of shape (n_classes,)
        Class labels.

    Returns
    -------
    ndarray of shape (n_samples,)
        New weights.

    Raises
    ------
    ValueError
        When a label of `class_weight` is none of the classes, a weight is negative or
        not finite, or fewer than two classes keep a weight above zero.
    """
    if class_weight is None:
        return weights
    if isinstance(class_weight, str):
        totals = np.bincount(targets, weights=weights, minlength=len(classes))
        n_weighted = np.count_nonzero(totals)
        by_class = np.divide(
            weights.sum(),
            n_weighted * totals,
            out=np.ones(len(classes)),
            where=totals > 0,
        )
    else:
        by_class = _weight_of_each_class(class_weight, classes.tolist())
    with np.errstate(over="ignore"):
        weighted = weights * by_class[targets]
        total = weighted.sum()
    if not np.isfinite(total):
        raise ValueError(
            "`class_weight` makes the weights of the rows add up to more than a float "
            "can hold. Use smaller weights."
        )
    _check_two_classes(weighted, targets, classes, "`class_weight` leaves")
    return weighted


def _weight_of_each_class(
    class_weight: dict[Any, float], labels: list[Any]
) -> NDArray[np.float64]:
    """Check the weights that a user gave, and put them in the order of the classes."""
    for label, weight in class_weight.items():
        number = isinstance(weight, Real) and not isinstance(weight, bool)
        if not number or not 0 <= float(weight) < np.inf:
            raise ValueError(
                f"`class_weight` has the weight {shown(weight)} for the class "
                f"{shown(label)}. Weights must be numbers of at least 0, and finite."
            )
    unknown = [label for label in class_weight if label not in labels]
    # As in scikit-learn, weights of further classes are no mistake where every class
    # of `y` has one: a fold may lack a class.
    if unknown and any(label not in class_weight for label in labels):
        named = ", ".join(shown(label, 40) for label in unknown[:5])
        known = ", ".join(shown(label, 40) for label in labels[:10])
        more = f" and {len(labels) - 10} more" if len(labels) > 10 else ""
        raise ValueError(
            f"`class_weight` names {named}, which `y` does not hold. Its classes are "
            f"{known}{more}.{_other_type(unknown[0], labels)}"
        )
    return np.array([class_weight.get(label, 1.0) for label in labels], dtype=float)


def _other_type(unknown: Any, labels: list[Any]) -> str:
    """Say so where a label is there, but as text or as a number."""
    for label in labels:
        if type(label) is not type(unknown) and str(label) == str(unknown):
            return f" Write {shown(label, 40)} in place of {shown(unknown, 40)}."
    return ""


def _check_two_classes(
    weights: NDArray[np.float64],
    targets: NDArray[np.int64],
    classes: NDArray[Any],
    what_leaves: str,
) -> None:
    weighted = np.unique(targets[weights > 0])
    if len(weighted) < 2:
        left = [shown(classes.tolist()[code]) for code in weighted]
        raise ValueError(
            f"{what_leaves} {'one class (' + left[0] + ')' if left else 'no class'} "
            "with a weight above zero; a classifier needs at least two."
        )
