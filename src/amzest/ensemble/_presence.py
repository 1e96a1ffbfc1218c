"""What members say about rows, and which rows they could read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.pipeline import Pipeline

from amzest.compose import ColumnSelector
from amzest.utils import is_missing

Proba = NDArray[np.float64]
Presence = NDArray[np.bool_]

#: What Amazon's metadata has where there is no photo: ".../icons/no-img-sm...gif".
_PLACEHOLDER = "no-img"


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
    return _align(np.asarray(proba, np.float64), estimator.classes_, classes), present


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
            any(not _is_empty(cell) for cell in row)
            if isinstance(row, list | tuple)
            else not _is_empty(row)
            for row in X
        ],
        dtype=bool,
    )


def _is_empty(cell: Any) -> bool:
    if isinstance(cell, str) and _PLACEHOLDER in cell.rpartition("/")[2]:
        return True
    return is_missing(cell) or (isinstance(cell, bytes) and not cell)


def _selected(estimator: Any, X: Any) -> Any:
    """Give the columns that a selector at the start of a pipeline picks."""
    if isinstance(estimator, Pipeline) and isinstance(estimator[0], ColumnSelector):
        return estimator[0].transform(X)
    return X


def _align(proba: Proba, own: NDArray[Any], classes: NDArray[Any]) -> Proba:
    """Bring columns into the order of all classes."""
    if len(own) == len(classes):
        return proba
    aligned = np.zeros((len(proba), len(classes)))
    aligned[:, np.searchsorted(classes, own)] = proba
    return aligned
