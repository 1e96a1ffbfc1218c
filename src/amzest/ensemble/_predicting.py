"""Predictions that follow from probabilities and the rows that could be read."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.utils import FittedStateMixin, PredictLogProbaMixin


class PredictFromProbaMixin(PredictLogProbaMixin, FittedStateMixin):
    """`predict_proba` and `predict` of a class that tells what it could read."""

    classes_: NDArray[Any]

    @abstractmethod
    def predict_proba_and_presence(
        self, X: Any
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the probability of each class, and which rows could be read."""

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows in the form that `fit` took.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`. Rows that cannot be read get the class
            frequencies.
        """
        return self.predict_proba_and_presence(X)[0]

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable label.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows in the form that `fit` took.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels of the type that `fit` was given.
        """
        best = self.predict_proba(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[best]
        return labels
