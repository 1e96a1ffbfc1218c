"""category_codes: codes of categories, and errors for missing ones."""

from __future__ import annotations

import numpy as np
import pytest

from amzest.datasets._splitting._category_codes import category_codes, list_categories


def test_codes_in_order_of_occurrence():
    codes, values = category_codes(["b", 3, "b", ("x", 1)])
    assert codes.tolist() == [0, 1, 0, 2]
    assert values == ["b", 3, ("x", 1)]


def test_missing_category():
    cells = ["a", None, float("nan"), " ", np.float64("nan"), "a"]
    match = r"`kind` is missing in 4 rows: row 1, row 2, row 3 and 1 more\. Fill in"
    with pytest.raises(ValueError, match=match):
        category_codes(cells, "kind")


def test_no_rows():
    with pytest.raises(ValueError, match="`kind` has 0 rows"):
        category_codes([], "kind")


def test_list_categories():
    assert list_categories(["a", "b"], [1, 2]) == "'a' (1 row), 'b' (2 rows)"
    assert list_categories(list("abcdefg"), [1] * 7).endswith("'e' (1 row) and 2 more")
