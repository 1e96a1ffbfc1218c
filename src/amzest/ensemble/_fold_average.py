"""The mean of a member's fold models, instead of one more fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from amzest.ensemble._predicting import PredictFromProbaMixin
from amzest.ensemble._presence import predict_with_presence


class FoldAverageClassifier(PredictFromProbaMixin, ClassifierMixin, BaseEstimator):
    """Averages the probabilities of models that were fitted on folds of one dataset.

    Like scikit-learn's FrozenEstimator it is not changed by `clone` and `fit`.
    """

    _needed_attributes: ClassVar[tuple[str, ...]] = ("classes_",)

    def __init__(self, models: Sequence[Any]) -> None:
        self.models = models

    def set_classes(self, classes: NDArray[Any]) -> Self:
        """Set the classes, of which a fold model may lack some."""
        self.classes_ = classes
        return self

    def fit(self, X: Any, y: Any) -> Self:
        """Do nothing: the models are fitted."""
        return self

    def __sklearn_clone__(self) -> Self:
        return self

    def predict_proba_and_presence(
        self, X: Any
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the mean of the probabilities, and which samples are present."""
        check_is_fitted(self)
        predictions = [predict_with_presence(m, X, self.classes_) for m in self.models]
        # Presence depends on the sample alone, so that it is the same for all models.
        return np.mean([proba for proba, _ in predictions], axis=0), predictions[0][1]
