"""The mean of a member's fold models, in place of one more fit."""

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
    """Average the probabilities of models that were fitted on folds of the same rows.

    Like :class:`~sklearn.frozen.FrozenEstimator` it stays as it is when it is cloned or
    told to fit.

    Parameters
    ----------
    models : list of classifier
        Fitted.
    """

    _needed_attributes: ClassVar[tuple[str, ...]] = ("classes_",)

    def __init__(self, models: Sequence[Any]) -> None:
        self.models = models

    def adopt(self, classes: NDArray[Any]) -> Self:
        """Become fitted with what the models have learnt.

        Parameters
        ----------
        classes : ndarray of shape (n_classes,)
            All labels.

        Returns
        -------
        self : FoldAverageClassifier
            Fitted.
        """
        self.classes_ = classes
        return self

    def fit(self, X: Any, y: Any) -> Self:
        """Return itself: the models are fitted.

        Parameters
        ----------
        X, y : object
            Not used.

        Returns
        -------
        self : FoldAverageClassifier
            As it was.
        """
        return self

    def __sklearn_clone__(self) -> Self:
        return self

    def predict_proba_and_presence(
        self, X: Any
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the mean probabilities, and the rows that the models could read.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows in the form the models take.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            Mean over the models.
        present : ndarray of shape (n_samples,), dtype bool
            The same for all models.
        """
        check_is_fitted(self)
        asked = [predict_with_presence(m, X, self.classes_) for m in self.models]
        return np.mean([proba for proba, _ in asked], axis=0), asked[0][1]
