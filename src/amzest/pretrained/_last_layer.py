"""The last layer of a fine-tuned network, before its training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from amzest.neural import Weights

#: Inverse regularisation strength, for features of unit variance. Strong: the layer is
#: a start for training, not its end.
_C = 0.01
#: Bias of classes without training samples.
_ABSENT = -5.0


@dataclass(frozen=True)
class LastLayer:
    """Scale of the features, and weights of a layer on top of the scaled features."""

    centre: NDArray[np.float32]  # (n_features,)
    scale: NDArray[np.float32]  # (n_features,)
    weight: NDArray[np.float32]  # (n_classes, n_features)
    bias: NDArray[np.float32]  # (n_classes,)

    def weights(self) -> Weights:
        """Return the weights by their names in the networks that are fine-tuned."""
        return {
            "centre": self.centre,
            "scale": self.scale,
            "output.weight": self.weight,
            "output.bias": self.bias,
        }


def fit_last_layer(
    features: NDArray[np.float32],
    targets: NDArray[np.int64],
    weights: NDArray[np.float64],
    n_classes: int,
) -> LastLayer:
    """Fit a logistic regression of features of shape (n_samples, n_features).

    The features are centred, and scaled by one factor to a mean variance of 1: the same
    learning rates then serve for networks whose features differ in scale.
    """
    total = weights.sum()
    centre = weights @ features / total
    variance = weights @ (features - centre) ** 2 / total
    factor = 1 / np.sqrt(max(variance.mean(), 1e-12))
    weight = np.zeros((n_classes, features.shape[1]), dtype=np.float32)
    bias = np.full(n_classes, _ABSENT, dtype=np.float32)
    present = np.unique(targets)
    if len(present) > 1:
        model = LogisticRegression(C=_C, max_iter=300)
        # A weight is a number of repetitions, unless weights are fractions.
        model.fit(
            (features - centre) * factor, targets, weights / min(weights.mean(), 1)
        )
        # Two classes have one row of coefficients: that of the second.
        two = len(present) == 2
        halves = np.array([[-0.5], [0.5]])
        weight[present] = halves * model.coef_ if two else model.coef_
        bias[present] = halves[:, 0] * model.intercept_ if two else model.intercept_
    return LastLayer(
        centre.astype(np.float32),
        np.full(len(centre), factor, dtype=np.float32),
        weight,
        bias,
    )
