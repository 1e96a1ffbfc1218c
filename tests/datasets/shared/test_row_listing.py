"""Rows and numbers of things in messages."""

import pytest

from amzest.datasets._shared._row_listing import count, list_rows


@pytest.mark.parametrize(
    ("n", "thing", "phrase"),
    [
        (0, "row", "0 rows"),
        (1, "row", "1 row"),
        (2, "pair", "2 pairs"),
        (1, "category", "1 category"),
        (3, "category", "3 categories"),
        (12345, "product", "12,345 products"),
    ],
)
def test_count(n, thing, phrase):
    assert count(n, thing) == phrase


def test_list_rows_shortens_values():
    assert list_rows([3]) == "row 3"
    assert list_rows([3, 8], ["a.jpg", None]) == "row 3 ('a.jpg'), row 8 (None)"
    assert list_rows(range(9)) == "row 0, row 1, row 2 and 6 more"
    assert len(list_rows([1], ["x" * 10_000_000])) < 200
