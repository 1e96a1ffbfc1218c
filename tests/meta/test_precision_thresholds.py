"""Thresholds: exact small cases, and the promise on fresh rows, many times over."""

from __future__ import annotations

import math

import numpy as np
import pytest

from amzest.meta._precision_thresholds import (
    choose_class_thresholds,
    choose_threshold,
    fewest_rows,
)


@pytest.mark.parametrize(
    ("target", "level", "n_rows"),
    [(0.98, 0.1, 114), (0.5, 0.5, 1), (0.5, 0.25, 2), (0.9, 0.05, 29), (0.01, 0.99, 1)],
)
def test_fewest_rows_known_values(target, level, n_rows):
    assert fewest_rows(target, level) == n_rows
    assert target**n_rows <= level + 1e-12


def test_choose_threshold_needs_the_fewest_rows_without_an_error():
    scores = np.linspace(1.0, 0.5, 114)
    right = np.ones(114, dtype=bool)

    assert choose_threshold(scores, right, 0.98, 0.9) == 0.5
    assert choose_threshold(scores[:113], right[:113], 0.98, 0.9) == math.inf


def test_choose_threshold_stops_before_rows_that_are_wrong():
    scores = np.linspace(1.0, 0.0, 201)
    right = scores >= 0.4

    # 120 rows are right; the next is wrong, and 121 rows tolerate no error.
    assert choose_threshold(scores, right, 0.98, 0.9) == pytest.approx(0.4)


def test_choose_threshold_restarts_after_an_unlucky_row():
    scores = np.linspace(1.0, 0.0, 2001)
    right = np.ones(2001, dtype=bool)
    right[[150, 160]] = False

    assert choose_threshold(scores, right, 0.98, 0.9) == 0.0


def test_choose_threshold_keeps_equal_scores_together():
    scores = np.repeat([0.9, 0.6], 120)
    right = np.ones(240, dtype=bool)
    right[-20:] = False

    assert choose_threshold(scores, right, 0.98, 0.9) == 0.9
    # One of those at 0.9 is wrong: all go.
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
        lambda rank: np.full_like(rank, 0.1001),  # never good enough, by a hair
        lambda rank: 0.01 + 0.4 * rank**3,
        lambda rank: np.where(rank < 0.4, 0.02, 0.5),
    ],
    ids=["just-below-target", "gradual", "step"],
)
def test_choose_threshold_promise_holds_as_often_as_stated(error_rate, n_rows):
    rng = np.random.default_rng(0)
    grid = np.linspace(0, 1, 4001)[1:]
    precision_of_top = 1 - np.cumsum(error_rate(grid)) / np.arange(1, 4001)
    n_broken, n_simulations = 0, 150
    for _ in range(n_simulations):
        rank = rng.random(n_rows)  # 0: the surest row
        right = rng.random(n_rows) >= error_rate(rank)
        threshold = choose_threshold(1 - rank, right, 0.9, 0.9)
        if np.isfinite(threshold):
            answered = 1 - threshold
            n_broken += precision_of_top[int(answered * 4000) - 1] < 0.9

    # 10 % are allowed; 16 % is 2.4 standard errors more.
    assert n_broken / n_simulations < 0.16


def test_choose_class_thresholds_pools_rare_classes_and_drops_hopeless_ones():
    rng = np.random.default_rng(0)
    n_rows = np.array([400, 400, 30, 30, 30])
    predicted = np.repeat(np.arange(5), n_rows)
    proba = np.full((len(predicted), 5), 0.05)
    proba[np.arange(len(predicted)), predicted] = rng.uniform(0.5, 0.8, len(predicted))
    targets = predicted.copy()
    second = predicted == 1
    targets[second] = np.where(rng.random(400) < 0.5, 0, 1)

    found = choose_class_thresholds(
        proba,
        targets,
        target_precision=0.95,
        confidence_level=0.9,
        per_class=True,
        min_rows_per_class=50,
    )

    assert found.own.tolist() == [True, True, False, False, False]
    assert found.thresholds[0] == proba[predicted == 0, 0].min()
    assert found.thresholds[1] == math.inf
    pooled = proba.max(axis=1)[predicted >= 2].min()
    assert found.thresholds[2:].tolist() == [pooled] * 3


def test_choose_class_thresholds_all_share_one_without_per_class():
    rng = np.random.default_rng(0)
    proba = rng.dirichlet(np.ones(3), size=500)

    found = choose_class_thresholds(
        proba,
        proba.argmax(axis=1),
        target_precision=0.95,
        confidence_level=0.9,
        per_class=False,
        min_rows_per_class=1,
    )

    assert not found.own.any()
    assert found.thresholds.tolist() == [proba.max(axis=1).min()] * 3
