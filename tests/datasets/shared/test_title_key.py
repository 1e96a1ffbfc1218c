"""normalise_title: different spellings of one title become equal."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amzest.datasets._shared._title_key import normalise_title, normalise_titles


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Nike Men's Shoe, Size 10", "nike men s shoe size 10"),
        ("snake_case  two\tthree\n", "snake_case two three"),
        ("STRASSE straße", "strasse strasse"),
        ("Cafe\u0301", "caf\u00e9"),
        ("\uff21\uff22\uff23 \u2460", "abc 1"),
        ("Lego® Duplo™ Set℠", "lego duplo set"),
        ("Size 10½", "size 10 1 2"),
        ("Water\u00adproof zero\u200bwidth \ufeffmark", "waterproof zerowidth mark"),
        ("I ❤\ufe0f NY", "i ny"),
        ("d\u00b4or", "d or"),
        ("हिन्दी पुस्तक", "हिन्दी पुस्तक"),
        ("İstanbul", "i\u0307stanbul"),
        ("★ ★", ""),
        ("", ""),
        ("\u0301\ufe0f", ""),
    ],
)
def test_normalise_title(title, words):
    assert normalise_title(title) == words


@given(st.text(max_size=40))
def test_idempotence(title):
    words = normalise_title(title)
    assert normalise_title(words) == words
    assert words == " ".join(words.split())
    assert normalise_title(unicodedata.normalize("NFD", title)) == words


@given(st.text(st.characters(max_codepoint=127), max_size=60))
def test_ascii_is_lower_case_words(title):
    assert normalise_title(title) == " ".join(re.findall(r"\w+", title.lower()))


@given(st.lists(st.one_of(st.none(), st.text(max_size=20)), max_size=10))
def test_column_equals_single_titles(titles):
    expected = ["" if title is None else normalise_title(title) for title in titles]
    assert normalise_titles(titles) == expected
