"""Labels and weights of training rows, checked and encoded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, column_or_1d

from amzest.utils import describe_rows


def encode_labels(y: Any) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Find the classes of a label column and number its rows.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Strings, integers, booleans or a pandas categorical.

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
    """
    labels = column_or_1d(y, warn=True)
    missing = np.flatnonzero(pd.isna(labels))
    if len(missing):
        raise ValueError(
            f"`y` has no label in {describe_rows(missing)} (NaN or None). Drop these "
            "rows or give them a category."
        )
    if labels.dtype == object and len(types := {type(label) for label in labels}) > 1:
        names = ", ".join(sorted(kind.__name__ for kind in types))
        raise ValueError(
            f"`y` mixes labels of different types ({names}), which cannot be sorted. "
            "Convert them to one type, for example with y.astype(str)."
        )
    check_classification_targets(labels)
    classes, targets = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"`y` holds only one class ({classes.tolist()[0]!r}); a classifier needs "
            "at least two."
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
    weighted = np.unique(targets[weights > 0])
    if len(weighted) < 2:
        only = classes.tolist()[weighted[0]]
        raise ValueError(
            f"`sample_weight` leaves one class ({only!r}) with a weight above zero; a "
            "classifier needs at least two."
        )
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
    """
    if class_weight is None:
        return weights
    if class_weight == "balanced":
        totals = np.bincount(targets, weights=weights, minlength=len(classes))
        n_weighted = np.count_nonzero(totals)
        by_class = np.divide(
            weights.sum(),
            n_weighted * totals,
            out=np.ones(len(classes)),
            where=totals > 0,
        )
    else:
        by_class = compute_class_weight(
            class_weight, classes=classes, y=classes[targets]
        )
    return weights * by_class[targets]
