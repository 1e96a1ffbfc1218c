"""Held-out samples: how many, which epoch is best, and several fits as one."""

import numpy as np
import pytest

from amzest.neural import Calibration, HoldOut, centred, learn_calibration
from amzest.neural._holdout import join_hold_outs, plan_splits

N_CLASSES = 4
ONE, TWO = Calibration((1.2,), -6.0), Calibration((0.6, 2.7), -3.0)


@pytest.mark.parametrize(
    ("n_samples", "expected"),
    [
        (99, (0.0, 0)),
        (100, (0.2, 3)),
        (999, (0.2, 3)),
        (1500, (0.2, 2)),
        (3000, (0.2, 1)),
        (4000, (0.15, 1)),
        (6000, (0.1, 1)),
        (10**6, (0.1, 1)),
    ],
)
def test_small_training_sets_are_split_more_often(n_samples, expected):
    assert plan_splits(0.1, n_samples) == pytest.approx(expected)


@pytest.mark.parametrize(("fraction", "n_splits"), [(0.3, 3), (0.5, 2), (0.9, 1)])
def test_splits_never_overlap(fraction, n_splits):
    assert plan_splits(fraction, 100) == (fraction, n_splits)


def scores_of(targets, quality, seed):
    """Return scores of the size of those of a linear model."""
    return centred(logits_of(targets, quality, seed)) / 3


def logits_of(targets, quality, seed=0):
    """Return random logits, of which those of the targets are larger."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(len(targets), N_CLASSES)) + 7
    logits[np.arange(len(targets)), targets] += quality
    return logits.astype(np.float32)


def log_loss_of(calibration, parts, targets):
    return -calibration.log_proba(parts)[np.arange(len(targets)), targets].mean()


@pytest.fixture
def targets():
    return np.random.default_rng(1).integers(0, N_CLASSES, 300)


def hold_out(targets, other_scores=None, best=None, start=0):
    rows = np.arange(start, start + len(targets))
    default = ONE if best is None else TWO
    weights = 1.0 + rows % 3
    return HoldOut(rows, targets, weights, default, other_scores or {}, best)


def test_epochs_are_recorded_and_the_best_has_the_least_loss(targets):
    held_out = hold_out(targets)
    epochs = [logits_of(targets, quality) for quality in (0.5, 4.0, 2.0)]
    for logits in epochs:
        score, loss = held_out.evaluate(logits)
        right = logits.argmax(axis=1) == targets
        assert score == pytest.approx(np.average(right, weights=held_out.weights))
        calibration, expected = learn_calibration(
            [centred(logits)], targets, held_out.weights, ONE
        )
        assert loss == expected
        assert held_out.calibrations[-1] == calibration
    assert held_out.best_epoch == 1
    assert len(held_out.scores) == len(held_out.losses) == 3


def test_two_parts_are_weighted_by_what_they_know(targets):
    default = TWO.weights[0] / TWO.weights[1]
    for of_network, of_other in ((4.0, 0.0), (0.0, 4.0)):
        others = scores_of(targets, of_other, seed=3)
        held_out = hold_out(targets, {1.0: others}, best=1.0)
        score, _ = held_out.evaluate(logits_of(targets, of_network, seed=2))
        assert score > 0.97
        network, other = held_out.calibrations[0].weights
        change = network / other / default
        assert change > 3 if of_network else change < 1 / 3


def test_mixture_is_no_worse_than_its_parts(targets):
    for ours, theirs in [(1.0, 1.0), (3.0, 0.5), (0.5, 3.0), (4.0, 0.0), (0.0, 4.0)]:
        parts = [logits_of(targets, ours, 4), scores_of(targets, theirs, 5)]
        mixed = hold_out(targets, {0.3: parts[1]}, best=0.3)
        score, _ = mixed.evaluate(parts[0])
        found = log_loss_of(
            mixed.calibrations[0], [centred(parts[0]), parts[1]], targets
        )
        for part, default in zip(parts, (ONE, Calibration((5.0,), 0.0)), strict=True):
            alone, _ = learn_calibration(
                [centred(part)], targets, np.ones(300), default
            )
            assert found < log_loss_of(alone, [centred(part)], targets) + 0.03
            assert score > np.mean(part.argmax(axis=1) == targets) - 0.02


def test_joined_hold_outs_equal_one(targets):
    parts = np.array_split(np.arange(300), 3)
    others = {C: centred(logits_of(targets, C, seed=6)) for C in (0.1, 1.0)}
    whole = hold_out(targets, others, best=0.1)
    separate = [
        # The best candidate of each part may be another one than that of all.
        hold_out(targets[p], {C: others[C][p] for C in others}, 1.0, start=p[0])
        for p in parts
    ]
    for quality in (1.0, 3.0, 2.0):
        logits = logits_of(targets, quality)
        whole.evaluate(logits)
        for held_out, part in zip(separate, parts, strict=True):
            held_out.evaluate(logits[part])
    joined = join_hold_outs(separate, 0.1)
    assert joined.rows.tolist() == whole.rows.tolist()
    assert joined.best_epoch == whole.best_epoch == 1
    assert joined.scores == whole.scores
    assert joined.losses == pytest.approx(whole.losses)
    assert joined.calibrations[1].weights == pytest.approx(
        whole.calibrations[1].weights
    )


def test_joined_hold_outs_have_the_epochs_that_all_have(targets):
    one, two = hold_out(targets), hold_out(targets, start=300)
    one.evaluate(logits_of(targets, 1.0))
    for quality in (1.0, 2.0):
        two.evaluate(logits_of(targets, quality))
    assert len(join_hold_outs([one, two], None).scores) == 1
    assert join_hold_outs([two], None) is two
