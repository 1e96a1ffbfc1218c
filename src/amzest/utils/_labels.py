"""Labels and weights of training samples, validated and encoded."""

from __future__ import annotations

from contextlib import suppress
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight

from amzest.utils._label_values import label_values
from amzest.utils._messages import shown


def encode_labels(y: Any) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the sorted classes, and the index in them of each label of `y`."""
    if (found := _encode_categories(y)) is not None:
        return found
    labels = label_values(y)
    if not len(labels):
        raise ValueError("`y` has 0 sample(s), a minimum of 1 is required.")
    classes, targets = np.unique(labels, return_inverse=True)
    if labels.dtype != object or isinstance(labels[0], str):
        check_classification_targets(labels)  # fails for integers beyond 64 bits
    if len(classes) < 2:
        raise ValueError(
            f"`y` holds only one class ({shown(classes.tolist()[0])}); a classifier "
            "needs at least two."
        )
    return classes, targets.astype(np.int64)


def _encode_categories(y: Any) -> tuple[NDArray[Any], NDArray[np.int64]] | None:
    """Do the same for a categorical of pandas, from its codes; None if it is invalid.

    Only the categories are compared, not the labels, which may be many millions.
    """
    if isinstance(getattr(y, "dtype", None), pd.CategoricalDtype):
        values = y if isinstance(y, pd.Categorical) else getattr(y, "values", None)
        if isinstance(values, pd.Categorical) and len(values):
            codes, categories = values.codes, values.categories
            used = np.unique(codes)
            labels = pd.Series(categories[used]).astype(object)
            if used[0] >= 0 and len(used) > 1:
                with suppress(TypeError, ValueError):  # raised again for all labels
                    classes, numbers = encode_labels(labels)
                    places = np.zeros(len(categories), dtype=np.int64)
                    places[used] = numbers
                    return classes, places[codes]
    return None


def row_weights(
    X: Any,
    targets: NDArray[np.int64],
    classes: NDArray[Any],
    sample_weight: Any,
) -> NDArray[np.float64]:
    """Validate `sample_weight`; return ones if it is None."""
    weights = check_sample_weight(X, sample_weight)
    _check_two_classes(weights, targets, classes, "`sample_weight` leaves")
    return weights


def check_sample_weight(X: Any, sample_weight: Any) -> NDArray[np.float64]:
    """Do the same for samples that may be of one class."""
    weights: NDArray[np.float64] = _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )
    _check_sum(
        weights,
        "The sum of `sample_weight` is too large for a float. Divide the weights by "
        "the largest of them.",
    )
    return weights


def apply_class_weight(
    weights: NDArray[np.float64],
    class_weight: dict[Any, float] | str | None,
    targets: NDArray[np.int64],
    classes: NDArray[Any],
) -> NDArray[np.float64]:
    """Multiply the weight of each sample by that of its class.

    "balanced" is the inverse of the (weighted) class frequency, as in scikit-learn's
    `compute_class_weight`; classes that a dict does not name have the weight 1.
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
    _check_sum(
        weighted,
        "`class_weight` makes the sum of the weights too large for a float. Use "
        "smaller weights.",
    )
    _check_two_classes(weighted, targets, classes, "`class_weight` leaves")
    return weighted


def _check_sum(weights: NDArray[np.float64], message: str) -> None:
    with np.errstate(over="ignore"):
        total = weights.sum()
    if not np.isfinite(total):
        raise ValueError(message)


def _weight_of_each_class(
    class_weight: dict[Any, float], labels: list[Any]
) -> NDArray[np.float64]:
    """Validate a dict of class weights, and order it by `classes_`."""
    for label, weight in class_weight.items():
        number = isinstance(weight, Real) and not isinstance(weight, bool)
        if not number or not 0 <= float(weight) < np.inf:
            raise ValueError(
                f"`class_weight` has the weight {shown(weight)} for the class "
                f"{shown(label)}. Weights must be finite and non-negative."
            )
    unknown = [label for label in class_weight if label not in labels]
    # As in scikit-learn, weights of further classes are valid if every class of `y` has
    # one: a fold may lack a class.
    if unknown and any(label not in class_weight for label in labels):
        named = ", ".join(shown(label, 40) for label in unknown[:5])
        known = ", ".join(shown(label, 40) for label in labels[:10])
        more = f" and {len(labels) - 10} more" if len(labels) > 10 else ""
        raise ValueError(
            f"`class_weight` names {named}, which `y` does not have. Its classes are "
            f"{known}{more}.{_other_type(unknown[0], labels)}"
        )
    return np.array([class_weight.get(label, 1.0) for label in labels], dtype=float)


def _other_type(unknown: Any, labels: list[Any]) -> str:
    """Return a hint if `unknown` is a class as a string or as a number."""
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
