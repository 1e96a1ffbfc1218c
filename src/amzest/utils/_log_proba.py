"""Logarithms of probabilities."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray


class PredictLogProbaMixin:
    """Add `predict_log_proba` to a class with `predict_proba`."""

    @abstractmethod
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the predicted probability of each class."""

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the logarithm of the predicted probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples, as for `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`; -inf where a probability is 0.
        """
        with np.errstate(divide="ignore"):
            log_proba: NDArray[np.float64] = np.log(self.predict_proba(X))
        return log_proba
