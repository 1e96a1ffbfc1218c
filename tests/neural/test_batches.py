"""Batches contain every sample once, with others of similar size."""

import numpy as np
import pytest

from amzest.neural._batches import (
    prediction_batches,
    resolve_batch_size,
    training_batches,
)


@pytest.mark.parametrize("with_sizes", [False, True])
@pytest.mark.parametrize("n_rows", [1, 7, 64, 1000])
def test_batches_contain_every_sample_once(n_rows, with_sizes):
    rng = np.random.default_rng(0)
    rows = rng.permutation(2000)[:n_rows]
    sizes = rng.integers(1, 50, 2000) if with_sizes else None
    batches = training_batches(rows, sizes, 32, rng)
    assert sorted(np.concatenate(batches)) == sorted(rows)
    assert max(map(len, batches)) <= 32
    again = prediction_batches(rows, sizes)
    assert sorted(np.concatenate(again)) == sorted(rows)


def test_number_of_steps_is_the_same_in_every_epoch():
    sizes = np.random.default_rng(0).integers(1, 50, 1037)
    rng = np.random.default_rng(0)
    counts = {len(training_batches(np.arange(1037), sizes, 16, rng)) for _ in range(20)}
    assert len(counts) == 1


def test_batches_of_similar_sizes_need_less_padding():
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 200, 3000)
    rows = np.arange(3000)

    def padded(batches):
        return sum(sizes[batch].max() * len(batch) for batch in batches)

    plain = padded(training_batches(rows, None, 32, rng))
    assert padded(training_batches(rows, sizes, 32, rng)) < 0.65 * plain


def test_batch_size_auto_grows_with_the_table_within_bounds():
    sizes = [
        resolve_batch_size("auto", n, smallest=8, largest=64, n_steps=100)
        for n in (5, 50, 800, 1_600, 3_000, 100_000)
    ]
    assert sizes == sorted(sizes)
    assert sizes == [5, 8, 8, 16, 32, 64]


def test_batch_size_is_at_most_the_number_of_samples():
    assert resolve_batch_size(500, 20, smallest=8, largest=64, n_steps=100) == 20
    assert resolve_batch_size(7, 20, smallest=8, largest=64, n_steps=100) == 7
