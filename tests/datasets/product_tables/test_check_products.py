"""check_products: each problem is reported with its rows and a remedy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from amzest.datasets import check_products


def table(categories, **columns):
    return pd.DataFrame({"category": pd.Series(categories, dtype=object), **columns})


@pytest.mark.parametrize(
    "categories",
    [["a", "a", "b", "b"], [1, 1, 5, 5], [True, True, False, False]],
)
def test_valid_table_is_not_changed(categories):
    frame = table(categories, id=["1", "2", None, None])
    before = frame.copy()
    assert check_products(frame) is None
    pd.testing.assert_frame_equal(frame, before)


def test_categories_missing():
    frame = table(["a", None, "", " ", np.nan, pd.NA, "a"])
    with pytest.raises(ValueError, match="5 rows: row 1, row 2, row 3 and 2 more"):
        check_products(frame)


def test_category_with_one_product():
    with pytest.raises(ValueError, match="has 1 category with fewer") as error:
        check_products(table(["a", "b", "a"]))
    assert str(error.value) == (
        "`category` has 1 category with fewer than 2 products: 'b' (1 product, row 1). "
        "Add products, merge such categories into others, or drop their rows. To "
        "accept them, pass min_per_category=1."
    )
    check_products(table(["a", "b", "a"]), min_per_category=1)


def test_categories_small_are_counted():
    frame = table(["a"] * 3 + ["b", "c", "d", "e", "b"])
    with pytest.raises(ValueError, match=r"4 categories .* 3 products: 'b' \(2 prod"):
        check_products(frame, min_per_category=3)
    with pytest.raises(ValueError, match=r"'e' \(1 product, row 6\)\. Add"):
        check_products(frame)
    with pytest.raises(ValueError, match=r" and 1 more\. Add"):
        check_products(frame, min_per_category=3)


def test_category_single():
    with pytest.raises(ValueError, match="has only one category: 'a'"):
        check_products(table(["a", "a"]))


def test_ids_repeated():
    frame = table(["a", "b"] * 3, sku=list("xyxzxx"))
    check_products(frame)
    with pytest.raises(ValueError, match=r"`sku` repeats .* 3 rows: row 2 \('x'\)"):
        check_products(frame, id_column="sku")
    check_products(frame.rename(columns={"sku": "id"}), id_column=None)


def test_columns_missing():
    with pytest.raises(
        ValueError, match=r"'kind' \(category_column\), 'sku' \(id_column\)\. A"
    ):
        check_products(table(["a"]), category_column="kind", id_column="sku")


def test_min_per_category_of_wrong_type():
    with pytest.raises(TypeError, match=r"'min_per_category' parameter .* an int"):
        check_products(table(["a", "b"]), min_per_category="2")
