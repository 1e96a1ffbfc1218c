"""Logarithms of probabilities."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray


class PredictLogProbaMixin:
    """`predict_log_proba` of a class that has `predict_proba`."""

    @abstractmethod
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class."""

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the logarithm of the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows in the form that `fit` took.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`; -inf where a probability is 0.
        """
        with np.errstate(divide="ignore"):
            log_proba: NDArray[np.float64] = np.log(self.predict_proba(X))
        return log_proba
