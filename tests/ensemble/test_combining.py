"""Weighted means of probabilities, and weights that minimise their log-loss."""

import numpy as np
import pytest
from sklearn.metrics import log_loss

from amzest.ensemble._combining import combine, learn_weights
from amzest.ensemble._greedy_weights import learn_weights_greedily
from amzest.ensemble._out_of_fold import OutOfFold

FIRST = np.array([[0.8, 0.2], [0.5, 0.5], [0.4, 0.6]])
SECOND = np.array([[0.2, 0.8], [0.9, 0.1], [0.1, 0.9]])
PRIOR = np.array([0.7, 0.3])
PRESENT = np.ones(3, dtype=bool)


def test_weights_are_renormalised_over_the_members_present():
    present = [np.array([True, True, False]), np.array([True, False, False])]
    mixed = combine([FIRST, SECOND], present, np.array([1.0, 3.0]), PRIOR)
    np.testing.assert_allclose(mixed, [[0.35, 0.65], [0.5, 0.5], PRIOR])


def test_prior_where_only_a_member_of_weight_0_is_present():
    present = [np.array([True, False, True]), PRESENT]
    mixed = combine([FIRST, SECOND], present, np.array([1.0, 0.0]), PRIOR)
    np.testing.assert_allclose(mixed, [FIRST[0], PRIOR, FIRST[2]])


def synthetic_predictions(n_rows=500, n_members=4):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, n_rows)
    probas = []
    for member in range(n_members):
        scores = rng.normal(0, 1, (n_rows, 3)) + (member / 2) * np.eye(3)[codes]
        odds = np.exp(scores)
        probas.append(odds / odds.sum(axis=1, keepdims=True))
    presences = [rng.random(n_rows) < 0.8 for _ in range(n_members)]
    return probas, presences, codes, np.full(3, 1 / 3)


@pytest.mark.parametrize("learn", [learn_weights, learn_weights_greedily])
@pytest.mark.parametrize("all_present", [True, False])
def test_learnt_weights_have_the_least_log_loss(learn, all_present):
    probas, presences, codes, prior = synthetic_predictions()
    if all_present:
        presences = [np.ones(len(codes), dtype=bool)] * 4

    def loss(weights):
        return log_loss(codes, combine(probas, presences, weights, prior))

    rows = OutOfFold(probas, presences, codes, np.zeros(len(codes), dtype=int))
    learnt = learn(rows, prior)
    assert learnt.sum() == pytest.approx(1)
    rivals = [*np.eye(4), np.full(4, 0.25)]
    rng = np.random.default_rng(1)
    rivals += list(rng.dirichlet(np.ones(4), 200))
    slack = 1e-6 if learn is learn_weights else 5e-3
    assert loss(learnt) <= min(map(loss, rivals)) + slack
    assert loss(learnt) <= min(map(loss, rivals[:5])) + 1e-9


@pytest.mark.parametrize("learn", [learn_weights, learn_weights_greedily])
def test_sample_weights_equal_repetition(learn):
    probas, presences, codes, prior = synthetic_predictions()
    counts = np.random.default_rng(2).integers(1, 4, len(codes))
    fold = np.zeros(len(codes), dtype=int)
    weighted = OutOfFold(probas, presences, codes, fold, counts.astype(float))
    repeated = OutOfFold(probas, presences, codes, fold).take(
        np.repeat(np.arange(len(codes)), counts)
    )
    np.testing.assert_allclose(
        learn(weighted, prior), learn(repeated, prior), atol=1e-4
    )
