"""near_title_groups: near titles have one label."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amzest.datasets._splitting import _near_titles
from amzest.datasets._splitting._labels import number_labels
from amzest.datasets._splitting._near_titles import near_title_groups


@pytest.mark.parametrize(
    ("one", "other", "similarity", "near"),
    [
        ("Acme Mug, 3 (Blue)", "blue ACME mug 3 3", 1.0, True),
        ("a b c d e f g h i", "a b c d e f g h x", 0.8, True),
        ("a b c d e f g h", "a b c d e f g x", 0.8, False),
        ("a b c d e", "a b c d", 0.8, True),
        ("a b c d", "a b c", 0.8, False),
        ("a b c d", "a b c", 0.75, True),
        ("a", "b", 0.5, False),
        ("★★★", "★★★ ", 0.8, True),
        ("★★★", "★★", 0.8, False),
        (None, None, 0.8, False),
        ("", " ", 0.8, False),
        (float("nan"), pd.NA, 0.8, False),
    ],
)
def test_two_titles(one, other, similarity, near):
    labels = near_title_groups([one, "something else", other], similarity)
    assert labels.tolist() == ([0, 1, 0] if near else [0, 1, 2])


def test_a_chain_of_near_titles_is_one_group():
    words = [str(n) for n in range(30)]
    titles = [" ".join(words[start : start + 20]) for start in range(0, 11, 2)]
    assert near_title_groups(titles).tolist() == [0] * 6
    assert near_title_groups(titles[::5]).tolist() == [0, 1]


@pytest.mark.parametrize("titles", [[], [None], [None, "", np.nan]])
def test_no_titles(titles):
    labels = near_title_groups(titles)
    assert labels.tolist() == list(range(len(titles)))
    assert labels.dtype == np.int64


@given(
    st.lists(st.lists(st.sampled_from("abcdef"), max_size=6).map(" ".join)),
    st.randoms(use_true_random=False),
)
def test_order_of_the_titles_does_not_matter(titles, random):
    order = list(range(len(titles)))
    random.shuffle(order)
    labels = near_title_groups(titles)
    shuffled = near_title_groups([titles[row] for row in order])
    np.testing.assert_array_equal(number_labels(labels[order]), shuffled)


def test_titles_are_read_in_chunks(monkeypatch):
    titles = [f"mug number {n % 7}" for n in range(50)]
    expected = near_title_groups(titles)
    monkeypatch.setattr(_near_titles, "_CHUNK", 3)
    np.testing.assert_array_equal(near_title_groups(titles), expected)
    assert expected.tolist() == [n % 7 for n in range(50)]
    with pytest.raises(
        TypeError, match=r"`titles` is not a string in 2 rows: row 50 \('int"
    ):
        near_title_groups([*titles, 5, 6])
