"""Held-out samples: on them epochs are compared, and predictions calibrated."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.neural._calibration import (
    PRIOR_SAMPLES,
    Calibration,
    centred,
    learn_calibration,
)

#: Smaller training sets are not split: too few samples would be held out.
_MIN_SAMPLES = 100

#: In small training sets a fifth is held out, up to three times.
_LARGE_FRACTION, _MAX_SPLITS = 0.2, 3

#: This many held-out samples are enough.
_ENOUGH_SAMPLES = 600


def plan_splits(fraction: float, n_samples: int) -> tuple[float, int]:
    """Return fraction and number of the splits for calibration; 0 for few samples."""
    if n_samples < _MIN_SAMPLES:
        return 0.0, 0
    fraction = max(fraction, min(_LARGE_FRACTION, _ENOUGH_SAMPLES / n_samples))
    n_splits = math.ceil(_ENOUGH_SAMPLES / (fraction * n_samples))
    return fraction, min(n_splits, _MAX_SPLITS, int(1 / fraction))


class HoldOut:
    """Calibration, accuracy and log-loss on held-out samples after each epoch."""

    def __init__(
        self,
        rows: NDArray[np.intp],
        targets: NDArray[np.int64],  # (n_rows,)
        weights: NDArray[np.float64],  # (n_rows,)
        default: Calibration,
        other_scores: Mapping[Any, NDArray[np.float32]],
        best: Any,
        prior_samples: float = PRIOR_SAMPLES,
    ) -> None:
        self.rows, self.targets, self.weights = rows, targets, weights
        self.default, self.prior_samples = default, prior_samples
        #: Scores of candidates for the part beside the network, and the best of them.
        self.other_scores, self.best = other_scores, best
        self.logits: list[NDArray[np.float32]] = []
        self.calibrations: list[Calibration] = []
        self.scores: list[float] = []
        self.losses: list[float] = []

    def evaluate(self, logits: NDArray[np.float32]) -> tuple[float, float]:
        """Record an epoch by its logits; return weighted accuracy and log-loss."""
        parts = [centred(logits)]
        if self.best is not None:
            parts.append(self.other_scores[self.best])
        calibration, loss = learn_calibration(
            parts, self.targets, self.weights, self.default, self.prior_samples
        )
        predicted = calibration.log_proba(parts).argmax(axis=1)
        score = np.average(predicted == self.targets, weights=self.weights)
        self.logits.append(logits)
        self.calibrations.append(calibration)
        self.scores.append(float(score))
        self.losses.append(loss)
        return float(score), loss

    @property
    def best_epoch(self) -> int:
        """The epoch with the least log-loss, from 0."""
        return int(np.argmin(self.losses))


def join_hold_outs(hold_outs: Sequence[HoldOut], best: Any) -> HoldOut:
    """Return the held-out samples of several fits as one, with the same candidate."""
    if len(hold_outs) == 1 and hold_outs[0].best == best:
        return hold_outs[0]
    scores = {}
    if best is not None:
        scores[best] = np.concatenate([h.other_scores[best] for h in hold_outs])
    joined = HoldOut(
        np.concatenate([h.rows for h in hold_outs]),
        np.concatenate([h.targets for h in hold_outs]),
        np.concatenate([h.weights for h in hold_outs]),
        hold_outs[0].default,
        scores,
        best,
    )
    for logits in zip(*(h.logits for h in hold_outs), strict=False):
        joined.evaluate(np.concatenate(logits))
    return joined
