"""The split that early stopping watches is stratified, seeded and never fails."""

import numpy as np
import pytest

from amzest.neural._validation_split import stratified_split


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_each_class_gives_its_share(fraction):
    targets = np.sort(np.repeat([0, 1, 2], [400, 200, 40]))
    train, validation = stratified_split(targets, fraction, seed=0)
    assert len(np.intersect1d(train, validation)) == 0
    assert len(train) + len(validation) == len(targets)
    np.testing.assert_allclose(
        np.bincount(targets[validation]), np.array([400, 200, 40]) * fraction, atol=1
    )


def test_a_class_keeps_a_row_for_training():
    targets = np.array([0, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2])
    train, validation = stratified_split(targets, 0.9, seed=0)
    assert set(targets[train]) == {0, 1, 2}
    assert 0 not in targets[validation]


def test_same_seed_same_split():
    targets = np.arange(100) % 5
    first, again, other = (
        stratified_split(targets, 0.2, seed)[1] for seed in (1, 1, 2)
    )
    assert first.tolist() == again.tolist() != other.tolist()


def test_nothing_to_spare_is_said():
    with pytest.raises(ValueError, match="early_stopping=True needs"):
        stratified_split(np.array([0, 1, 2]), 0.1, seed=0)
