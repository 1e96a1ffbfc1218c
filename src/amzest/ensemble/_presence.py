"""Predictions of members, and the samples that are not missing for them."""

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
    """Return probabilities in the order of `classes`, and which samples are present.

    A classifier, or the last step of a pipeline, with `predict_proba_and_presence`
    decides itself. For others a sample is present if any cell of it is, among the
    columns that a ColumnSelector at the start of a pipeline selects.
    """
    if isinstance(estimator, Pipeline) and hasattr(
        estimator[-1], "predict_proba_and_presence"
    ):
        # Decided on the transformed samples: the steps in front may select columns or
        # impute missing cells.
        transformed = estimator[:-1].transform(X) if len(estimator) > 1 else X
        return predict_with_presence(estimator[-1], transformed, classes)
    if hasattr(estimator, "predict_proba_and_presence"):
        proba, present = estimator.predict_proba_and_presence(X)
    else:
        proba = estimator.predict_proba(X)
        present = row_presence(_selected(estimator, X))
    proba = np.asarray(proba, np.float64)
    return align_columns(proba, estimator.classes_, classes), present


def row_presence(X: Any) -> Presence:
    """Return which rows have a cell that is not missing, blank or a placeholder."""
    # A row of zeros is a sample like any other: zeros are not missing values.
    if sparse.issparse(X):
        return np.ones(X.shape[0], dtype=bool)
    X = as_pandas(X)
    if hasattr(X, "__array__") and not hasattr(X, "to_numpy"):
        X = np.asarray(X)
    # Among numbers only floats can be missing: a row, or an image of floats, is missing
    # if all of it is NaN.
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
    """Return the columns that a selector at the start of a pipeline selects."""
    if isinstance(estimator, Pipeline) and isinstance(estimator[0], ColumnSelector):
        return estimator[0].transform(X)
    return X


def align_columns(proba: Proba, own: NDArray[Any], classes: NDArray[Any]) -> Proba:
    """Return probabilities of all classes, 0 for those not among a classifier's own.

    Both `own` and `classes` are sorted.
    """
    # A fold may lack a class, and scikit-learn's classifiers have columns only for the
    # classes they were fitted on.
    if len(own) == len(classes):
        return proba
    aligned = np.zeros((len(proba), len(classes)))
    aligned[:, np.searchsorted(classes, own)] = proba
    return aligned
