"""split_rows: sizes, stratification, whole groups, and impossible splits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amzest.datasets._splitting._split_rows import split_rows


def n_test_rows(categories, is_test):
    categories = np.asarray(categories)
    return {
        name: int(is_test[categories == name].sum()) for name in np.unique(categories)
    }


@pytest.mark.parametrize("test_size", [0.25, 25, 0.1, 0.5, 40])
def test_single_rows_are_split_exactly(test_size):
    categories = np.repeat(["a", "b", "c"], [60, 30, 10])
    is_test = split_rows(categories, np.arange(100), test_size, 0)
    n_test = test_size if isinstance(test_size, int) else round(test_size * 100)
    assert is_test.sum() == n_test
    for name, found in n_test_rows(categories, is_test).items():
        assert abs(found - n_test / 100 * (categories == name).sum()) < 1


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_groups_stay_whole_and_categories_occur_in_both_sets(data):
    n_rows = data.draw(st.integers(12, 80))
    codes = data.draw(st.lists(st.integers(0, 2), min_size=n_rows, max_size=n_rows))
    groups = data.draw(st.lists(st.integers(0, 30), min_size=n_rows, max_size=n_rows))
    seed = data.draw(st.integers(0, 1000))
    try:
        is_test = split_rows(codes, groups, 0.3, seed)
    except ValueError as error:
        assert "in both sets" in str(error)  # noqa: PT017
        return
    groups, codes = np.array(groups), np.array(codes)
    assert not set(groups[is_test]) & set(groups[~is_test])
    assert set(codes[is_test]) == set(codes[~is_test]) == set(codes)


def test_sizes_with_groups_are_close():
    rng = np.random.default_rng(0)
    groups = rng.geometric(0.02, 4000)  # large ones and small ones
    groups = np.where(rng.random(4000) < 0.4, groups, 10_000 + np.arange(4000))
    categories = groups % 7
    for seed in range(5):
        is_test = split_rows(categories, groups, 0.25, seed)
        for name, found in n_test_rows(categories, is_test).items():
            assert abs(found - (categories == name).sum() * 0.25) < 1


def test_group_larger_than_the_test_set_is_for_training():
    groups = [0] * 40 + list(range(1, 61))
    for seed in range(10):
        is_test = split_rows(["a"] * 100, groups, 0.25, seed)
        assert not is_test[:40].any()
        assert is_test.sum() == 25


def test_all_rows_have_the_same_probability():
    # Groups of 1 to 6 rows, and one of two categories.
    sizes = [6, 5, 4, 3, 2, 2, *[1] * 38]
    groups = np.repeat(np.arange(len(sizes)), sizes)
    categories = np.array(["a", "b"])[groups % 2]
    categories[0] = "b"
    state = np.random.RandomState(0)
    n_trials = 1500
    counts = sum(
        split_rows(categories, groups, 0.25, state).astype(int) for _ in range(n_trials)
    )
    np.testing.assert_allclose(counts / n_trials, 0.25, atol=0.075)
    single = np.repeat(sizes, sizes) == 1
    for name in "ab":
        probabilities = counts[single & (categories == name)] / n_trials
        assert probabilities.std() < 0.02


def test_only_large_groups_come_as_close_as_they_can():
    groups = np.repeat([0, 1, 2], 3)
    assert split_rows(["a"] * 9, groups, 2, 0).sum() == 3
    groups = np.repeat([0, 1], [9, 1])
    assert split_rows(["a"] * 10, groups, 3, 0).tolist() == [False] * 9 + [True]


def test_categories_that_share_all_their_groups():
    categories, groups = list("abab"), [0, 0, 1, 1]
    is_test = split_rows(categories, groups, 2, 0)
    assert is_test.sum() == 2
    # Three categories, each of which shares a group with both others.
    categories, groups = list("abbcca"), [0, 0, 1, 1, 2, 2]
    with pytest.raises(ValueError, match=r"in both sets: .*\. Raise similarity="):
        split_rows(categories, groups, 3, 0)


def test_random_state():
    categories, groups = ["a", "b"] * 50, np.arange(100) // 3
    before = np.random.get_state()[1].copy()
    one, again = (split_rows(categories, groups, 0.25, 3) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    assert len({split_rows(categories, groups, 0.25).tobytes() for _ in range(5)}) > 1
    state = np.random.RandomState(0)
    splits = {split_rows(categories, groups, 0.25, state).tobytes() for _ in range(5)}
    assert len(splits) > 1
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_group_labels_of_any_type():
    numbers = np.arange(40) // 2
    expected = split_rows(["a"] * 40, numbers, 0.25, 0)
    texts = [f"group {number}" for number in numbers]
    np.testing.assert_array_equal(split_rows(["a"] * 40, texts, 0.25, 0), expected)


@pytest.mark.parametrize(
    ("test_size", "match"),
    [
        (0, "`test_size` is 0 rows"),
        (12, "`test_size` is 12 rows, but the table has 12"),
        (1, "`test_size` means 1 row .* from 2 to 10"),
        (11, "`test_size` means 11 rows .* from 2 to 10"),
    ],
)
def test_impossible_sizes(test_size, match):
    with pytest.raises(ValueError, match=match):
        split_rows(["a", "b"] * 6, np.arange(12), test_size, 0)


def test_category_of_one_group():
    match = r"`kind` has 2 categories .* 'b' \(2 rows\), 'c' \(1 row\)\. Add products"
    with pytest.raises(ValueError, match=match):
        split_rows([*"aaabbc"], [0, 1, 2, 3, 3, 4], 3, 0, name="kind")
