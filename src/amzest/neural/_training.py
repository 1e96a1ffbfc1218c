"""The training loop with its schedule, validation split and early stopping."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.neural._batches import prediction_batches, training_batches
from amzest.neural._engine import Batch, Engine, Inputs, Output, Weights
from amzest.neural._holdout import HoldOut
from amzest.neural._prefetch import prefetch
from amzest.neural._start import Start

#: Fraction of all steps in which the learning rate increases to its peak.
WARM_UP_FRACTION = 0.1

#: Products of weights above it may overflow float32.
_SUSPICIOUS_WEIGHT = 1e4


@dataclass(frozen=True)
class TrainingData:
    """The validated arguments of `fit`."""

    read: Any
    targets: NDArray[np.int64]  # (n_samples,)
    weights: NDArray[np.float64]  # (n_samples,)
    loss_weights: NDArray[np.float64]  # (n_samples,), with `class_weight`
    rows: NDArray[np.intp]  # non-missing samples with a weight above 0
    seeds: dict[str, int]
    start: Start | None = None  # the former fit, if training starts from it


@dataclass(frozen=True)
class TrainingRows:
    """Encoded samples with targets and weights, and their split."""

    inputs: Inputs
    targets: NDArray[np.int64]  # (n_samples,)
    weights: NDArray[np.float64]  # (n_samples,), of each sample in the loss
    train: NDArray[np.intp]
    held_out: NDArray[np.intp]  # empty if all samples are trained on

    def of(
        self, rows: NDArray[np.intp]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return targets and weights of some rows."""
        return self.targets[rows], self.weights[rows]


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


def stratified_splits(
    targets: NDArray[np.int64],
    validation_fraction: float,
    n_splits: int,
    seed: int,
    groups: NDArray[np.integer[Any]] | None = None,
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Return splits into sorted training and validation indices, stratified by class.

    The validation samples of two splits differ. Unlike scikit-learn's splitters this
    never fails on rare classes: every class keeps at least one training sample. Groups
    are not divided, unless no class has samples of two groups.
    """
    first, group = np.arange(len(targets)), np.arange(len(targets))
    if groups is not None:
        _, first, group = np.unique(groups, return_index=True, return_inverse=True)
    chosen = _stratified_order(targets[first], seed)
    size = max(1, round(validation_fraction * len(first)))
    size = min(size, max(1, len(chosen) // n_splits))
    splits = []
    for start in range(0, size * n_splits, size):
        held_out = np.isin(group, chosen[start : start + size])
        kept = np.bincount(targets[~held_out], minlength=targets.max() + 1) > 0
        held_out &= kept[targets]
        if held_out.any():
            splits.append((np.flatnonzero(~held_out), np.flatnonzero(held_out)))
    if not splits and groups is not None:
        return stratified_splits(targets, validation_fraction, n_splits, seed)
    if not splits:
        raise ValueError(
            "early_stopping=True requires at least one class with two samples or more "
            "to hold one out. Pass early_stopping=False or more samples."
        )
    return splits


def _stratified_order(targets: NDArray[np.int64], seed: int) -> NDArray[np.intp]:
    """Return the indices that may be held out, of which any section is stratified."""
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
    position = ((rank + 0.5) / size)[can_spare]
    return by_class[can_spare][np.argsort(position, kind="stable")]


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
        self.epoch = -1  # from 0
        self._n_epochs = 0
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
            self.epoch = self._n_epochs
        self._n_epochs += 1
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
        seeds: dict[str, int],
        held_out: HoldOut | None = None,
        best: BestEpoch | None = None,  # with early stopping
    ) -> None:
        self.engine = engine
        self.rows = rows
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.held_out = held_out
        self.best = best
        self.loss_curve: list[float] = []
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
        if self.held_out is None:
            return False
        logits = forward_rows(
            self.engine, self.rows.inputs, self.held_out.rows, "logits"
        )
        self._check_finite(logits, "output of the network")
        score, held_out_loss = self.held_out.evaluate(logits)
        if self.best is None:
            return False
        better = self.best.is_better(score, held_out_loss)
        weights = self.engine.get_weights() if better else None
        return self.best.record(score, held_out_loss, weights)

    def finish(self) -> Weights:
        """Return the weights of the best epoch, without validation of the last one."""
        if self.best is None or self.best.weights is None:
            weights = self.engine.get_weights()
        else:
            weights = self.best.weights
            self.engine.set_weights(weights)
        # The loss was computed before the last step, which may have diverged.
        extremes = [f(a, initial=0) for a in weights.values() for f in (np.max, np.min)]
        largest = np.max(np.abs(extremes))
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
