import numpy as np
import pytest

from amzest.evaluation._significance._bootstrap import (
    bootstrap_p_value,
    bootstrap_sums,
    debiased_interval,
    percentile_interval,
)


def resample(values, n_bootstrap, seed):
    blocks = bootstrap_sums(
        [np.atleast_2d(values)],
        np.shape(values)[-1],
        n_bootstrap,
        np.random.default_rng(seed),
    )
    return np.concatenate([sums for (sums,) in blocks], axis=1)


def test_sums_are_those_of_drawn_rows():
    values = np.array([1.0, 10.0, 100.0, 1000.0])
    sums = resample(values, 5, seed=3)[0]
    generator = np.random.default_rng(3)
    expected = [values[generator.integers(4, size=4)].sum() for _ in range(5)]
    np.testing.assert_allclose(sums, expected)


def test_draws_do_not_depend_on_what_is_summed(monkeypatch):
    values = np.random.default_rng(0).random((3, 50))
    together = resample(values, 40, seed=1)
    alone = resample(values[1], 40, seed=1)
    monkeypatch.setattr("amzest.evaluation._significance._bootstrap._BLOCK", 150)
    in_blocks = resample(values, 40, seed=1)
    np.testing.assert_allclose(together[1], alone[0])
    np.testing.assert_allclose(together, in_blocks)


def test_coverage_of_percentile_intervals():
    generator = np.random.default_rng(0)
    covered = 0
    for seed in range(300):
        right = (generator.random(200) < 0.8).astype(float)
        samples = resample(right, 300, seed)[0] / 200
        low, high = percentile_interval(samples, 0.9)
        covered += low <= 0.8 <= high
    assert covered / 300 == pytest.approx(0.9, abs=0.06)


def test_debiased_interval_is_mirrored_and_holds_the_value():
    samples = np.tile(np.linspace(0.04, 0.08, 101), (3, 1))
    values = np.array([0.05, 0.01, 0.05])
    chance = np.array([[0.01, 0.001], [0.001, 0.001], [0.04, 0.01]])
    low, high = debiased_interval(values, samples, chance, 0.9)
    # The second one is cut at both ends, the third one may be chance.
    np.testing.assert_allclose(low, [0.1 - 0.078, 0, 0], atol=1e-12)
    np.testing.assert_allclose(high, [0.1 - 0.042, 0.01, 0.1 - 0.042])


def test_p_value_counts_the_rarer_side_twice():
    assert bootstrap_p_value(np.array([1.0] * 98 + [-1.0])) == pytest.approx(4 / 100)
    assert bootstrap_p_value(np.ones(99)) == pytest.approx(2 / 100)
    assert bootstrap_p_value(-np.ones(99)) == pytest.approx(2 / 100)
    assert bootstrap_p_value(np.zeros(99)) == 1


def test_p_value_agrees_with_the_interval():
    samples = np.random.default_rng(0).normal(0.02, 0.01, 4999)
    p_value = float(bootstrap_p_value(samples))
    low, _ = percentile_interval(samples, 1 - p_value)
    assert low == pytest.approx(0, abs=5e-4)


def test_p_values_under_equal_designs_are_about_uniform():
    generator = np.random.default_rng(0)
    p_values = []
    for seed in range(300):
        difference = generator.normal(size=100)
        p_values.append(bootstrap_p_value(resample(difference, 300, seed)[0]))
    shares = [np.mean(np.array(p_values) <= level) for level in (0.1, 0.3, 0.5, 0.8)]
    np.testing.assert_allclose(shares, [0.1, 0.3, 0.5, 0.8], atol=0.08)
