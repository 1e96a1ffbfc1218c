"""Epoch after epoch, for every framework alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from amzest.neural._batches import prediction_batches, training_batches
from amzest.neural._early_stopping import BestEpoch
from amzest.neural._engine import Batch, Engine, Output, Weights
from amzest.neural._inputs import Inputs
from amzest.neural._prefetch import prefetch
from amzest.neural._schedule import learning_rate_schedule

#: Products of weights beyond it may be too large for float32.
_SUSPICIOUS_WEIGHT = 1e4


@dataclass(frozen=True)
class TrainingRows:
    """Encoded rows with labels and weights, and which of them are for what."""

    inputs: Inputs
    targets: NDArray[np.int64]  # (n_samples,)
    weights: NDArray[np.float64]  # (n_samples,), what the loss counts
    train: NDArray[np.intp]
    validation: NDArray[np.intp]  # empty without early stopping


def forward_rows(
    engine: Engine, inputs: Inputs, rows: NDArray[np.intp], output: Output
) -> NDArray[np.float32]:
    """Compute an output of the network for some rows, in their order.

    Parameters
    ----------
    engine : Engine
        The network.

    inputs : Inputs
        Encoded rows.

    rows : ndarray of shape (n,), dtype intp
        Rows to compute, at least one.

    output : {"logits", "features"}
        What to return.

    Returns
    -------
    ndarray of shape (n, n_columns), dtype float32
        One row of output for each of `rows`.
    """
    places = prediction_batches(
        np.arange(len(rows)), None if inputs.sizes is None else inputs.sizes[rows]
    )
    total: NDArray[np.float32] | float = 0.0
    for view in range(inputs.n_views):
        batches = (inputs.batch(rows[place], view=view) for place in places)
        total = total + engine.forward(batches, output) / np.float32(inputs.n_views)
    ordered = np.empty_like(total)
    ordered[np.concatenate(places)] = total
    return ordered


class Trainer:
    """Train an engine, one epoch at a call.

    Parameters
    ----------
    engine : Engine
        The untrained network.

    rows : TrainingRows
        What to learn from.

    batch_size : int
        Rows in a step.

    max_epochs : int
        Length of the learning-rate schedule.

    learning_rate : float
        Its peak.

    best : BestEpoch
        Judge of validation scores.

    seeds : dict of str to int
        One seed for each of ``amzest.utils.PURPOSES``.

    Attributes
    ----------
    loss_curve : list of float
        Mean weighted training loss of each epoch so far.

    validation_scores : list of float
        Validation accuracy of each epoch so far.
    """

    def __init__(
        self,
        engine: Engine,
        rows: TrainingRows,
        *,
        batch_size: int,
        max_epochs: int,
        learning_rate: float,
        best: BestEpoch,
        seeds: dict[str, int],
    ) -> None:
        self.engine = engine
        self.rows = rows
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.best = best
        self.loss_curve: list[float] = []
        self.validation_scores: list[float] = []
        self._shuffle = np.random.default_rng(seeds["shuffle"])
        self._augmentation = np.random.default_rng(seeds["augmentation"])
        self._loss_weights = np.zeros(len(rows.weights), dtype=np.float32)
        self._loss_weights[rows.train] = (
            rows.weights[rows.train] / rows.weights[rows.train].mean()
        )
        n_steps = len(self._new_batches(np.random.default_rng(0)))
        self._schedule = learning_rate_schedule(
            learning_rate, n_steps * max_epochs
        ).reshape(max_epochs, n_steps)

    def run_epoch(self) -> bool:
        """Train for one epoch and validate; return True when it is time to stop."""
        epoch = len(self.loss_curve)
        # Closed here: the traceback of an interrupted epoch would keep its thread.
        with (
            closing(prefetch(self._batches())) as batches,
            np.errstate(over="ignore"),  # the loss tells of it
        ):
            loss = self.engine.run_epoch(batches, self._schedule[epoch])
        self._check_finite(float(loss), "training loss")
        self.loss_curve.append(float(loss))
        if len(self.rows.validation) == 0:
            return False
        score, validation_loss = self._validate()
        self._check_finite(validation_loss, "validation loss")
        self.validation_scores.append(score)
        better = self.best.is_better(score, validation_loss)
        weights = self.engine.get_weights() if better else None
        return self.best.record(score, validation_loss, weights)

    def finish(self) -> Weights:
        """Return the weights to keep: of the best epoch, else of the last one."""
        if self.best.weights is None:
            weights = self.engine.get_weights()
        else:
            weights = self.best.weights
            self.engine.set_weights(weights)
        # The loss does not tell what the last step left.
        largest = np.max([np.abs(array).max(initial=0) for array in weights.values()])
        self._check_finite(largest, "largest weight")
        if largest > _SUSPICIOUS_WEIGHT:
            rows = self.rows.train[: self.batch_size]
            logits = forward_rows(self.engine, self.rows.inputs, rows, "logits")
            self._check_finite(logits, "output of the network")
        self.engine.end_training()
        return weights

    def _check_finite(self, numbers: Any, what: str) -> None:
        """Raise when training has diverged: such a network answers NaN."""
        if not np.isfinite(numbers).all():
            epoch = min(len(self.loss_curve) + 1, len(self._schedule))
            raise ValueError(
                f"The {what} is not finite in epoch {epoch} of {len(self._schedule)}: "
                "training has diverged. Lower `learning_rate`, which is "
                f"{self.learning_rate:g}, or the other learning rates of the class."
            )

    def _new_batches(self, rng: np.random.Generator) -> list[NDArray[np.intp]]:
        return training_batches(
            self.rows.train, self.rows.inputs.sizes, self.batch_size, rng
        )

    def _batches(self) -> Iterator[Batch]:
        for rows in self._new_batches(self._shuffle):
            inputs: Any = self.rows.inputs.batch(rows, self._augmentation)
            yield Batch(inputs, self.rows.targets[rows], self._loss_weights[rows])

    def _validate(self) -> tuple[float, float]:
        """Return weighted accuracy and mean log-loss of the validation rows."""
        rows = self.rows.validation
        logits = forward_rows(self.engine, self.rows.inputs, rows, "logits")
        targets, weights = self.rows.targets[rows], self.rows.weights[rows]
        score = np.average(logits.argmax(axis=1) == targets, weights=weights)
        log_proba = log_softmax(logits.astype(np.float64), axis=1)
        loss = np.average(-log_proba[np.arange(len(rows)), targets], weights=weights)
        return float(score), float(loss)
