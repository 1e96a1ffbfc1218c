"""Out-of-fold probabilities and labels, wherever they were kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from amzest.utils import as_pandas, count, describe_rows, label_values, shown


class OofSource(NamedTuple):
    """A fitted classifier and what its like says of rows it has not learnt from."""

    estimator: Any
    proba: NDArray[np.float64]
    targets: NDArray[np.int64]
    classes: NDArray[Any]


def find_oof(estimator: Any, oof_proba: Any, y: Any, member: str | None) -> OofSource:
    """Find the out-of-fold rows of a classifier, an ensemble or a CrossFit's member.

    Parameters
    ----------
    estimator : classifier or CrossFit
        What the user gave.

    oof_proba : array-like of shape (n_samples, n_classes) or None
        None takes `estimator.oof_proba_`.

    y : array-like of shape (n_samples,) or None
        Labels; None takes `estimator.y_`.

    member : str or None
        Member of a CrossFit.

    Returns
    -------
    OofSource
        The classifier, its probabilities, and the labels as columns of these.

    Raises
    ------
    ValueError
        If there are no such rows, no such member, or shapes do not fit together.
    """
    # Fitted, with whatever it holds: `estimator` may be no classifier at all.
    check_is_fitted(estimator)
    classes = np.asarray(estimator.classes_)
    kept = getattr(estimator, "oof_proba_", None)
    kept_targets = getattr(estimator, "y_", ())
    if isinstance(kept, Mapping):
        estimator, kept = _take_member(estimator, kept, member)
    elif member is not None:
        msg = (
            f"`member` is {shown(member)}, but `estimator` is no CrossFit. Leave "
            "`member` "
            "out, or pass the CrossFit."
        )
        raise ValueError(msg)
    if oof_proba is None:
        if kept is None:
            msg = (
                f"`estimator` ({type(estimator).__name__}) keeps no out-of-fold "
                "probabilities. Pass `oof_proba` and `y`, for example from "
                'cross_val_predict(estimator, X, y, method="predict_proba").'
            )
            raise ValueError(msg)
        oof_proba = kept
    elif y is None:
        raise ValueError("`y` is None; pass the labels of the rows of `oof_proba`.")
    targets = (
        np.asarray(kept_targets, dtype=np.int64)
        if y is None
        else encode_given_labels(y, classes)
    )
    proba = check_proba(oof_proba, len(classes))
    if len(proba) != len(targets):
        msg = f"`y` has {count(len(targets), 'row')}, but `oof_proba` has {len(proba)}."
        raise ValueError(msg)
    return OofSource(estimator, proba, targets, classes)


def _take_member(
    crossfit: Any, kept: Mapping[str, Any], member: str | None
) -> tuple[Any, Any]:
    """Give a member of a CrossFit and its out-of-fold probabilities."""
    if member is None and len(kept) == 1:
        (member,) = kept
    if member is None or member not in kept:
        msg = (
            f"`member` must be one of {', '.join(kept)}, got {shown(member)}. For all "
            "of "
            "them together pass an ensemble, such as crossfit.weighted_voting()."
        )
        raise ValueError(msg)
    if not hasattr(crossfit, "estimators_"):
        msg = (
            "`estimator` was fitted with refit=False and has no member to ask. Fit "
            'it with refit=True or refit="average".'
        )
        raise ValueError(msg)
    return crossfit.estimators_[member], kept[member]


def check_proba(oof_proba: Any, n_classes: int) -> NDArray[np.float64]:
    """Check a table of probabilities.

    Parameters
    ----------
    oof_proba : array-like of shape (n_samples, n_classes)
        What the user gave.

    n_classes : int
        Number of columns it must have.

    Returns
    -------
    ndarray of shape (n_samples, n_classes)
        The same as floats.

    Raises
    ------
    ValueError
        If it has another shape, no rows, or holds NaN.
    """
    proba = np.asarray(as_pandas(oof_proba), dtype=np.float64)
    if proba.ndim != 2 or proba.shape[1] != n_classes or not len(proba):
        msg = (
            f"`oof_proba` must have the shape (n_samples, {n_classes}), a column for "
            f"each class, got {proba.shape}."
        )
        raise ValueError(msg)
    bad = np.flatnonzero(~np.isfinite(proba).all(axis=1))
    if len(bad):
        msg = (
            f"`oof_proba` holds NaN or inf in {describe_rows(bad)}. Leave rows out "
            "that no fold has tested."
        )
        raise ValueError(msg)
    return proba


def encode_given_labels(y: Any, classes: NDArray[Any]) -> NDArray[np.int64]:
    """Turn labels into their positions in the classes.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels.

    classes : ndarray of shape (n_classes,)
        The classes.

    Returns
    -------
    ndarray of shape (n_samples,), dtype int64
        Positions.

    Raises
    ------
    ValueError
        If a label is none of the classes.
    """
    labels = label_values(y)
    codes = pd.Index(classes).get_indexer(pd.Index(labels))
    unknown = np.flatnonzero(codes < 0)
    if len(unknown):
        first = labels[unknown[:1]].tolist()[0]
        msg = (
            f"`y` has the label {shown(first)} in {describe_rows(unknown[:1])}, which "
            "is "
            f"none of the {len(classes)} classes of the classifier. Pass the labels "
            "it was fitted on."
        )
        raise ValueError(msg)
    return np.asarray(codes, dtype=np.int64)
