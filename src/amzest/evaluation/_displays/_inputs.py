"""What the displays share in reading: models, labels and probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from amzest.utils import as_pandas, count, describe_rows, label_values, shown

#: How far from 1 the probabilities of a product may add up.
_SUM_TOLERANCE = 1e-3


def name_of(estimator: Any) -> str:
    """Name an estimator by its class, a pipeline by that of its last step."""
    while isinstance(estimator, Pipeline):
        estimator = estimator[-1]
    return type(estimator).__name__


def as_models(argument: str, given: Any, name: str) -> dict[str, Any]:
    """Give one or several models by name.

    Parameters
    ----------
    argument : str
        Argument, for the message.

    given : object or dict of str to object
        What the user gave.

    name : str
        Name of a model that has none.

    Returns
    -------
    dict of str to object
        The models.

    Raises
    ------
    ValueError
        When the dict is empty.
    """
    if not isinstance(given, Mapping):
        return {name: given}
    if not given:
        raise ValueError(f"`{argument}` is an empty dict. Give at least one model.")
    return {str(key): value for key, value in given.items()}


def check_labels(
    argument: str, labels: Any, n_samples: int | None = None
) -> NDArray[np.object_]:
    """Check a column of labels.

    Parameters
    ----------
    argument : str
        Argument, for the message.

    labels : array-like of shape (n_samples,)
        What the user gave.

    n_samples : int, default=None
        How many there must be; None takes any number from 1.

    Returns
    -------
    ndarray of shape (n_samples,), dtype object
        The labels as plain Python values.

    Raises
    ------
    ValueError
        When they are no column, too few or many, missing or of mixed types.
    """
    array = label_values(labels, argument, warn=False)
    if len(array) == 0:
        raise ValueError(f"`{argument}` is empty; expected at least one product.")
    if n_samples is not None and len(array) != n_samples:
        raise ValueError(
            f"`{argument}` has {count(len(array), 'row')}, but `y_true` has "
            f"{n_samples}. Pass "
            "both for the same products."
        )
    plain = np.empty(len(array), dtype=object)
    plain[:] = array.tolist()
    return plain


def check_predicted(
    y_true: NDArray[np.object_], y_pred: Any, argument: str = "y_pred"
) -> NDArray[np.object_]:
    """Check labels that are compared with the true ones.

    Parameters
    ----------
    y_true : ndarray of shape (n_samples,), dtype object
        Checked labels.

    y_pred : array-like of shape (n_samples,)
        What the user gave.

    argument : str, default="y_pred"
        Argument, for the message.

    Returns
    -------
    ndarray of shape (n_samples,), dtype object
        The labels as plain Python values.

    Raises
    ------
    ValueError
        When they are no labels of the same products and type.
    """
    plain = check_labels(argument, y_pred, len(y_true))
    _check_one_type(argument, plain, y_true)
    return plain


def find_classes(
    classes: Any, y_true: NDArray[np.object_], *others: NDArray[np.object_]
) -> list[Any]:
    """Give the categories: those of the user, or all labels there are, sorted.

    Parameters
    ----------
    classes : array-like of shape (n_classes,) or None
        What the user gave.

    y_true : ndarray of shape (n_samples,), dtype object
        True labels.

    *others : ndarray of shape (n_samples,), dtype object
        Further labels.

    Returns
    -------
    list
        The categories as plain Python values.

    Raises
    ------
    ValueError
        When one stands twice, they are of another type than the labels, or none of
        them is a true label.
    """
    if classes is None:
        return sorted(set(y_true).union(*others))
    plain = check_labels("classes", classes)
    if len(set(plain)) < len(plain):
        raise ValueError(f"`classes` names a category twice: {shown(plain.tolist())}.")
    _check_one_type("classes", plain, y_true)
    if not set(plain) & set(y_true):
        raise ValueError(
            "`classes` holds none of the labels of `y_true`, such as "
            f"{shown(y_true[0])}. "
            "Pass the categories as the labels name them: clf.classes_."
        )
    return list(plain)


def _check_one_type(
    argument: str, labels: NDArray[np.object_], y_true: NDArray[np.object_]
) -> None:
    if isinstance(labels[0], str) != isinstance(y_true[0], str):
        raise ValueError(
            f"`{argument}` holds labels such as {shown(labels[0])}, `y_true` such as "
            f"{shown(y_true[0])}. Pass both as the same type."
        )


def check_probabilities(
    argument: str, proba: Any, n_samples: int, n_classes: int
) -> NDArray[np.float64]:
    """Check the probabilities of one model.

    Parameters
    ----------
    argument : str
        Argument, for the message.

    proba : array-like of shape (n_samples, n_classes)
        What the user gave.

    n_samples : int
        Products there are.

    n_classes : int
        Categories there are.

    Returns
    -------
    ndarray of shape (n_samples, n_classes), dtype float64
        The probabilities.

    Raises
    ------
    ValueError
        When they have another shape or are no probabilities.
    """
    table = np.asarray(as_pandas(proba, argument), dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(
            f"`{argument}` has shape {table.shape}; expected probabilities of shape "
            "(n_samples, n_classes), as predict_proba gives them."
        )
    if len(table) != n_samples:
        raise ValueError(
            f"`{argument}` has {count(len(table), 'row')}, but `y_true` has "
            f"{n_samples}. Pass "
            "both for the same products."
        )
    if table.shape[1] != n_classes:
        raise ValueError(
            f"`{argument}` has {count(table.shape[1], 'column')}, but there are "
            f"{n_classes} "
            "categories. Name the columns: classes=clf.classes_."
        )
    sums = table.sum(axis=1)
    good = (table >= 0).all(axis=1) & (np.abs(sums - 1) <= _SUM_TOLERANCE)
    if not good.all():
        bad = np.flatnonzero(~good)
        raise ValueError(
            f"`{argument}` holds no probabilities in {describe_rows(bad)}: a row must "
            "be numbers from 0 that add up to 1. Pass what predict_proba gives."
        )
    return table


def predict_with(estimator: Any, X: Any) -> tuple[NDArray[np.float64], Any]:
    """Ask a fitted classifier for probabilities and its categories.

    Parameters
    ----------
    estimator : object
        The classifier.

    X : array-like
        The products.

    Returns
    -------
    proba : ndarray of shape (n_samples, n_classes)
        The probabilities.

    classes : ndarray of shape (n_classes,)
        The categories.

    Raises
    ------
    TypeError
        When it gives no probabilities.
    """
    if not hasattr(estimator, "predict_proba"):
        raise TypeError(
            f"`estimator` is a {name_of(estimator)}, which has no predict_proba. Wrap "
            "it in sklearn.calibration.CalibratedClassifierCV, or fit it first."
        )
    return estimator.predict_proba(X), estimator.classes_


def top_labels(
    argument: str, y_true: Any, proba: Any, classes: Any
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Give how sure a model is of its answers, and whether they are right.

    Parameters
    ----------
    argument : str
        Argument that `proba` is, for the message.

    y_true : array-like of shape (n_samples,)
        True labels. One that is none of the categories makes the answer wrong.

    proba : array-like of shape (n_samples, n_classes)
        Probabilities.

    classes : array-like of shape (n_classes,) or None
        Categories of the columns; None for the sorted true labels.

    Returns
    -------
    confidence : ndarray of shape (n_samples,), dtype float64
        Highest probability of each product.

    correct : ndarray of shape (n_samples,), dtype bool
        True where its category is the true one.

    Raises
    ------
    ValueError
        When labels, categories and probabilities do not fit together.
    """
    truth = check_labels("y_true", y_true)
    names = find_classes(classes, truth)
    table = check_probabilities(argument, proba, len(truth), len(names))
    places = {name: place for place, name in enumerate(names)}
    targets = np.array([places.get(label, -1) for label in truth])
    return table.max(axis=1), table.argmax(axis=1) == targets
