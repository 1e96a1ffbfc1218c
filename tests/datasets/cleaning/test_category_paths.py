"""Paths of categories."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amzest.datasets._cleaning._categories import CategoryMapping
from amzest.datasets._cleaning._category_paths import PathCleaner, top_categories
from amzest.datasets._cleaning._clean_text import TextCleaner

CLEANER = PathCleaner(TextCleaner("clean_products"))


@pytest.mark.parametrize(
    ("paths", "cleaned", "rules"),
    [
        ("Books > Arts, Music & More", "Books > Arts, Music & More", []),
        ("Home &amp; Garden > A\nBooks", "Home & Garden > A\nBooks", ["entities"]),
        ("A >  > B\n\nC", "A > B\nC", ["white space"]),
        ("<b></b> > A", "A", ["tags"]),
        (
            "Gift Cards > Gift Cards > </span></span></span> > Starbucks Gift Card 25",
            "Gift Cards > Gift Cards",
            ["bullet points"],
        ),
        (
            "Gift Cards > No expiration, no fees. > Variety of designs.\nToys",
            "Gift Cards\nToys",
            ["bullet points"],
        ),
        ("Toys > Melissa Doug Inc.", "Toys > Melissa Doug Inc.", []),
        ("</span>", "", ["tags"]),
    ],
)
def test_clean(paths, cleaned, rules):
    found, changes = CLEANER.clean(paths)
    assert (found, list(changes)) == (cleaned, rules)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [*"AB. <>&", " > ", "\n", "&gt;", "&#10;", "</b>", "<br>", "one two three "]
        ),
        max_size=14,
    ).map("".join)
)
def test_clean_is_idempotent(paths):
    cleaned, changes = CLEANER.clean(paths)
    assert (cleaned != paths) == bool(changes)
    assert CLEANER.clean(cleaned) == (cleaned, {})


def test_top_categories():
    paths = "Books > A\nKindle Store > B\nbooks > C\nToys & Games"
    published = CategoryMapping("published")
    assert top_categories(paths, published) == ["books", "toys & games"]
    assert top_categories(paths, CategoryMapping(None)) == [
        "Books",
        "Kindle Store",
        "Toys & Games",
    ]
