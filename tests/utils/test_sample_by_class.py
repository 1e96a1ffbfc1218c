"""Samples in which large classes are reduced first."""

import numpy as np
import pytest

from amzest.utils import sample_by_class

TARGETS = np.repeat([0, 1, 2, 3], [100, 10, 3, 50])


@pytest.mark.parametrize(
    ("limit", "counts"),
    [
        (163, [100, 10, 3, 50]),
        (60, [23, 10, 3, 23]),
        (3, [1, 1, 1, 1]),  # every class keeps one
    ],
)
def test_small_classes_are_kept_and_totals_stay(limit, counts):
    weights = np.linspace(1, 2, len(TARGETS))
    kept, new = sample_by_class(TARGETS, weights, limit, seed=0)
    assert np.bincount(TARGETS[kept]).tolist() == counts
    np.testing.assert_allclose(
        np.bincount(TARGETS[kept], new), np.bincount(TARGETS, weights)
    )


def test_samples_are_drawn_in_proportion_to_their_weights():
    targets, weights = np.zeros(2000, dtype=int), np.repeat([1.0, 9.0], 1000)
    kept, new = sample_by_class(targets, weights, 200, seed=0)
    assert 160 < np.count_nonzero(kept >= 1000) < 195  # 180 are expected
    np.testing.assert_allclose(new, 50)
