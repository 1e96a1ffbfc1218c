"""Calibration: normalised sigmoids of weighted sums of scores."""

import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.special import expit, softmax

from amzest.neural import Calibration, centred, learn_calibration
from amzest.neural import _calibration as module

DEFAULT = Calibration((5.0,), 0.0)


def labels_of(calibration, scores, seed=0):
    """Return a random label of each sample, with the probabilities of a calibration."""
    proba = np.exp(calibration.log_proba(scores))
    draws = np.random.default_rng(seed).random(len(proba))
    return (proba.cumsum(axis=1) < draws[:, None]).sum(axis=1)


def random_scores(n_samples, n_classes=5, n_parts=1, seed=1):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(n_samples, n_classes)) for _ in range(n_parts)]


def test_probabilities_are_proportional_to_sigmoids():
    scores = np.array([[1.0, -2.0, 0.5]])
    found = np.exp(Calibration((2.0,), -1.0).log_proba([scores]))
    sigmoids = expit(2 * scores - 1)
    np.testing.assert_allclose(found, sigmoids / sigmoids.sum())


def test_low_offset_is_temperature_scaling():
    (scores,) = random_scores(20)
    found = Calibration((3.0,), -40.0).log_proba([scores])
    np.testing.assert_allclose(np.exp(found), softmax(3 * scores, axis=1), atol=1e-12)


def test_scores_of_parts_are_added():
    first, second = random_scores(20, n_parts=2)
    found = Calibration((2.0, 0.5), 1.0).log_proba([first, second])
    expected = Calibration((1.0,), 1.0).log_proba([2 * first + 0.5 * second])
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("size", [1.0, 1e3, 1e30])
@pytest.mark.parametrize("offset", [-1e3, 0.0, 50.0])
def test_probabilities_sum_to_one_for_extreme_scores(size, offset):
    scores = [size * np.array([[1, -1, 0], [1, 1, 1], [-1, -1, -1]], np.float32)]
    log_proba = Calibration((5.0,), offset).log_proba(scores)
    assert log_proba.dtype == np.float64
    assert not np.isnan(log_proba).any()
    np.testing.assert_allclose(np.exp(log_proba).sum(axis=1), 1)
    np.testing.assert_allclose(log_proba[1:], np.log(1 / 3))


@pytest.mark.parametrize("n_parts", [1, 2])
def test_known_parameters_are_recovered(n_parts):
    true = Calibration((2.0, 0.7)[:n_parts], 1.5)
    scores = random_scores(50_000, n_parts=n_parts)
    targets = labels_of(true, scores)
    default = Calibration((5.0,) * n_parts, 0.0)
    found, loss = learn_calibration(scores, targets, np.ones(50_000), default)
    np.testing.assert_allclose(found.weights, true.weights, rtol=0.15)
    assert found.offset == pytest.approx(true.offset, abs=0.4)
    rows = np.arange(len(targets))
    assert loss <= -true.log_proba(scores)[rows, targets].mean() + 1e-3


@pytest.mark.parametrize("n_parts", [1, 3])
def test_gradient_is_that_of_the_loss(monkeypatch, n_parts):
    objective = []
    minimize = module.minimize

    def recorded(loss, start, **options):
        objective.append(loss)
        return minimize(loss, start, **options)

    monkeypatch.setattr(module, "minimize", recorded)
    scores = random_scores(40, n_parts=n_parts)
    weights = np.random.default_rng(2).random(40)
    default = Calibration((5.0,) * n_parts, 0.0)
    learn_calibration(scores, np.arange(40) % 5, weights, default)
    (loss,) = objective
    for seed in range(3):
        point = np.random.default_rng(seed).normal(size=n_parts + 1)
        error = check_grad(lambda p: loss(p)[0], lambda p: loss(p)[1], point)
        assert error < 1e-5


def test_default_prevails_for_few_samples():
    scores = np.eye(3, dtype=np.float32)[[0, 1]]
    right, _ = learn_calibration([scores], np.array([0, 1]), np.ones(2), DEFAULT)
    wrong, _ = learn_calibration([scores], np.array([1, 2]), np.ones(2), DEFAULT)
    assert right.weights[0] == pytest.approx(5, rel=0.2)
    assert 1 < wrong.weights[0] < 5
    many = [np.tile(scores, (500, 1))]
    targets = np.tile([0, 1], 500)
    certain, _ = learn_calibration(many, targets, np.ones(1000), DEFAULT)
    assert certain.weights[0] > 7


def test_scale_of_weights_has_no_effect_and_weights_are_repetitions():
    scores = random_scores(300)
    targets = labels_of(Calibration((2.0,), 0.0), scores)
    weights = np.arange(300) % 3.0
    found, loss = learn_calibration(scores, targets, weights, DEFAULT)
    scaled, same_loss = learn_calibration(scores, targets, 1e-6 * weights, DEFAULT)
    np.testing.assert_allclose(scaled.weights, found.weights, rtol=1e-6)
    assert same_loss == pytest.approx(loss)
    times = weights.astype(int)
    repeated, _ = learn_calibration(
        [scores[0].repeat(times, axis=0)], targets.repeat(times), np.ones(300), DEFAULT
    )
    np.testing.assert_allclose(repeated.weights, found.weights, rtol=1e-3)
    assert repeated.offset == pytest.approx(found.offset, abs=1e-2)


def test_noisy_labels_limit_the_confidence():
    # One label in four is random, however far the score of the right class is ahead.
    rng = np.random.default_rng(0)
    targets = rng.integers(10, size=20_000)
    (scores,) = np.full((1, 20_000, 10), -1.0)
    scores[np.arange(20_000), targets] = rng.uniform(0, 4, 20_000)
    noisy = np.where(rng.random(20_000) < 0.25, rng.integers(10, size=20_000), targets)
    found, _ = learn_calibration([scores], noisy, np.ones(20_000), DEFAULT)
    confidence = np.exp(found.log_proba([scores])).max(axis=1)
    assert confidence.max() < 0.8
    assert confidence.mean() == pytest.approx(np.mean(targets == noisy), abs=0.01)
    # A temperature has to spread them.
    tempered, _ = learn_calibration(
        [scores], noisy, np.ones(20_000), Calibration((1.0,), -1e3)
    )
    assert np.exp(tempered.log_proba([scores])).max() > 0.85


def test_centred_logits_have_mean_zero():
    (logits,) = random_scores(10)
    np.testing.assert_allclose(centred(logits + 7).mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(
        softmax(centred(logits), axis=1), softmax(logits, axis=1)
    )
