"""Predictions of a fitted model for tables of products: one call, all answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from amzest.distributed._model_columns import ModelColumns, model_columns
from amzest.ensemble._presence import predict_with_presence
from amzest.meta import HierarchicalClassifier, ReviewThresholdClassifier

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ProductPredictions:
    """Predictions of some products.

    `categories`, `confidence`, `missing` and `review` have one value per product;
    `review` is None for a model without a review threshold. `proba` has shape
    (n_products, n_classes).
    """

    categories: NDArray[Any]
    proba: NDArray[np.float64]
    missing: NDArray[np.bool_]
    review: NDArray[np.bool_] | None

    @property
    def confidence(self) -> NDArray[np.float64]:
        """The highest probability of each product."""
        highest: NDArray[np.float64] = self.proba.max(axis=1)
        return highest

    def top(self, k: int) -> NDArray[np.intp]:
        """Return the positions of the `k` most probable classes, the first one first.

        Of equal probabilities the first class is first, as in ``argmax``.
        """
        order: NDArray[np.intp] = np.argsort(-self.proba, axis=1, kind="stable")
        return order[:, :k]

    def rows(self, start: int, stop: int) -> ProductPredictions:
        """Return the predictions of consecutive products."""
        part = slice(start, stop)
        review = None if self.review is None else self.review[part]
        return ProductPredictions(
            self.categories[part], self.proba[part], self.missing[part], review
        )


class ProductPredictor:
    """A fitted model, and the columns of tables that it reads.

    With `columns`, the table has other names than the model.
    """

    def __init__(self, model: Any, columns: ModelColumns | None = None) -> None:
        if isinstance(model, BaseEstimator):
            check_is_fitted(model)
        for attribute in ("classes_", "predict_proba"):
            if not hasattr(model, attribute):
                msg = (
                    f"`model` is a {type(model).__name__} without `{attribute}`; "
                    "expected a fitted classifier that predicts probabilities."
                )
                raise TypeError(msg)
        self.model = model
        fitted = model_columns(model)
        self._fitted_names = fitted.names
        self.columns = fitted if columns is None else columns
        self.classes: NDArray[Any] = np.asarray(model.classes_)

    @property
    def has_review(self) -> bool:
        """Whether the model leaves products to a review."""
        return isinstance(self._last_step, ReviewThresholdClassifier)

    @property
    def _last_step(self) -> Any:
        model = self.model
        return model[-1] if isinstance(model, Pipeline) else model

    def samples(self, frame: pd.DataFrame) -> Any:
        """Return the samples of a table in the form that the model accepts."""
        names = self.columns.names
        if not self.columns.is_unnamed:
            return frame[names].set_axis(self._fitted_names, axis=1)
        return frame[names].to_numpy(object) if len(names) > 1 else frame[names[0]]

    def predict(self, frame: pd.DataFrame) -> ProductPredictions:
        """Predict the products of a table that has the columns of the model."""
        return self.predict_samples(self.samples(frame))

    def predict_samples(self, X: Any) -> ProductPredictions:
        """Predict samples in the form that the model accepts."""
        last = self._last_step
        if isinstance(last, ReviewThresholdClassifier | HierarchicalClassifier):
            steps = self.model[:-1] if last is not self.model else None
            inner = X if steps is None or not len(steps) else steps.transform(X)
            proba, present = predict_with_presence(
                last.estimator_, inner, np.asarray(last.estimator_.classes_)
            )
        else:
            proba, present = predict_with_presence(self.model, X, self.classes)
        review = None
        categories = self.classes[proba.argmax(axis=1)]
        if isinstance(last, ReviewThresholdClassifier):
            review = ~last._accept(proba)[1]
        elif isinstance(last, HierarchicalClassifier):
            categories = last.tree_.back_off(proba, last.min_probability)
        elif not _predicts_most_probable(last):
            categories = np.asarray(self.model.predict(X))
        return ProductPredictions(categories, proba, ~present, review)


def _predicts_most_probable(classifier: Any) -> bool:
    """Return whether `predict` is known to return the most probable class."""
    # Others may have a threshold of their own, such as TunedThresholdClassifierCV, or
    # predict by scores that probabilities do not agree with, such as SVC.
    return type(classifier).__module__.partition(".")[0] == "amzest"
