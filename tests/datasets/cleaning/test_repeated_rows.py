"""Rows that repeat other rows."""

import numpy as np
import pytest

from amzest.datasets._cleaning._repeated_rows import find_repeated_rows
from amzest.datasets._shared._text_keys import hash_texts

ASINS = ["a", "b", "a", None, "", "c", "c", "d", "e"]
CATEGORIES = ["x", "x", "x", "x", "y", "x", "y", "x", None]
TITLES = ["mug", "cup", "pot", "mug", "", "mug", "lid", "cup", ""]


@pytest.mark.parametrize("form", [list, hash_texts])
def test_find_repeated_rows(form):
    found = find_repeated_rows(
        asins=form(ASINS), categories=form(CATEGORIES), title_keys=form(TITLES)
    )
    assert np.flatnonzero(found.keep).tolist() == [0, 1, 4, 8]
    assert found.n_dropped == {
        ("several categories", "asin"): 2,
        ("repeated", "asin"): 1,
        ("repeated", "title"): 2,
    }
    assert found.examples == {
        ("several categories", "asin"): [5, 6],
        ("repeated", "asin"): [2],
        ("repeated", "title"): [3, 7],
    }


def test_find_repeated_rows_keep():
    found = find_repeated_rows(
        asins=ASINS,
        categories=CATEGORIES,
        title_keys=TITLES,
        several_categories="keep",
        duplicates=["asin"],
        n_examples=1,
    )
    assert found.n_dropped == {("repeated", "asin"): 2}
    assert found.examples == {("repeated", "asin"): [2]}


def test_find_repeated_rows_of_an_empty_table():
    assert find_repeated_rows().keep.tolist() == []
    found = find_repeated_rows(asins=[], categories=[], title_keys=hash_texts([]))
    assert found.keep.tolist() == []
    assert find_repeated_rows(asins=[None, None], categories=["x", "y"]).keep.all()


def test_hash_texts_are_the_same_everywhere():
    hashes = hash_texts(["mug", None, "", "cup", "mug"])
    assert hashes.dtype == np.uint64
    assert hashes.tolist()[1:3] == [0, 0]
    assert hashes[0] == hashes[4] == 15590317556865748958
    assert len(set(hash_texts(map(str, range(10_000))).tolist())) == 10_000
