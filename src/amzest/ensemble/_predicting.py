"""Predictions of classifiers that know which samples are missing for them."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.utils import FittedStateMixin, PredictLogProbaMixin


class PredictFromProbaMixin(PredictLogProbaMixin, FittedStateMixin):
    """Implements `predict_proba` and `predict` by `predict_proba_and_presence`."""

    classes_: NDArray[Any]

    @abstractmethod
    def predict_proba_and_presence(
        self, X: Any
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return class probabilities, and which samples are present."""

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return class probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples in the form that `fit` took.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities in the order of `classes_`. Missing samples get the class
            frequencies.
        """
        return self.predict_proba_and_presence(X)[0]

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples in the form that `fit` took.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels of the type that `fit` was given.
        """
        best = self.predict_proba(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[best]
        return labels
