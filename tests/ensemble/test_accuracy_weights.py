"""Weights that maximise the accuracy of a vote."""

import numpy as np
import pytest
from scipy.optimize import check_grad

from amzest.ensemble._accuracy_weights import (
    Margins,
    _smoothed_loss,
    learn_accuracy_weights,
)
from amzest.ensemble._combining import combine
from amzest.ensemble._greedy_weights import learn_weights_greedily
from amzest.ensemble._out_of_fold import OutOfFold


def greedily(rows, prior):
    return learn_weights_greedily(rows, prior, "accuracy")


def smoothly(rows, prior):
    return learn_accuracy_weights(rows)


LEARNERS = pytest.mark.parametrize("learn", [smoothly, greedily])


def rows_of(probas, codes, presences=None, weights=None):
    n_rows = len(codes)
    if presences is None:
        presences = [np.ones(n_rows, dtype=bool)] * len(probas)
    return OutOfFold(probas, presences, codes, np.zeros(n_rows, dtype=int), weights)


def random_rows(n_rows=400, n_classes=4, skills=(0.5, 1.5, 2.0), present=0.8):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, n_classes, n_rows)
    probas = []
    for skill in skills:
        scores = (
            rng.normal(0, 1, (n_rows, n_classes)) + skill * np.eye(n_classes)[codes]
        )
        odds = np.exp(scores)
        probas.append(odds / odds.sum(axis=1, keepdims=True))
    presences = [rng.random(n_rows) < present for _ in skills]
    return rows_of(probas, codes, presences)


def accuracy(rows, weights):
    n_classes = rows.probas[0].shape[1]
    prior = np.full(n_classes, 1 / n_classes)
    mixed = combine(rows.probas, rows.presences, weights, prior)
    right = mixed.argmax(axis=1) == rows.codes
    return np.average(right, weights=rows.sample_weight)


PRIOR = np.full(4, 1 / 4)


def test_derivatives_are_those_of_finite_differences():
    rows = random_rows(60, present=0.5)
    margins = Margins.of(rows)
    shares = margins.votes.any(axis=0) / 60
    assert (shares == 0).any()
    error = check_grad(
        lambda weights: _smoothed_loss(weights, margins, shares, 5.0)[0],
        lambda weights: _smoothed_loss(weights, margins, shares, 5.0)[1],
        np.array([0.2, 0.5, 0.3]),
    )
    assert error < 1e-5


@LEARNERS
@pytest.mark.parametrize("present", [1.0, 0.8])
def test_accuracy_is_about_the_largest(learn, present):
    rows = random_rows(present=present)
    learnt = learn(rows, PRIOR)
    assert learnt.sum() == pytest.approx(1)
    assert (learnt >= 0).all()
    rng = np.random.default_rng(1)
    rivals = [*np.eye(3), np.full(3, 1 / 3), *rng.dirichlet(np.ones(3), 300)]
    assert accuracy(rows, learnt) >= max(accuracy(rows, w) for w in rivals) - 0.015
    best = max(accuracy(rows, w) for w in rivals[:4])
    assert accuracy(rows, learnt) >= best - 0.005


def underconfident_images(n_rows=900):
    """Return texts that are uninformative in many rows, and cautious images."""
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 4, n_rows)
    truth = np.eye(4)[codes]
    random = np.eye(4)[rng.integers(0, 4, n_rows)]
    told = rng.random((n_rows, 1)) < 0.6
    text = 0.6 * np.where(told, truth, random) + 0.1
    image = 0.12 * np.where(rng.random((n_rows, 1)) < 0.8, truth, random) + 0.22
    return rows_of([text, image / image.sum(axis=1, keepdims=True)], codes)


@LEARNERS
def test_cautious_member_gets_a_vote(learn):
    rows = underconfident_images()
    learnt = learn(rows, PRIOR)
    equal = np.full(2, 0.5)
    assert accuracy(rows, learnt) > accuracy(rows, equal) + 0.05


def test_member_that_predicts_the_same_for_all_rows_is_negligible():
    rows = random_rows(present=1.0)
    guess = np.full_like(rows.probas[0], 0.25)
    rows = rows_of([*rows.probas, guess], rows.codes)
    for learn in (smoothly, greedily):
        assert learn(rows, PRIOR)[3] < 0.05


@LEARNERS
@pytest.mark.parametrize("n_classes", [4, 40])
def test_sample_weights_equal_repetition(learn, n_classes):
    rows = random_rows(n_classes=n_classes)
    counts = np.random.default_rng(2).integers(1, 4, len(rows.codes))
    weighted = rows_of(rows.probas, rows.codes, rows.presences, counts.astype(float))
    repeated = rows.take(np.repeat(np.arange(len(rows.codes)), counts))
    prior = np.full(n_classes, 1 / n_classes)
    np.testing.assert_allclose(
        learn(weighted, prior), learn(repeated, prior), atol=1e-3
    )


@LEARNERS
def test_with_many_classes_only_likely_ones_are_needed(learn, monkeypatch):
    rows, prior = random_rows(n_classes=30, skills=(1.5, 2.5, 3.0)), np.full(30, 1 / 30)
    few = learn(rows, prior)
    assert Margins.of(rows).rivals.shape == (3, 400, 15)
    monkeypatch.setattr("amzest.ensemble._accuracy_weights._RIVALS_PER_MEMBER", 10)
    assert Margins.of(rows).rivals.shape == (3, 400, 29)
    np.testing.assert_allclose(few, learn(rows, prior), atol=1e-6)
