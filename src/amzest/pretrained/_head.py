"""The classifier of embeddings: fitted in seconds, on top of a frozen encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.neural import Calibration, centred
from amzest.pretrained._head_choice import (
    Candidates,
    TrainingVectors,
    choose,
    learn_column_weights,
    mix,
    plan_head_splits,
)
from amzest.pretrained._head_parts import (
    Floats,
    Vectors,
    around_mean,
    fit_linear_models,
    neighbor_proba,
    probabilities,
    unit,
    unit_columns,
)

#: Training rows that are kept as neighbours, to limit memory and time; more rows are
#: sampled at random.
MAX_NEIGHBORS = 50_000


@dataclass(frozen=True)
class QuantizedRows:
    """Rows in 8 bits: similarities change by less than 0.002, bandwidths are larger."""

    values: NDArray[np.int8]  # (n_rows, n_features)
    scales: Vectors  # (n_rows, 1)

    def rows(self) -> Vectors:
        """Return the rows as floats."""
        return self.values * self.scales


def quantize_rows(rows: Vectors) -> QuantizedRows:
    """Scale each row to the integers from -127 to 127."""
    scales = np.abs(rows).max(axis=1, keepdims=True, initial=1e-9) / np.float32(127)
    return QuantizedRows(np.rint(rows / scales).astype(np.int8), scales)


@dataclass(frozen=True)
class Head:
    """A fitted classifier of embeddings: logistic regression and nearest neighbours.

    The probabilities of both are averaged and calibrated. A linear model generalises
    from few rows, neighbours represent what is rare within a class: the mean of both is
    more accurate than either.
    """

    column_weights: Vectors  # (n_columns,)
    mean: Vectors  # (n_features,), of rows of norm 1
    coefficients: Vectors  # (n_features, n_classes)
    intercepts: Vectors  # (n_classes,)
    neighbors: QuantizedRows  # (n_rows, n_features), training rows of norm 1
    targets: NDArray[np.int32]  # (n_rows,)
    weights: Vectors  # (n_rows,)
    C: float
    bandwidth: float
    mixture: float  # weight of the logistic regression
    calibration: Calibration
    #: Weights of the rows without `class_weight`; None if they are the same.
    sample_weights: Vectors | None = None
    n_tuned: int = 0  # rows with which the hyperparameters were chosen

    @property
    def n_bytes(self) -> int:
        """Bytes of the arrays."""
        arrays = [*vars(self).values(), *vars(self.neighbors).values()]
        return sum(v.nbytes for v in arrays if isinstance(v, np.ndarray))

    @property
    def candidates(self) -> Candidates:
        """The hyperparameters, as the only ones to choose from."""
        return Candidates((self.C,), (self.bandwidth,), (self.mixture,))

    def log_proba(self, X: Vectors) -> Floats:
        """Return log-probabilities of embeddings, shape (n_samples, n_features)."""
        Z = unit(unit_columns(X, self.column_weights) - self.mean)
        near = neighbor_proba(
            Z,
            self.neighbors.rows(),
            self.targets,
            self.weights,
            len(self.intercepts),
            (self.bandwidth,),
        )[self.bandwidth]
        linear = probabilities(Z @ self.coefficients + self.intercepts)
        mixed = mix(linear, near, self.mixture)
        return self.calibration.log_proba([centred(mixed)])


def fit_head(
    X: Vectors,
    targets: NDArray[np.int64],
    n_classes: int,
    weights: Floats,
    *,
    n_columns: int = 1,
    groups: NDArray[np.integer[Any]] | None = None,
    seed: int,
    former: Head | None = None,
    sample_weights: Floats | None = None,
) -> Head:
    """Fit the head; its hyperparameters and calibration are chosen on held-out rows.

    `X` has shape (n_samples, n_columns * n_features). Rows of weight 0 must have been
    left out. Rows of one group are held out together. The hyperparameters are those of
    a `former` head if there is one. `sample_weights` are the weights without
    `class_weight`.
    """
    rows = TrainingVectors(X, targets, weights, n_classes)
    splits = plan_head_splits(rows, groups, seed)
    if former is None:
        column_weights = learn_column_weights(rows, splits, n_columns)
        choice = choose(rows, splits, column_weights)
    else:
        column_weights, known = former.column_weights, former.candidates
        choice = choose(rows, splits, column_weights, known)
    Z, mean = around_mean(unit_columns(X, column_weights), weights)
    [(_, (coefficients, intercepts))] = fit_linear_models(
        Z, *rows.known, n_classes, (choice.C,)
    )
    kept = _sample(len(targets), seed)
    return Head(
        column_weights=column_weights,
        mean=mean,
        coefficients=coefficients * np.float32(choice.scale),
        intercepts=intercepts * np.float32(choice.scale),
        neighbors=quantize_rows(Z[kept]),
        targets=targets[kept].astype(np.int32),
        weights=weights[kept].astype(np.float32),
        C=choice.C,
        bandwidth=choice.bandwidth,
        mixture=choice.mixture,
        calibration=choice.calibration,
        sample_weights=(
            None if sample_weights is None else sample_weights[kept].astype(np.float32)
        ),
        n_tuned=len(targets) if former is None else former.n_tuned,
    )


def _sample(n_rows: int, seed: int) -> NDArray[np.intp]:
    """Return the rows that are kept as neighbours."""
    if n_rows <= MAX_NEIGHBORS:
        return np.arange(n_rows)
    chosen = np.random.default_rng(seed).permutation(n_rows)[:MAX_NEIGHBORS]
    return np.sort(chosen)
