"""Geometric means of members' probabilities, and their learnt exponents."""

import numpy as np
import pytest
from scipy.optimize import check_grad
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.naive_bayes import GaussianNB

from amzest.ensemble import CrossFit, WeightedVotingClassifier, _geometric_mean
from amzest.ensemble._geometric_mean import (
    combine_geometrically,
    learn_geometric_weights,
)
from amzest.ensemble._out_of_fold import OutOfFold

N_SAMPLES, N_CLASSES = 400, 4


def members(seed=0, skills=(2.0, 1.5, 1.0)):
    """Return labels and members whose independent scores have different skills."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, N_CLASSES, N_SAMPLES)
    probas = []
    for skill in skills:
        scores = rng.normal(size=(N_SAMPLES, N_CLASSES)) + skill * np.eye(4)[codes]
        # With unit noise, the probabilities are softmax(skill * scores).
        proba = np.exp(skill * scores)
        probas.append(proba / proba.sum(axis=1, keepdims=True))
    return codes, probas


def out_of_fold(codes, probas, presences=None, sample_weight=None):
    presences = presences or [np.ones(len(codes), dtype=bool)] * len(probas)
    fold = np.arange(len(codes)) % 5
    return OutOfFold(probas, presences, codes, fold, sample_weight)


def everywhere(probas):
    return [np.ones(len(probas[0]), dtype=bool)] * len(probas)


PRIOR = np.full(N_CLASSES, 1 / N_CLASSES)


def test_it_is_the_renormalised_weighted_geometric_mean():
    _, probas = members()
    weights = np.array([0.5, 0.3, 0.2])
    found = combine_geometrically(probas, everywhere(probas), weights, 1.4, PRIOR)
    expected = np.prod(
        [p ** (1.4 * w) for p, w in zip(probas, weights, strict=True)], axis=0
    )
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_single_present_member_is_returned_unchanged():
    _, probas = members(skills=(1.0, 1.0))
    weights = np.array([0.0, 1.0])
    presences = [np.ones(N_SAMPLES, dtype=bool), np.zeros(N_SAMPLES, dtype=bool)]
    alone = combine_geometrically(probas, presences, np.array([0.5, 0.5]), 1.0, PRIOR)
    np.testing.assert_allclose(alone, probas[0], atol=1e-5)
    nobody = [np.zeros(N_SAMPLES, dtype=bool)] * 2
    none = combine_geometrically(probas, nobody, weights, 1.0, PRIOR)
    np.testing.assert_array_equal(none, np.tile(PRIOR, (N_SAMPLES, 1)))


def test_fewer_members_make_the_mean_less_sharp():
    _, probas = members()
    weights, sharpness = np.full(3, 1 / 3), 2.5
    there = [np.ones(N_SAMPLES, dtype=bool)] * 3
    two = [*there[:2], np.zeros(N_SAMPLES, dtype=bool)]
    found = combine_geometrically(probas, two, weights, sharpness, PRIOR)
    exponent = (1 + (sharpness - 1) * 2 / 3) / 2
    expected = (probas[0] * probas[1]) ** exponent
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("missing", [False, True])
def test_gradient(missing, monkeypatch):
    codes, probas = members()
    rng = np.random.default_rng(1)
    presences = [rng.random(N_SAMPLES) < (0.7 if missing else 2) for _ in probas]
    rows = out_of_fold(codes, probas, presences, rng.random(N_SAMPLES))
    losses = []

    def record(loss, start, **_):
        losses.append(loss)
        raise StopIteration

    monkeypatch.setattr(_geometric_mean, "minimize", record)
    with pytest.raises(StopIteration):
        learn_geometric_weights(rows)
    loss = losses[0]
    for at in (np.array([0.3, 0.5, 0.9]), np.array([1.5, 0.1, 0.2])):
        error = check_grad(lambda w: loss(w)[0], lambda w: loss(w)[1], at)
        assert error < 1e-5 * np.linalg.norm(loss(at)[1]) + 1e-6


def test_independent_calibrated_members_are_multiplied():
    # For independent evidence and equal priors the product is the posterior.
    codes, probas = members()
    weights, sharpness = learn_geometric_weights(out_of_fold(codes, probas))
    np.testing.assert_allclose(weights.sum(), 1)
    assert 2.3 < sharpness < 3.7
    np.testing.assert_allclose(weights * sharpness, 1, atol=0.35)
    pooled = combine_geometrically(
        probas, everywhere(probas), weights, sharpness, PRIOR
    )
    mean = np.mean(probas, axis=0)
    assert log_loss(codes, pooled) < log_loss(codes, mean) - 0.1


def test_copies_share_the_weight_of_one():
    codes, (proba, *_) = members(skills=(1.5,))
    _, sharpness = learn_geometric_weights(out_of_fold(codes, [proba, proba]))
    assert 0.8 < sharpness < 1.25


def test_a_useless_member_gets_hardly_any_weight():
    codes, probas = members(skills=(2.0, 0.0))
    noise = np.random.default_rng(2).dirichlet(np.ones(N_CLASSES), N_SAMPLES)
    weights, _ = learn_geometric_weights(out_of_fold(codes, [probas[0], noise]))
    assert weights[1] < 0.1


def test_sample_weights_select_samples():
    codes, probas = members()
    half = np.arange(N_SAMPLES) < N_SAMPLES // 2
    weighted = learn_geometric_weights(
        out_of_fold(codes, probas, sample_weight=half.astype(float))
    )
    alone = learn_geometric_weights(
        out_of_fold(codes, probas).take(np.flatnonzero(half))
    )
    np.testing.assert_allclose(weighted[0], alone[0], atol=1e-3)
    assert weighted[1] == pytest.approx(alone[1], rel=1e-3)


def test_vote_with_a_geometric_mean():
    X, y = load_iris(return_X_y=True)
    estimators = [("linear", LogisticRegression(max_iter=500)), ("bayes", GaussianNB())]
    vote = WeightedVotingClassifier(
        estimators, weights="learn", combination="geometric", random_state=0
    ).fit(X, y)
    assert vote.weights_.sum() == pytest.approx(1)
    assert vote.sharpness_ > 0
    np.testing.assert_allclose(vote.predict_proba(X).sum(axis=1), 1)
    crossfit = CrossFit(estimators, random_state=0).fit(X, y)
    same = crossfit.weighted_voting("learn", combination="geometric")
    np.testing.assert_allclose(same.weights_, vote.weights_)
    np.testing.assert_allclose(same.oof_proba_, vote.oof_proba_)
    losses = [log_loss(y, crossfit.oof_proba_[name]) for name, _ in estimators]
    assert log_loss(y, vote.oof_proba_) < max(losses)
    equal = crossfit.weighted_voting(combination="geometric")
    assert equal.sharpness_ == 1
    assert crossfit.weighted_voting().sharpness_ is None


def test_greedy_selection_is_not_available():
    estimators = [("bayes", GaussianNB())]
    vote = WeightedVotingClassifier(
        estimators, weights="greedy", combination="geometric"
    )
    with pytest.raises(ValueError, match='Pass weights="learn"'):
        vote.fit(*load_iris(return_X_y=True))
