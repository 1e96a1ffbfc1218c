"""The hyperparameters of a head, chosen on held-out rows, and its calibration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from amzest.neural import Calibration, centred, learn_calibration, stratified_splits
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

#: Candidates: inverse regularisation strength of the logistic regression, bandwidth of
#: the neighbours, and weight of the former in the mean of both.
_STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0)
_BANDWIDTHS = (0.03, 0.05, 0.1)
_MIXTURES = (0.3, 0.4, 0.5, 0.6, 0.7)

#: Weight of the defaults beside the held-out rows, in rows, for each factor of e.
_PRIOR_ROWS = 2.0
#: Weight of the default factor of scores beside the held-out rows, in rows.
_PRIOR_ROWS_OF_SCALE = 1.0
_DEFAULT_SCALE = 2.0

#: Part of the rows that is held out at a time, until this many rows were held out.
_HELD_OUT_FRACTION, _ENOUGH_ROWS, _MAX_SPLITS = 0.2, 2000, 5
#: Fewer rows say too little: the defaults are better.
_MIN_ROWS = 40
#: Multiplications of a pass over the data above which a single strength is fitted.
_MANY_PRODUCTS = 2**31
_STRENGTH_OF_MANY = 10.0

#: The probabilities as they are: the softmax of their logarithms.
_SOFTMAX = Calibration((1.0,), -40.0)

#: Bandwidth with which columns are compared, and weight of the class frequencies there.
_COLUMN_BANDWIDTH, _COLUMN_PRIOR = 0.1, 0.1
_SMALLEST_GAIN = 0.02
SMALLEST_PROBABILITY = 1e-6


@dataclass(frozen=True)
class Choice:
    """Hyperparameters of a head. The defaults are those for few rows.

    They were found by cross-validation with 5 to 20 rows per class.
    """

    C: float = 3.0
    scale: float = _DEFAULT_SCALE  # factor of the scores of the logistic regression
    bandwidth: float = 0.1
    mixture: float = 0.5  # weight of the logistic regression
    calibration: Calibration = _SOFTMAX

    def distance(self) -> float:
        """Return how far the candidates are from the defaults."""
        ratios = np.array([self.C / Choice.C, self.bandwidth / Choice.bandwidth])
        return float(np.abs(np.log(ratios)).sum())


@dataclass(frozen=True)
class TrainingVectors:
    """The training rows of a head."""

    vectors: Vectors  # (n_rows, n_columns * n_features)
    targets: NDArray[np.int64]
    weights: Floats
    n_classes: int

    @property
    def known(self) -> tuple[NDArray[np.int64], Floats]:
        """Targets and weights."""
        return self.targets, self.weights

    def take(self, rows: NDArray[np.intp]) -> TrainingVectors:
        """Return some of the rows."""
        return replace(
            self,
            vectors=self.vectors[rows],
            targets=self.targets[rows],
            weights=self.weights[rows],
        )


Splits = list[tuple[NDArray[np.intp], NDArray[np.intp]]]


def plan_head_splits(
    rows: TrainingVectors, groups: NDArray[np.integer[Any]] | None, seed: int
) -> Splits:
    """Return splits into training and held-out rows; none if there are few rows."""
    # Copies of a row add nothing to choose by.
    n_rows = len(rows.targets) if groups is None else len(np.unique(groups))
    if n_rows < _MIN_ROWS or np.bincount(rows.targets).max() < 2:
        return []
    n_splits = int(np.ceil(_ENOUGH_ROWS / (_HELD_OUT_FRACTION * n_rows)))
    return stratified_splits(
        rows.targets, _HELD_OUT_FRACTION, min(n_splits, _MAX_SPLITS), seed, groups
    )


def learn_column_weights(
    rows: TrainingVectors, splits: Splits, n_columns: int
) -> Vectors:
    """Return a weight per column, at most 1: how informative it is.

    It is the decrease of the log-loss by the nearest neighbours in this column alone,
    relative to the best column. Neighbours in all columns together would otherwise be
    chosen as much by an opaque name as by a description.
    """
    weights = np.ones(n_columns, dtype=np.float32)
    if n_columns == 1 or not splits:
        return weights
    train, held_out = (rows.take(part) for part in splits[0])
    prior = np.bincount(train.targets, train.weights, rows.n_classes)
    prior = np.maximum(prior / prior.sum(), SMALLEST_PROBABILITY)
    without = log_loss(np.log(np.tile(prior, (len(held_out.targets), 1))), held_out)
    gains = np.zeros(n_columns)
    for column, (known, tested) in enumerate(
        zip(
            np.split(train.vectors, n_columns, axis=1),
            np.split(held_out.vectors, n_columns, axis=1),
            strict=True,
        )
    ):
        Z, mean = around_mean(unit(known), train.weights)
        proba = neighbor_proba(
            unit(unit(tested) - mean),
            Z,
            *train.known,
            rows.n_classes,
            (_COLUMN_BANDWIDTH,),
        )[_COLUMN_BANDWIDTH]
        mixed = (1 - _COLUMN_PRIOR) * proba + _COLUMN_PRIOR * prior
        gains[column] = without - log_loss(np.log(mixed), held_out)
    gains = np.maximum(gains, _SMALLEST_GAIN * without)
    return (gains / gains.max()).astype(np.float32)


@dataclass(frozen=True)
class Candidates:
    """Values of the hyperparameters to choose from."""

    strengths: tuple[float, ...] = _STRENGTHS
    bandwidths: tuple[float, ...] = _BANDWIDTHS
    mixtures: tuple[float, ...] = _MIXTURES


def choose(
    rows: TrainingVectors,
    splits: Splits,
    column_weights: Vectors,
    candidates: Candidates = Candidates(),
) -> Choice:
    """Return the hyperparameters with the least log-loss on the held-out rows."""
    if not splits:
        return Choice()
    n_products = rows.vectors.size * rows.n_classes
    if n_products > _MANY_PRODUCTS and len(candidates.strengths) > 1:
        candidates = replace(candidates, strengths=(_STRENGTH_OF_MANY,))
    strengths, bandwidths = candidates.strengths, candidates.bandwidths
    scores: dict[float, list[Vectors]] = {C: [] for C in strengths}
    near: dict[float, list[Floats]] = {b: [] for b in bandwidths}
    for train, held_out in splits:
        known = rows.take(train).known
        U = unit_columns(rows.vectors[train], column_weights)
        Z, mean = around_mean(U, known[1])
        tested = unit(unit_columns(rows.vectors[held_out], column_weights) - mean)
        for C, (coefficients, intercepts) in fit_linear_models(
            Z, *known, rows.n_classes, strengths
        ):
            scores[C].append(tested @ coefficients + intercepts)
        found = neighbor_proba(tested, Z, *known, rows.n_classes, bandwidths)
        for bandwidth, proba in found.items():
            near[bandwidth].append(proba)
    tested_rows = rows.take(np.concatenate([held_out for _, held_out in splits]))
    return _best(
        {C: np.concatenate(parts) for C, parts in scores.items()},
        {b: np.concatenate(parts) for b, parts in near.items()},
        tested_rows,
        candidates.mixtures,
    )


def _best(
    scores: dict[float, Vectors],
    near: dict[float, Floats],
    rows: TrainingVectors,
    mixtures: tuple[float, ...],
) -> Choice:
    """Return the best candidate, and its calibration."""
    best, chosen, log_proba = np.inf, Choice(), np.empty(0)
    for C, of_C in scores.items():
        # Compared at their best scale: strong regularisation shrinks all scores.
        scale = _best_scale(of_C, rows)
        linear = probabilities(scale * of_C)
        for bandwidth, mixture in product(near, mixtures):
            candidate = Choice(C, scale, bandwidth, mixture)
            mixed = mix(linear, near[bandwidth], mixture)
            prior = _PRIOR_ROWS * candidate.distance() / len(rows.targets)
            loss = log_loss(mixed, rows) + prior
            if loss < best:
                best, chosen, log_proba = loss, candidate, mixed
    calibration, _ = learn_calibration([centred(log_proba)], *rows.known, _SOFTMAX)
    return replace(chosen, calibration=calibration)


def _best_scale(scores: Vectors, rows: TrainingVectors) -> float:
    """Return the factor with which scores have the least log-loss."""

    def loss(logarithm: float) -> float:
        log_proba = log_softmax(np.exp(logarithm) * scores, axis=1)
        distance = (logarithm - np.log(_DEFAULT_SCALE)) ** 2
        prior = _PRIOR_ROWS_OF_SCALE * distance / len(rows.targets)
        return log_loss(log_proba, rows) + prior

    found = minimize_scalar(loss, bounds=(-3, 3), method="bounded")
    return float(np.exp(found.x))


def mix(linear: Floats, near: Floats, mixture: float) -> Floats:
    """Return the logarithms of the weighted mean of both models' probabilities."""
    proba = mixture * linear + (1 - mixture) * near
    result: Floats = np.log(proba + SMALLEST_PROBABILITY)
    return result


def log_loss(log_proba: Floats, rows: TrainingVectors) -> float:
    """Return the weighted mean of the loss."""
    losses = -log_proba[np.arange(len(rows.targets)), rows.targets]
    return float(np.average(losses, weights=rows.weights))
