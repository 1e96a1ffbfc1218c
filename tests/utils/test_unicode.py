"""Normalization is Unicode's own, but for runs of marks that no language has."""

import random
import time
import unicodedata

import pytest

from amzest.utils import normalize_unicode

#: Characters that compose, decompose, reorder, or do nothing of that.
ALPHABET = (
    "aeo KÅ½ﬁ№™\u0301\u0327\u0323\u0308\u0344\u0345\u0f71\u0f72\u0f73\uff9e\uff76\u3099"
    "\u1100\u1161\u11a8가\u200d\ufdfa\U0001d165\U0001d15e\U0001e8d0😀\ud800"
)


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
def test_texts_are_normalized_as_by_unicodedata(form):
    draw = random.Random(0)
    for length in (0, 1, 5, 50, 300, 1000):
        for _ in range(30):
            text = "".join(draw.choices(ALPHABET, k=length))
            assert normalize_unicode(form, text) == unicodedata.normalize(form, text)


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
@pytest.mark.parametrize(
    "marks",
    [
        "\u0301\u0327",
        "\u0327\u0301",
        "\u0334\u0327\u0301\u05b0\u064b",
        "\uff9e\u0301",
        "\u0f73\u0301",
        "\U0001d165\u0301",
        "\U0001e8d0\U0001e944",
        "\u0345\u0301",
        "\u0301" * 40 + "\u0327" * 40,
    ],
)
def test_long_runs_of_marks_take_linear_time(form, marks):
    normalize_unicode(form, "\U0001d165" * 300)  # builds the tables
    text = "a" + marks * (1_000_000 // len(marks)) + "b"
    start = time.process_time()
    short = normalize_unicode(form, text)
    assert time.process_time() - start < 2
    assert len(short) <= 100
    assert short[-1] == "b"
