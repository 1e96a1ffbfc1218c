"""Thresholds: exact small cases, and the guarantee on new samples in simulations."""

from __future__ import annotations

import math

import numpy as np
import pytest

from amzest.meta._precision_thresholds import (
    choose_class_thresholds,
    choose_threshold,
    min_rows_for_precision,
)
from amzest.utils import LabelledPredictions


@pytest.mark.parametrize(
    ("target", "level", "n_rows"),
    [(0.98, 0.1, 114), (0.5, 0.5, 1), (0.5, 0.25, 2), (0.9, 0.05, 29), (0.01, 0.99, 1)],
)
def test_min_rows_for_precision_known_values(target, level, n_rows):
    assert min_rows_for_precision(target, level) == n_rows
    assert target**n_rows <= level + 1e-12


def test_choose_threshold_needs_enough_rows_without_an_error():
    scores = np.linspace(1.0, 0.5, 114)
    right = np.ones(114, dtype=bool)

    assert choose_threshold(scores, right, 0.98, 0.9) == 0.5
    assert choose_threshold(scores[:113], right[:113], 0.98, 0.9) == math.inf


def test_choose_threshold_stops_before_errors():
    scores = np.linspace(1.0, 0.0, 201)
    right = scores >= 0.4

    # 120 rows are correct; the next is an error, and 121 rows tolerate none.
    assert choose_threshold(scores, right, 0.98, 0.9) == pytest.approx(0.4)


def test_choose_threshold_restarts_after_an_early_error():
    scores = np.linspace(1.0, 0.0, 2001)
    right = np.ones(2001, dtype=bool)
    right[[150, 160]] = False

    assert choose_threshold(scores, right, 0.98, 0.9) == 0.0


def test_choose_threshold_keeps_equal_scores_together():
    scores = np.repeat([0.9, 0.6], 120)
    right = np.ones(240, dtype=bool)
    right[-20:] = False

    assert choose_threshold(scores, right, 0.98, 0.9) == 0.9
    # With one error among those at 0.9 all of them are excluded.
    right[0] = False
    assert choose_threshold(scores, right, 0.98, 0.9) == math.inf


def test_choose_threshold_does_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(0)
    scores = rng.random(500).round(2)
    right = rng.random(500) < 0.9 + 0.1 * scores
    order = rng.permutation(500)

    found = choose_threshold(scores, right, 0.9, 0.9)
    assert np.isfinite(found)
    assert choose_threshold(scores[order], right[order], 0.9, 0.9) == found


@pytest.mark.parametrize("n_rows", [150, 1000])
@pytest.mark.parametrize(
    "error_rate",
    [
        lambda rank: np.full_like(rank, 0.1001),  # always slightly below the target
        lambda rank: 0.01 + 0.4 * rank**3,
        lambda rank: np.where(rank < 0.4, 0.02, 0.5),
    ],
    ids=["just-below-target", "gradual", "step"],
)
def test_choose_threshold_guarantee_holds_as_often_as_stated(error_rate, n_rows):
    rng = np.random.default_rng(0)
    grid = np.linspace(0, 1, 4001)[1:]
    precision_of_top = 1 - np.cumsum(error_rate(grid)) / np.arange(1, 4001)
    n_violated, n_simulations = 0, 150
    for _ in range(n_simulations):
        rank = rng.random(n_rows)  # 0: the most confident row
        right = rng.random(n_rows) >= error_rate(rank)
        threshold = choose_threshold(1 - rank, right, 0.9, 0.9)
        if np.isfinite(threshold):
            accepted = 1 - threshold
            n_violated += precision_of_top[int(accepted * 4000) - 1] < 0.9

    # 10 % are allowed; 16 % is 2.4 standard errors more.
    assert n_violated / n_simulations < 0.16


def predictions_of(proba, targets):
    return LabelledPredictions.of_codes(np.arange(proba.shape[1]), targets, proba)


def test_choose_class_thresholds_pools_rare_classes_and_excludes_imprecise_ones():
    rng = np.random.default_rng(0)
    n_rows = np.array([400, 400, 30, 30, 30])
    predicted = np.repeat(np.arange(5), n_rows)
    proba = np.zeros((len(predicted), 5))
    proba[np.arange(len(predicted)), predicted] = rng.uniform(0.5, 0.8, len(predicted))
    proba += (1 - proba.sum(axis=1, keepdims=True)) / 5
    targets = predicted.copy()
    second = predicted == 1
    targets[second] = np.where(rng.random(400) < 0.5, 0, 1)

    thresholds, own = choose_class_thresholds(
        predictions_of(proba, targets),
        target_precision=0.95,
        confidence_level=0.9,
        per_class=True,
        min_rows_per_class=50,
    )

    assert own.tolist() == [True, True, False, False, False]
    assert thresholds[0] == proba[predicted == 0, 0].min()
    assert thresholds[1] == math.inf
    pooled = proba.max(axis=1)[predicted >= 2].min()
    assert thresholds[2:].tolist() == [pooled] * 3


def test_choose_class_thresholds_share_one_without_per_class():
    rng = np.random.default_rng(0)
    proba = rng.dirichlet(np.ones(3), size=500)

    thresholds, own = choose_class_thresholds(
        predictions_of(proba, proba.argmax(axis=1)),
        target_precision=0.95,
        confidence_level=0.9,
        per_class=False,
        min_rows_per_class=1,
    )

    assert not own.any()
    assert thresholds.tolist() == [proba.max(axis=1).min()] * 3
