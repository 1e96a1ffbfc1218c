"""The training loop with its schedule, validation split and early stopping."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from amzest.neural._batches import prediction_batches, training_batches
from amzest.neural._engine import Batch, Engine, Inputs, Output, Weights
from amzest.neural._prefetch import prefetch

#: Fraction of all steps in which the learning rate increases to its peak.
WARM_UP_FRACTION = 0.1

#: Products of weights above it may overflow float32.
_SUSPICIOUS_WEIGHT = 1e4


@dataclass(frozen=True)
class TrainingRows:
    """Encoded samples with targets and weights, and their split."""

    inputs: Inputs
    targets: NDArray[np.int64]  # (n_samples,)
    weights: NDArray[np.float64]  # (n_samples,), of each sample in the loss
    train: NDArray[np.intp]
    validation: NDArray[np.intp]  # empty without early stopping


def learning_rate_schedule(peak: float, n_steps: int) -> NDArray[np.float64]:
    """Return the learning rate of each step: linear warm-up, cosine decay to zero.

    The decay is that of SGDR without restarts (Loshchilov and Hutter, 2017,
    https://arxiv.org/abs/1608.03983).
    """
    n_warm_up = max(1, round(WARM_UP_FRACTION * n_steps))
    warm_up = np.arange(1, n_warm_up + 1) / n_warm_up
    n_decay = n_steps - n_warm_up
    decay = 0.5 * (1 + np.cos(np.pi * np.arange(1, n_decay + 1) / max(1, n_decay + 1)))
    return peak * np.concatenate([warm_up, decay])[:n_steps]


def stratified_split(
    targets: NDArray[np.int64],
    validation_fraction: float,
    seed: int,
    groups: NDArray[np.integer[Any]] | None = None,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return sorted training and validation indices, stratified by class.

    Unlike scikit-learn's splitters this never fails on rare classes: every class keeps
    at least one training sample. Training samples of a group of which samples are held
    out are left out, if their class can spare them.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(targets))
    # Rank of each sample within its class, in shuffled order.
    by_class = order[np.argsort(targets[order], kind="stable")]
    counts = np.bincount(targets)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    rank = np.arange(len(targets)) - starts
    size = counts[targets[by_class]]
    # Spread the samples of each class evenly over (0, 1), the k-th of n at
    # (k + 0.5) / n: those nearest to 0 are a stratified part of any size.
    can_spare = rank < size - 1
    position = np.where(can_spare, (rank + 0.5) / size, np.inf)
    n_validation = max(1, round(validation_fraction * len(targets)))
    n_validation = min(n_validation, int(can_spare.sum()))
    if n_validation == 0:
        raise ValueError(
            "early_stopping=True requires at least one class with two samples or more "
            "to hold one out. Pass early_stopping=False or more samples."
        )
    chosen = by_class[np.argsort(position, kind="stable")[:n_validation]]
    held_out = np.zeros(len(targets), dtype=bool)
    held_out[chosen] = True
    train = ~held_out
    if groups is not None:
        train &= ~np.isin(groups, groups[held_out])
        lost = np.bincount(targets[train], minlength=len(counts)) == 0
        train |= lost[targets] & ~held_out
    return np.flatnonzero(train), np.flatnonzero(held_out)


class BestEpoch:
    """The weights of the best epoch so far, and the patience of early stopping.

    An epoch is better if its validation accuracy is higher, or equal at a lower
    validation loss. The patience counts from the last epoch that improved the accuracy
    by more than `tol`, or the loss by more than `tol` at no lower accuracy.
    """

    def __init__(self, n_iter_no_change: int, tol: float) -> None:
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.score = -np.inf
        self.loss = np.inf
        self.weights: Weights | None = None
        self._milestone = (-np.inf, np.inf)
        self._n_waiting = 0

    def is_better(self, score: float, loss: float) -> bool:
        """Return whether an epoch is better than the best one so far."""
        return (score, -loss) > (self.score, -self.loss)

    def record(self, score: float, loss: float, weights: Weights | None) -> bool:
        """Record an epoch; return True if training should stop."""
        if weights is not None:
            self.score, self.loss, self.weights = score, loss, weights
        best_score, best_loss = self._milestone
        if score > best_score + self.tol or (
            score >= best_score and loss < best_loss - self.tol
        ):
            self._milestone = (score, loss)
            self._n_waiting = 0
        else:
            self._n_waiting += 1
        return self._n_waiting >= self.n_iter_no_change


def forward_rows(
    engine: Engine, inputs: Inputs, rows: NDArray[np.intp], output: Output
) -> NDArray[np.float32]:
    """Return an output of the network for the given rows, shape (n_rows, n_outputs)."""
    batches = prediction_batches(
        np.arange(len(rows)), None if inputs.sizes is None else inputs.sizes[rows]
    )
    total: NDArray[np.float32] | float = 0.0
    for view in range(inputs.n_views):
        encoded = (inputs.batch(rows[batch], view=view) for batch in batches)
        total = total + engine.forward(encoded, output) / np.float32(inputs.n_views)
    # Batches group samples of similar length: restore the order of `rows`.
    ordered = np.empty_like(total)
    ordered[np.concatenate(batches)] = total
    return ordered


class Trainer:
    """Trains an engine, one epoch per call."""

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
        # The mean weight is 1, so that the scale of `sample_weight` has no effect.
        self._loss_weights = np.zeros(len(rows.weights), dtype=np.float32)
        self._loss_weights[rows.train] = (
            rows.weights[rows.train] / rows.weights[rows.train].mean()
        )
        n_steps = len(self._new_batches(np.random.default_rng(0)))
        self._schedule = learning_rate_schedule(
            learning_rate, n_steps * max_epochs
        ).reshape(max_epochs, n_steps)

    def run_epoch(self) -> bool:
        """Train for one epoch and validate; return True if training should stop."""
        epoch = len(self.loss_curve)
        # Closed here: the traceback of an interrupted epoch keeps its thread alive.
        with (
            closing(prefetch(self._batches())) as batches,
            np.errstate(over="ignore"),  # divergence is detected from the loss
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
        """Return the weights of the best epoch, without validation of the last one."""
        if self.best.weights is None:
            weights = self.engine.get_weights()
        else:
            weights = self.best.weights
            self.engine.set_weights(weights)
        # The loss was computed before the last step, which may have diverged.
        largest = np.max([np.abs(array).max(initial=0) for array in weights.values()])
        self._check_finite(largest, "largest weight")
        if largest > _SUSPICIOUS_WEIGHT:
            rows = self.rows.train[: self.batch_size]
            logits = forward_rows(self.engine, self.rows.inputs, rows, "logits")
            self._check_finite(logits, "output of the network")
        self.engine.end_training()
        return weights

    def _check_finite(self, numbers: Any, name: str) -> None:
        """Raise if training has diverged: such a network predicts NaN."""
        if not np.isfinite(numbers).all():
            epoch = min(len(self.loss_curve) + 1, len(self._schedule))
            raise ValueError(
                f"The {name} is not finite in epoch {epoch} of {len(self._schedule)}: "
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
        """Return weighted accuracy and mean log loss of the validation samples."""
        rows = self.rows.validation
        logits = forward_rows(self.engine, self.rows.inputs, rows, "logits")
        targets, weights = self.rows.targets[rows], self.rows.weights[rows]
        score = np.average(logits.argmax(axis=1) == targets, weights=weights)
        log_proba = log_softmax(logits.astype(np.float64), axis=1)
        loss = np.average(-log_proba[np.arange(len(rows)), targets], weights=weights)
        return float(score), float(loss)
