import numpy as np
import pytest
from scipy.stats import binomtest

from amzest.evaluation._significance._paired_tests import (
    correct_p_values,
    group_letters,
    mcnemar_p_value,
)


@pytest.mark.parametrize(
    ("first", "second"), [(0, 0), (1, 0), (3, 9), (9, 3), (5, 5), (5, 6), (200, 260)]
)
def test_mcnemar_is_the_binomial_test(first, second):
    expected = binomtest(first, first + second).pvalue if first + second else 1.0
    assert mcnemar_p_value(first, second) == pytest.approx(expected, rel=1e-9)


def test_mcnemar_takes_arrays():
    p_values = mcnemar_p_value(np.array([3, 40]), np.array([9, 0]))
    expected = [binomtest(3, 12).pvalue, 2 * 0.5**40]
    np.testing.assert_allclose(p_values, expected)


def test_mcnemar_holds_its_level_under_equal_designs():
    generator = np.random.default_rng(0)
    first, second = generator.random((2, 2000, 300)) < 0.7
    p_values = mcnemar_p_value(
        (first & ~second).sum(axis=1), (second & ~first).sum(axis=1)
    )
    for level in (0.05, 0.2, 0.5):
        assert 0.65 * level < np.mean(p_values <= level) < 1.1 * level


def test_holm_by_hand():
    p_values = np.array([0.01, 0.04, 0.03, 0.005])
    np.testing.assert_allclose(
        correct_p_values(p_values, "holm"), [0.03, 0.06, 0.06, 0.02]
    )


def test_bonferroni_by_hand():
    corrected = correct_p_values(np.array([0.01, 0.4, 0.03]), "bonferroni")
    np.testing.assert_allclose(corrected, [0.03, 1.0, 0.09])


def test_correction_of_none_leaves_p_values():
    p_values = np.array([0.01, 0.4])
    np.testing.assert_array_equal(correct_p_values(p_values, None), p_values)
    assert correct_p_values(np.array([]), "holm").shape == (0,)


@pytest.mark.parametrize(
    ("differing", "letters"),
    [
        ([], ["a", "a", "a"]),
        ([(0, 2)], ["a", "ab", "b"]),
        ([(0, 1), (0, 2), (1, 2)], ["a", "b", "c"]),
        ([(1, 2)], ["ab", "a", "b"]),
    ],
)
def test_letters_by_hand(differing, letters):
    assert group_letters(3, differing) == letters


def test_letters_show_which_pairs_differ():
    generator = np.random.default_rng(0)
    for _ in range(50):
        pairs = [(i, j) for i in range(6) for j in range(i + 1, 6)]
        differing = {pair for pair in pairs if generator.random() < 0.4}
        letters = group_letters(6, differing)
        for i, j in pairs:
            assert bool(set(letters[i]) & set(letters[j])) == ((i, j) not in differing)
