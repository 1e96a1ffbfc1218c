"""What members say about rows, and which rows they could read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.pipeline import Pipeline

from amzest.compose import ColumnSelector
from amzest.utils import as_pandas, is_missing_image

Proba = NDArray[np.float64]
Presence = NDArray[np.bool_]


def predict_with_presence(
    estimator: Any, X: Any, classes: NDArray[Any]
) -> tuple[Proba, Presence]:
    """Return the probabilities of a fitted classifier, and the rows it could read.

    Parameters
    ----------
    estimator : classifier
        Fitted. One that knows what it could read has a method
        `predict_proba_and_presence`; it may be the last step of a pipeline.

    X : array-like of shape (n_samples, ...)
        Rows in the form the estimator takes.

    classes : ndarray of shape (n_classes,)
        Labels that the columns stand for.

    Returns
    -------
    proba : ndarray of shape (n_samples, n_classes)
        In the order of `classes`; 0 for classes that the estimator never saw.
    present : ndarray of shape (n_samples,), dtype bool
        Of other estimators: whether there is anything in the row, or in the columns
        that a :class:`~amzest.compose.ColumnSelector` in front picks from it.
    """
    if isinstance(estimator, Pipeline) and hasattr(
        estimator[-1], "predict_proba_and_presence"
    ):
        rows = estimator[:-1].transform(X) if len(estimator) > 1 else X
        proba, present = predict_with_presence(estimator[-1], rows, classes)
        return proba, present
    if hasattr(estimator, "predict_proba_and_presence"):
        proba, present = estimator.predict_proba_and_presence(X)
    else:
        proba, present = (
            estimator.predict_proba(X),
            row_presence(_selected(estimator, X)),
        )
    return align_columns(
        np.asarray(proba, np.float64), estimator.classes_, classes
    ), present


def row_presence(X: Any) -> Presence:
    """Tell which rows hold anything at all.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...)
        A table, a column, numbers or pictures.

    Returns
    -------
    ndarray of shape (n_samples,), dtype bool
        False where every cell is missing, blank or a `no-img` placeholder.
    """
    if sparse.issparse(X):
        return np.ones(X.shape[0], dtype=bool)
    X = as_pandas(X)
    if hasattr(X, "__array__") and not hasattr(X, "to_numpy"):
        X = np.asarray(X)
    if isinstance(X, np.ndarray) and X.dtype.kind in "biuf":
        if X.dtype.kind != "f":
            return np.ones(len(X), dtype=bool)
        return np.logical_not(np.isnan(X.reshape(len(X), -1)).all(axis=1))
    if hasattr(X, "to_numpy"):
        X = X.to_numpy(dtype=object)
    if isinstance(X, np.ndarray) and X.ndim == 2:
        X = X.tolist()
    return np.array(
        [
            any(not is_missing_image(cell) for cell in row)
            if isinstance(row, list | tuple)
            else not is_missing_image(row)
            for row in X
        ],
        dtype=bool,
    )


def _selected(estimator: Any, X: Any) -> Any:
    """Give the columns that a selector at the start of a pipeline picks."""
    if isinstance(estimator, Pipeline) and isinstance(estimator[0], ColumnSelector):
        return estimator[0].transform(X)
    return X


def align_columns(proba: Proba, own: NDArray[Any], classes: NDArray[Any]) -> Proba:
    """Bring columns of probabilities into the order of all classes.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, n_own)
        What a classifier says that may have seen only some of the classes.

    own : ndarray of shape (n_own,)
        The classes it has seen, sorted.

    classes : ndarray of shape (n_classes,)
        All classes, sorted.

    Returns
    -------
    ndarray of shape (n_samples, n_classes)
        0 for classes that it never saw.
    """
    if len(own) == len(classes):
        return proba
    aligned = np.zeros((len(proba), len(classes)))
    aligned[:, np.searchsorted(classes, own)] = proba
    return aligned
