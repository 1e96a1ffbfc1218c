"""Calibration: from the scores of one or several parts to class probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit, log_softmax

Floats = NDArray[np.float64]

#: Weight of the default parameters, in samples: few samples change them little.
PRIOR_SAMPLES = 5.0

#: Standard deviation of the offset around its default, in units of the log-weights'.
_OFFSET_SCALE = 3.0


@dataclass(frozen=True)
class Calibration:
    """Probabilities from a weighted sum of scores, through normalised sigmoids.

    The probability of a class is proportional to ``sigmoid(weights @ scores +
    offset)``. This is Platt scaling (Platt, 1999) of one-vs-rest scores with parameters
    that all classes share. For an offset far below 0 the sigmoid is an exponential
    function, and the result temperature scaling (Guo et al., 2017,
    https://arxiv.org/abs/1706.04599). In between the probabilities of the most
    confident predictions are limited, as noisy labels and texts require.
    """

    weights: tuple[float, ...]  # of the scores of each part
    offset: float

    def log_proba(self, scores: Sequence[NDArray[np.floating]]) -> Floats:
        """Return log-probabilities, from scores of shape (n_samples, n_classes)."""
        total = np.full(scores[0].shape, self.offset)
        for weight, part in zip(self.weights, scores, strict=True):
            total += weight * part
        return log_softmax(log_expit(total), axis=1)


def centred(logits: NDArray[np.floating]) -> NDArray[np.floating]:
    """Subtract the mean of each row, which softmax leaves arbitrary."""
    result: NDArray[np.floating] = logits - logits.mean(axis=1, keepdims=True)
    return result


def learn_calibration(
    scores: Sequence[NDArray[np.floating]],
    targets: NDArray[np.int64],
    sample_weight: Floats,
    default: Calibration,
    prior_samples: float = PRIOR_SAMPLES,
) -> tuple[Calibration, float]:
    """Return the calibration with the least log-loss on held-out samples, and its loss.

    `scores` has one array of shape (n_samples, n_classes) per part. The loss includes a
    penalty for the distance from `default`, which prevails if there are few samples:
    fewer than about ten times `prior_samples`.
    """
    parts = [part.astype(np.float64) for part in scores]
    sample_weight = sample_weight / sample_weight.sum()
    rows = np.arange(len(targets))
    start = np.append(np.log(default.weights), default.offset)
    spread = np.append(np.ones(len(parts)), _OFFSET_SCALE)
    penalty = prior_samples / len(targets)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        weights, offset = np.exp(parameters[:-1]), parameters[-1]
        total = offset + sum(w * part for w, part in zip(weights, parts, strict=True))
        log_proba = log_softmax(log_expit(total), axis=1)
        # Gradient with respect to `total`: that of softmax times that of log_expit.
        slope = np.exp(log_proba)
        slope[rows, targets] -= 1
        slope *= expit(-total) * sample_weight[:, None]
        gradient = [w * np.sum(slope * p) for w, p in zip(weights, parts, strict=True)]
        distance = (parameters - start) / spread
        value = -np.sum(sample_weight * log_proba[rows, targets])
        return (
            float(value + penalty * distance @ distance),
            np.append(gradient, slope.sum()) + 2 * penalty * distance / spread,
        )

    found = minimize(loss, start, jac=True, method="L-BFGS-B")
    weights = tuple(np.exp(found.x[:-1]).tolist())
    return Calibration(weights, float(found.x[-1])), float(found.fun)
