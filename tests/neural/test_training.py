"""Schedule of the learning rate, validation split and early stopping."""

import numpy as np
import pytest

from amzest.neural._training import (
    BestEpoch,
    learning_rate_schedule,
    stratified_splits,
)


def stratified_split(targets, fraction, seed):
    (split,) = stratified_splits(targets, fraction, 1, seed)
    return split


@pytest.mark.parametrize("n_steps", [1, 2, 10, 1000])
def test_schedule_reaches_its_peak_and_stays_positive(n_steps):
    rates = learning_rate_schedule(0.01, n_steps)
    assert rates.shape == (n_steps,)
    assert rates.max() == pytest.approx(0.01)
    assert (rates > 0).all()


def test_schedule_ends_near_zero():
    rates = learning_rate_schedule(1.0, 1000)
    assert rates.argmax() == 99
    assert (np.diff(rates[99:]) < 0).all()
    assert rates[-1] < 1e-4


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_split_is_stratified(fraction):
    targets = np.sort(np.repeat([0, 1, 2], [400, 200, 40]))
    train, validation = stratified_split(targets, fraction, seed=0)
    assert len(np.intersect1d(train, validation)) == 0
    assert len(train) + len(validation) == len(targets)
    np.testing.assert_allclose(
        np.bincount(targets[validation]), np.array([400, 200, 40]) * fraction, atol=1
    )


def test_each_class_keeps_a_training_sample():
    targets = np.array([0, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2])
    train, validation = stratified_split(targets, 0.9, seed=0)
    assert set(targets[train]) == {0, 1, 2}
    assert 0 not in targets[validation]


def test_split_depends_on_the_seed_only():
    targets = np.arange(100) % 5
    first, again, other = (
        stratified_split(targets, 0.2, seed)[1] for seed in (1, 1, 2)
    )
    assert first.tolist() == again.tolist() != other.tolist()


def test_no_class_with_two_samples_raises():
    with pytest.raises(ValueError, match="early_stopping=True requires"):
        stratified_split(np.array([0, 1, 2]), 0.1, seed=0)


@pytest.mark.parametrize(("fraction", "n_splits"), [(0.2, 3), (0.5, 2), (0.1, 10)])
def test_several_splits_hold_out_different_samples(fraction, n_splits):
    targets = np.repeat([0, 1, 2, 3], [400, 200, 40, 1])
    splits = stratified_splits(targets, fraction, n_splits, seed=0)
    assert len(splits) == n_splits
    for train, held_out in splits:
        assert np.union1d(train, held_out).tolist() == list(range(len(targets)))
        assert (np.diff(train) > 0).all()
        assert (np.diff(held_out) > 0).all()
        assert set(targets[train]) == {0, 1, 2, 3}
        np.testing.assert_allclose(
            np.bincount(targets[held_out], minlength=4),
            np.array([400, 200, 40, 0]) * fraction,
            atol=1,
        )
    everything = np.concatenate([held_out for _, held_out in splits])
    assert len(np.unique(everything)) == len(everything)


def test_groups_are_not_divided():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 60, 300)
    targets = groups % 3
    splits = stratified_splits(targets, 0.2, 3, seed=0, groups=groups)
    assert len(splits) == 3
    seen = set()
    for train, held_out in splits:
        ours = set(groups[held_out])
        assert not ours & set(groups[train])
        assert not ours & seen
        seen |= ours
        assert 30 < len(held_out) < 90
        assert set(targets[held_out]) == set(targets[train]) == {0, 1, 2}


def test_a_group_of_several_classes_leaves_each_a_training_sample():
    # All samples of class 1 are in a group with one of class 0.
    targets = np.array([0] * 20 + [1] * 3)
    groups = np.array([*range(20), 5, 5, 5])
    for seed in range(10):
        for train, held_out in stratified_splits(targets, 0.2, 3, seed, groups):
            assert len(np.intersect1d(train, held_out)) == 0
            assert set(targets[train]) == {0, 1}


def test_groups_are_divided_if_each_class_is_one_group():
    targets = np.array([0] * 8 + [1] * 8)
    ((train, held_out),) = stratified_splits(targets, 0.25, 1, 0, groups=targets)
    assert np.bincount(targets[held_out]).tolist() == [2, 2]
    assert len(train) == 12


def run(epochs, **settings):
    """Record (score, loss) pairs; return the state and the epoch of the stop."""
    best = BestEpoch(**settings)
    for epoch, (score, loss) in enumerate(epochs):
        weights = {"epoch": epoch} if best.is_better(score, loss) else None
        if best.record(score, loss, weights):
            return best, epoch
    return best, None


def test_best_epoch_has_the_highest_score_then_the_lowest_loss():
    best, stopped = run(
        [(0.5, 1.0), (0.7, 0.9), (0.7, 0.8), (0.7, 0.85), (0.6, 0.1)],
        n_iter_no_change=10,
        tol=0.0,
    )
    assert best.weights == {"epoch": 2}
    assert stopped is None


def test_early_stopping_keeps_the_best_epoch():
    best, stopped = run(
        [(0.5, 1.0), (0.6, 0.9), (0.6, 0.9), (0.55, 0.9), (0.5, 0.9)],
        n_iter_no_change=3,
        tol=1e-4,
    )
    assert stopped == 4
    assert best.weights == {"epoch": 1}


def test_improvements_within_tol_do_not_reset_the_patience():
    best, stopped = run(
        [(0.5, 1.0), (0.5001, 1.0), (0.5002, 1.0)], n_iter_no_change=2, tol=0.01
    )
    assert stopped == 2
    assert best.weights == {"epoch": 2}
