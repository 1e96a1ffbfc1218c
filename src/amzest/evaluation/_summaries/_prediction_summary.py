"""Predictions of a fitted classifier for a sample of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from amzest.ensemble._base import BaseEnsemble
from amzest.ensemble._combining import is_negligible
from amzest.ensemble._presence import predict_with_presence
from amzest.meta import ReviewThresholdClassifier
from amzest.utils import (
    check_probabilities,
    encode_known_labels,
    label_values,
    shown,
)


@dataclass(frozen=True)
class PredictionSummary:
    """Summary of predictions.

    `counts` has the number of rows by predicted class, `confidence` the probability of
    the predicted class, `correct` whether it is the label, None without labels.
    `n_missing` has the number of rows missing for the model and for each member of an
    ensemble. `thresholds` has the lowest confidence that is not reviewed, by class.
    """

    classes: NDArray[Any]
    counts: NDArray[np.int64]
    confidence: NDArray[np.float32]
    correct: NDArray[np.bool_] | None
    n_missing: dict[str, int]
    thresholds: NDArray[np.float64] | None
    n_review: int | None

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.confidence)


def summarize_predictions(
    model: Any,
    X: Any,
    *,
    y: NDArray[Any] | None,
    proba: NDArray[np.float64] | None,
    review_threshold: float | None,
    thresholds: NDArray[np.float64] | None = None,
) -> PredictionSummary:
    """Predict the rows of X; `proba` replaces the predictions."""
    check_model(model)
    classes = np.asarray(model.classes_)
    n_missing: dict[str, int] = {}
    if proba is None:
        proba, n_missing = _predict(model, X, classes)
    best = proba.argmax(axis=1)
    confidence = proba[np.arange(len(proba)), best].astype(np.float32)
    if thresholds is None:
        thresholds = _thresholds(model, review_threshold, len(classes))
    correct = None
    if y is not None:
        # Raises if no label is a class, such as numbers of classes that are strings.
        correct = encode_known_labels(y, classes, "y", unseen=True)[1] == best
    reviewed = None if thresholds is None else confidence < thresholds[best]
    return PredictionSummary(
        classes=classes,
        counts=np.bincount(best, minlength=len(classes)),
        confidence=confidence,
        correct=correct,
        n_missing=n_missing,
        thresholds=thresholds,
        n_review=None if reviewed is None else int(reviewed.sum()),
    )


def check_model(model: Any) -> None:
    """Raise unless a model is a fitted classifier with probabilities."""
    if not hasattr(model, "predict_proba"):
        raise TypeError(
            f"`model` is a {type(model).__name__}, which has no predict_proba. Pass a "
            "fitted classifier."
        )
    check_is_fitted(model)


def check_reference_proba(
    proba: Any, model: Any, n_rows: int, rows: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the probabilities of some rows, validated."""
    checked = check_probabilities(proba, np.asarray(model.classes_), "proba")
    _check_length("proba", len(checked), n_rows)
    return checked[rows]


def check_reference_labels(y: Any, n_rows: int, rows: NDArray[np.intp]) -> NDArray[Any]:
    """Return the labels of some rows, validated."""
    labels = label_values(y)
    _check_length("y", len(labels), n_rows)
    return labels[rows]


def _check_length(name: str, length: int, n_rows: int) -> None:
    if length != n_rows:
        raise ValueError(
            f"`{name}` has length {length}, but there are {n_rows} rows. Pass both for "
            "the same rows in the same order."
        )


def _predict(
    model: Any, X: Any, classes: NDArray[Any]
) -> tuple[NDArray[np.float64], dict[str, int]]:
    """Return probabilities, and how many rows are missing for whom."""
    X = _model_columns(model, X)
    ensemble = _inner(model)
    if not isinstance(ensemble, BaseEnsemble):
        proba, present = predict_with_presence(model, X, classes)
        return check_probabilities(proba, classes), {"": int((~present).sum())}
    # As in `predict_proba_and_presence`, which does not return the members' masks.
    probas, presences = ensemble._predict_members(X)
    present = np.logical_or.reduce(presences)
    proba = ensemble._combine(probas, presences)
    proba[~present] = ensemble.class_prior_
    masks = dict(zip(ensemble.named_estimators_, presences, strict=True))
    # Members of negligible weight predict only what is missing for all others.
    negligible = is_negligible(getattr(ensemble, "weights_", np.ones(len(masks))))
    n_missing = {"": int((~present).sum())}
    for (name, mask), ignored in zip(masks.items(), negligible, strict=True):
        if not ignored:
            n_missing[name] = int((~mask).sum())
    return proba, n_missing


def _inner(model: Any) -> Any:
    """Return the ensemble that decides, without the thresholds around it."""
    while isinstance(model, ReviewThresholdClassifier):
        model = model.estimator_
    return model


def _model_columns(model: Any, X: Any) -> Any:
    """Return the columns that a model was fitted on, of a table that has others too."""
    names = getattr(model, "feature_names_in_", None)
    if names is None or not isinstance(X, pd.DataFrame):
        return X
    absent = [name for name in names if name not in X.columns]
    if absent:
        # A selector of columns ignores others, such as the labels.
        return X
    return X[list(names)]


def _thresholds(
    model: Any, review_threshold: float | None, n_classes: int
) -> NDArray[np.float64] | None:
    """Return the lowest confidence that is not reviewed, by class."""
    if review_threshold is not None:
        return np.full(n_classes, review_threshold)
    thresholds = getattr(model, "thresholds_", None)
    if isinstance(thresholds, np.ndarray) and thresholds.shape == (n_classes,):
        return thresholds.astype(np.float64)
    return None


def check_same_classes(reference: PredictionSummary, new: NDArray[Any]) -> None:
    """Raise if predictions are those of classifiers with other classes."""
    if list(reference.classes) != list(new):
        raise ValueError(
            f"`model` has the classes {shown(list(new))}, but that of the reference "
            f"had {shown(list(reference.classes))}. Pass the same model."
        )
