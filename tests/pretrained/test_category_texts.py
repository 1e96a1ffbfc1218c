"""The texts that describe categories."""

import numpy as np
import pandas as pd
import pytest

from amzest.pretrained._category_texts import (
    fill_template,
    name_texts,
    read_categories,
)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("shoes", (("shoes",),)),
        ("BabyCare", (("Baby Care",),)),
        ("baby_care", (("baby care",),)),
        ("iPhone", (("iPhone",),)),
        ("T-shirts", (("T-shirts",),)),
        ("Toys & Games", (("Toys & Games",), ("Toys", "Games"))),
        (
            "clothing, shoes & jewelry",
            (("clothing, shoes & jewelry",), ("clothing", "shoes", "jewelry")),
        ),
        ("bread and Butter", (("bread and Butter",), ("bread", "Butter"))),
        ("Sandals", (("Sandals",),)),
        ("Home > Mugs", (("Home > Mugs",), ("Home", "Mugs"))),
        ("HomeAndGarden", (("Home And Garden",), ("Home", "Garden"))),
        ("& more &", (("& more &",),)),
        ("&", (("&",),)),
    ],
)
def test_names_are_split_into_words_and_parts(name, texts):
    assert name_texts(name) == texts


@pytest.mark.parametrize("form", [list, tuple, np.array, pd.Series, pd.Index])
def test_a_list_of_names_is_sorted(form):
    labels, texts = read_categories(form(["shoes", "Garden_tools"]))
    assert labels.tolist() == ["Garden_tools", "shoes"]
    assert texts == [(("Garden tools",),), (("shoes",),)]


def test_descriptions_take_the_place_of_the_label():
    labels, texts = read_categories(
        {7: ["boots, sandals", " shoes "], 3: "garden", 5: np.array(["a", "b"])}
    )
    assert labels.tolist() == [3, 5, 7]
    assert labels.dtype == np.int64
    assert texts == [(("garden",),), (("a", "b"),), (("boots, sandals", "shoes"),)]


def test_none_describes_a_category_by_its_label():
    assert read_categories({"a & b": None, "c": "x & y"})[1] == [
        (("a & b",), ("a", "b")),
        (("x & y",),),
    ]


@pytest.mark.parametrize(
    ("categories", "error"),
    [
        (["shoes", "shoes", "garden"], "'shoes' more than once"),
        (["shoes"], "1 label"),
        ([], "0 label"),
        (["shoes", " "], "empty name"),
        (["shoes", None], "no label in row 1"),
        ({"shoes": "a", None: "b"}, "no label in row 1"),
        ({"shoes": "a", "": "b"}, "empty name"),
        ([1, 2], "label 1 is not a name"),
        ({1: None, 2: "b"}, "label 1 is not a name"),
        (["shoes", 3], "mixes labels"),
        ({"shoes": "a", "garden": ""}, "describes 'garden' by ''"),
        ({"shoes": "a", "garden": []}, "describes 'garden'"),
        ({"shoes": "a", "garden": ["b", 3]}, "describes 'garden'"),
        ({"shoes": "a", "garden": 3}, "describes 'garden' by 3"),
    ],
)
def test_bad_categories_are_named(categories, error):
    with pytest.raises(ValueError, match=error):
        read_categories(categories)


def test_a_template_has_a_place_for_the_name():
    assert fill_template("{} of a shop", [(("a", "b"), ("{c}",))]) == [
        (("a of a shop", "b of a shop"), ("{c} of a shop",))
    ]
    with pytest.raises(ValueError, match="`template` is 'a product'"):
        fill_template("a product", [])
