import numpy as np
import pytest
from scipy import stats

from amzest.evaluation._significance._two_sample_tests import (
    compare_counts,
    compare_proportions,
    compare_values,
    compare_words,
)


def words_of(texts):
    """Return hashes and offsets of texts, which are lists of numbers."""
    offsets = np.append(0, np.cumsum([len(text) for text in texts]))
    return np.concatenate([*texts, []]).astype(np.uint32), offsets


def draw_texts(generator, n_texts, first=0):
    return [first + generator.integers(200, size=5) for _ in range(n_texts)]


def test_proportions_by_chi_squared():
    found = compare_proportions((30, 60), (200, 200))
    table = [[30, 60], [170, 140]]
    assert found.p_value == pytest.approx(
        stats.chi2_contingency(table, correction=False).pvalue
    )
    assert (found.test, found.effect) == ("chi-squared", pytest.approx(0.15))


def test_small_proportions_by_fisher():
    found = compare_proportions((0, 3), (10, 10))
    assert found.test == "Fisher"
    assert found.p_value == pytest.approx(stats.fisher_exact([[0, 3], [10, 7]]).pvalue)


@pytest.mark.parametrize("hits", [(0, 0), (10, 20)])
def test_equal_proportions_of_0_or_1_do_not_differ(hits):
    assert compare_proportions(hits, (10, 20))[2:] == (1, 0)


def test_no_rows_have_no_p_value():
    assert np.isnan(compare_proportions((0, 1), (0, 5)).p_value)
    assert np.isnan(compare_counts(np.zeros(2), np.ones(2)).p_value)
    assert np.isnan(compare_values(np.empty(0), np.ones(2)).effect)
    assert np.isnan(compare_words(words_of([]), words_of([[1]] * 9)).p_value)


def test_effect_of_counts_is_the_total_variation_distance():
    found = compare_counts(np.array([50, 50, 0]), np.array([50, 0, 50]))
    assert found.effect == pytest.approx(0.5)
    assert found.p_value < 1e-9


def test_rare_categories_are_pooled():
    one_each = np.append(np.ones(100), 0), np.append(np.zeros(100), 100)
    # Each of 100 categories occurs once in the first, none in the second.
    assert compare_counts(*one_each).effect == pytest.approx(1)
    first, second = np.array([1] * 50 + [0] * 50), np.array([0] * 50 + [1] * 50)
    assert compare_counts(first, second)[2:] == (1, 0)


def test_values_by_kolmogorov_and_smirnov():
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=300), generator.normal(0.5, size=200)
    found = compare_values(first, second)
    assert found.effect == found.statistic == stats.ks_2samp(first, second).statistic
    assert found.p_value < 1e-3


def test_words_of_the_same_texts_do_not_differ():
    generator = np.random.default_rng(0)

    def draw():
        # Texts of a few topics: their random frequencies are the main difference.
        topics = generator.integers(4, size=40)
        return words_of([50 * t + generator.integers(5, size=3) for t in topics])

    p_values = np.array([compare_words(draw(), draw()).p_value for _ in range(100)])
    # More than 11 of 100 below 0.05 have a probability of 0.004.
    assert (p_values < 0.05).sum() <= 11


def test_effect_of_words_is_the_share_of_other_texts():
    generator = np.random.default_rng(0)
    old = draw_texts(generator, 600)
    new = draw_texts(generator, 300) + draw_texts(generator, 300, first=1000)
    generator.shuffle(new)
    found = compare_words(words_of(old), words_of(new))
    assert found.effect == pytest.approx(0.5, abs=0.08)
    assert found.p_value < 1e-9
    # Half of the texts are recognized, the classifier guesses the others.
    assert found.statistic == pytest.approx(0.75, abs=0.05)
