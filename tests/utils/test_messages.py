"""Values in messages."""

import numpy as np
import pytest

from amzest.utils import count, describe_rows, shown, shown_list


class _Broken:
    def __repr__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("mug", "'mug'"),
        (7.5, "7.5"),
        (None, "None"),
        (b"\xff" * 300, "300 bytes"),
        (np.zeros((2, 3)), "array of shape (2, 3), dtype float64"),
        ([1, 2], "[1, 2]"),
        (_Broken(), "<_Broken>"),
    ],
)
def test_shown_of_a_short_value(value, expected):
    assert shown(value) == expected


@pytest.mark.parametrize(
    "value", ["x" * 10**7, ["x" * 10**7], {"a": "x" * 10**7}, list(range(10**6))]
)
def test_shown_of_a_long_value_is_short(value):
    assert len(shown(value)) <= 80
    assert "..." in shown(value)


def test_long_lists_are_cut():
    assert shown_list(["a", 1]) == "'a', 1"
    assert shown_list(range(5), limit=3) == "0, 1, 2 and 2 more"
    assert shown_list([]) == ""
    assert len(shown_list(["x" * 10_000_000] * 10_000)) < 3000


@pytest.mark.parametrize(
    ("n", "thing", "phrase"),
    [
        (0, "row", "0 rows"),
        (1, "row", "1 row"),
        (2, "pair", "2 pairs"),
        (1, "category", "1 category"),
        (3, "category", "3 categories"),
        (12345, "product", "12,345 products"),
        (2, "class", "2 classes"),
    ],
)
def test_count(n, thing, phrase):
    assert count(n, thing) == phrase


def test_rows():
    assert describe_rows(np.array([4])) == "row 4"
    assert describe_rows(np.arange(9)) == "rows 0, 1, 2, 3, 4 and 4 more"
