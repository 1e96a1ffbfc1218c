"""The classifier of vectors on top of a frozen encoder."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from amzest.pretrained import _head
from amzest.pretrained._head import fit_head, quantize_rows
from amzest.pretrained._head_choice import Choice


def clusters(n_rows, n_classes=3, n_features=16, spread=0.5, seed=0):
    """Return vectors around one centre per class, far from the origin, and classes."""
    centres = np.random.default_rng(7).normal(size=(n_classes, n_features)) + 3
    rng = np.random.default_rng(seed)
    targets = np.arange(n_rows) % n_classes
    X = centres[targets] + spread * rng.normal(size=(n_rows, n_features))
    return X.astype(np.float32), targets


def fit(X, targets, weights=None, n_classes=None, **params):
    weights = np.ones(len(X)) if weights is None else weights
    n_classes = n_classes or targets.max() + 1
    return fit_head(X, targets, n_classes, weights, **{"seed": 0, **params})


def accuracy(head, X, targets):
    return np.mean(head.log_proba(X).argmax(axis=1) == targets)


@pytest.mark.parametrize("n_rows", [6, 60, 600])
def test_head_classifies_new_rows(n_rows):
    head = fit(*clusters(n_rows))
    X, targets = clusters(300, seed=1)
    np.testing.assert_allclose(np.exp(head.log_proba(X)).sum(axis=1), 1)
    assert accuracy(head, X, targets) > 0.97


def test_few_rows_get_the_default_hyperparameters():
    head = fit(*clusters(30))
    assert (head.C, head.bandwidth, head.mixture) == (
        Choice.C,
        Choice.bandwidth,
        Choice.mixture,
    )


def test_probabilities_are_those_of_noisy_labels():
    X, targets = clusters(2000)
    rng = np.random.default_rng(0)
    noisy = rng.random(len(targets)) < 0.3
    labels = np.where(noisy, rng.integers(0, 3, len(targets)), targets)
    confidence = np.exp(fit(X, labels).log_proba(clusters(500, seed=1)[0])).max(axis=1)
    assert confidence.mean() == pytest.approx(0.8, abs=0.03)  # .7 + .3 / 3


@pytest.mark.parametrize("n_present", [1, 2])
def test_a_class_without_rows_has_hardly_any_probability(n_present):
    X, targets = clusters(90, n_classes=n_present)
    proba = np.exp(fit(X, targets, n_classes=3).log_proba(X))
    assert proba[:, n_present:].max() < 1e-3
    assert np.mean(proba.argmax(axis=1) == targets) > 0.97


def test_the_scale_of_weights_below_1_has_no_effect():
    X, targets = clusters(200, spread=2)
    weights = np.random.default_rng(0).uniform(0.5, 2, len(X))
    weights /= weights.mean()
    first, second = fit(X, targets, weights), fit(X, targets, weights / 1000)
    proba, other = np.exp(first.log_proba(X)), np.exp(second.log_proba(X))
    np.testing.assert_allclose(proba, other, atol=2e-3)


def test_weights_have_the_effect_of_repeated_rows():
    X, targets = clusters(30, spread=2)
    weights, groups = np.arange(30) % 3 + 1, np.arange(30)
    weighted = fit(X, targets, weights.astype(float), groups=groups)
    repeated = fit(
        X.repeat(weights, axis=0),
        targets.repeat(weights),
        groups=groups.repeat(weights),
    )
    np.testing.assert_allclose(
        np.exp(weighted.log_proba(X)), np.exp(repeated.log_proba(X)), atol=2e-3
    )


def test_a_row_of_large_weight_prevails_among_neighbours():
    X = np.ones((40, 4), dtype=np.float32)
    targets = np.arange(40) % 2
    weights = np.where(targets == 1, 9.0, 1.0)
    assert np.exp(fit(X, targets, weights).log_proba(X))[0, 1] > 0.8


def test_a_column_of_noise_gets_a_small_weight_and_does_no_harm():
    X, targets = clusters(600, spread=1.5)
    tested, known = clusters(600, spread=1.5, seed=1)
    rng = np.random.default_rng(2)
    noise, more_noise = (rng.normal(size=X.shape).astype(np.float32) for _ in "ab")
    both = fit(np.hstack([noise, X]), targets, n_columns=2)
    alone = fit(X, targets)
    assert both.column_weights[0] < 0.1
    assert both.column_weights[1] == 1
    assert accuracy(both, np.hstack([more_noise, tested]), known) == pytest.approx(
        accuracy(alone, tested, known), abs=0.01
    )


def test_missing_cells_are_zeros():
    X, targets = clusters(300)
    without = np.hstack([X, np.zeros_like(X)])
    assert accuracy(fit(without, targets, n_columns=2), without, targets) > 0.97


def test_copies_are_held_out_together():
    X, targets = clusters(60, spread=6)
    copies, of_copies = np.tile(X, (10, 1)), np.tile(targets, 10)
    groups = np.tile(np.arange(60), 10)
    tested = clusters(300, spread=6, seed=1)[0]
    apart = fit(copies, of_copies).log_proba(tested)
    together = fit(copies, of_copies, groups=groups).log_proba(tested)
    # With copies on both sides, held-out rows seem to be easy.
    assert np.exp(together).max(axis=1).mean() < np.exp(apart).max(axis=1).mean() - 0.1


def test_the_number_of_neighbours_is_limited(monkeypatch):
    monkeypatch.setattr(_head, "MAX_NEIGHBORS", 50)
    X, targets = clusters(400)
    head = fit(X, targets)
    assert head.neighbors.rows().shape == (50, X.shape[1])
    assert accuracy(head, *clusters(300, seed=1)) > 0.97


def test_a_fit_is_repeatable_and_its_pickle_small():
    X, targets = clusters(300, spread=2)
    first, second = fit(X, targets), fit(X, targets)
    np.testing.assert_array_equal(first.log_proba(X), second.log_proba(X))
    assert len(pickle.dumps(first)) < first.n_bytes + 2000


def test_neighbours_in_8_bits_have_the_same_similarities():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(50, 384))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    quantized = quantize_rows(rows)
    assert quantized.values.nbytes == rows.nbytes / 4
    np.testing.assert_allclose(rows @ quantized.rows().T, rows @ rows.T, atol=2e-3)


def test_rows_are_classified_alike_alone_and_together():
    X, targets = clusters(300, spread=2)
    head = fit(X, targets)
    alone = np.vstack([head.log_proba(X[i : i + 1]) for i in range(20)])
    np.testing.assert_allclose(alone, head.log_proba(X)[:20], rtol=1e-4)


def test_both_models_take_part():
    X, targets = clusters(300, spread=3)
    head = fit(X, targets)
    proba = np.exp(head.log_proba(X))
    for mixture in (0.0, 1.0):
        one = np.exp(replace(head, mixture=mixture).log_proba(X))
        assert np.abs(one - proba).max() > 0.01
