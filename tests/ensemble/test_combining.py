"""Weighted means of probabilities, by hand."""

import numpy as np
import pytest
from sklearn.metrics import log_loss

from amzest.ensemble._combining import combine, learn_weights, learn_weights_greedily

FIRST = np.array([[0.8, 0.2], [0.5, 0.5], [0.4, 0.6]])
SECOND = np.array([[0.2, 0.8], [0.9, 0.1], [0.1, 0.9]])
PRIOR = np.array([0.7, 0.3])
HERE = np.ones(3, dtype=bool)


def test_weights_of_absent_members_go_to_the_others():
    present = [np.array([True, True, False]), np.array([True, False, False])]
    mixed = combine([FIRST, SECOND], present, np.array([1.0, 3.0]), PRIOR)
    np.testing.assert_allclose(mixed, [[0.35, 0.65], [0.5, 0.5], PRIOR])


def test_only_member_with_weight_0_has_no_vote():
    present = [np.array([True, False, True]), HERE]
    mixed = combine([FIRST, SECOND], present, np.array([1.0, 0.0]), PRIOR)
    np.testing.assert_allclose(mixed, [FIRST[0], PRIOR, FIRST[2]])


def drawn(n_rows=500, n_members=4):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, n_rows)
    probas = []
    for member in range(n_members):
        scores = rng.normal(0, 1, (n_rows, 3)) + (member / 2) * np.eye(3)[codes]
        shares = np.exp(scores)
        probas.append(shares / shares.sum(axis=1, keepdims=True))
    presences = [rng.random(n_rows) < 0.8 for _ in range(n_members)]
    return probas, presences, codes, np.full(3, 1 / 3)


@pytest.mark.parametrize("learn", [learn_weights, learn_weights_greedily])
@pytest.mark.parametrize("all_present", [True, False])
def test_learnt_weights_lose_least(learn, all_present):
    probas, presences, codes, prior = drawn()
    if all_present:
        presences = [np.ones(len(codes), dtype=bool)] * 4

    def loss(weights):
        return log_loss(codes, combine(probas, presences, weights, prior))

    learnt = learn(probas, presences, codes, prior)
    assert learnt.sum() == pytest.approx(1)
    rivals = [*np.eye(4), np.full(4, 0.25)]
    rng = np.random.default_rng(1)
    rivals += list(rng.dirichlet(np.ones(4), 200))
    slack = 1e-6 if learn is learn_weights else 5e-3
    assert loss(learnt) <= min(map(loss, rivals)) + slack
    assert loss(learnt) <= min(map(loss, rivals[:5])) + 1e-9
