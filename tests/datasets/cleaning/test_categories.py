"""Names of top-level categories."""

import pytest

from amzest.datasets._cleaning._categories import (
    PUBLISHED_CATEGORIES,
    CategoryMapping,
    category_key,
)

TEN = {
    "arts, crafts & sewing",
    "books",
    "clothing, shoes & jewelry",
    "electronics",
    "grocery & gourmet food",
    "health & personal care",
    "musical instruments",
    "patio, lawn & garden",
    "sports & outdoors",
    "toys & games",
}


def test_published_categories_are_ten():
    assert set(PUBLISHED_CATEGORIES.values()) == TEN
    mapping = CategoryMapping("published")
    assert {name: mapping.find(name) for name in TEN} == {name: name for name in TEN}


@pytest.mark.parametrize(
    ("name", "category"),
    [
        # 2014
        ("Clothing, Shoes & Jewelry", "clothing, shoes & jewelry"),
        ("Beauty", "health & personal care"),
        ("Grocery & Gourmet Food", "grocery & gourmet food"),
        ("Patio, Lawn &amp; Garden", "patio, lawn & garden"),
        ("Arts, Crafts & Sewing", "arts, crafts & sewing"),
        # 2018
        ("AMAZON FASHION", "clothing, shoes & jewelry"),
        ("All Electronics", "electronics"),
        ("Computers", "electronics"),
        ("Camera & Photo", "electronics"),
        ("Grocery", "grocery & gourmet food"),
        ("Luxury Beauty", "health & personal care"),
        # 2023
        ("Arts_Crafts_and_Sewing", "arts, crafts & sewing"),
        ("Beauty_and_Personal_Care", "health & personal care"),
        ("Health & Household", "health & personal care"),
        ("Premium Beauty", "health & personal care"),
        ("  toys  AND games ", "toys & games"),
        ("Kindle Store", None),
        ("Cell Phones & Accessories", None),
        ("", None),
    ],
)
def test_find_published(name, category):
    assert CategoryMapping("published").find(name) == category


def test_find_without_mapping_keeps_names():
    assert CategoryMapping(None).find("Gift Cards") == "Gift Cards"


@pytest.mark.parametrize(
    ("categories", "error", "message"),
    [
        ("ten", ValueError, '`categories` must be "published", a mapping'),
        (["Books"], TypeError, "or None, got list"),
        ({"Books": None}, TypeError, "must map strings to strings, got 'Books': None"),
        ({"A": "B", "b": "C"}, ValueError, "`categories` has two new names for 'B'"),
        ({"Toys & Games": "x", "toys and games": "y"}, ValueError, "'x' and 'y'"),
    ],
)
def test_mapping_wrong(categories, error, message):
    with pytest.raises(error, match=message):
        CategoryMapping(categories)


def test_name_with_a_number_of_any_length_is_a_name():
    name = f"Mugs &#{'9' * 5000};"
    assert category_key(name).startswith("mugs 99")
