"""HTML entities are decoded where they cannot be anything else."""

import pytest

from amzest.datasets._cleaning._html_entities import decode_entities


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("Maggiano&#39;s &#x2019; &#x92;", "Maggiano's ’ ’"),
        ("&amp;amp;lt;", "<"),
        ("a&nbsp;b &copy 2014", "a\xa0b © 2014"),
        ("NESTL&EACUTE;", "NESTLÉ"),
        ("rock&reggae", "rock&reggae"),
        ("R&D; AT&T; F&W", "R&D; AT&T; F&W"),
        ("?a=1&copy=2", "?a=1&copy=2"),
        ("&#99999999999; &#;", "&#99999999999; &#;"),
    ],
)
def test_decode_entities(text, decoded):
    assert decode_entities(text) == decoded


@pytest.mark.parametrize("piece", ["&", "&amp;", "&#"])
def test_decode_entities_takes_linear_time(piece):
    # Quadratic time would need minutes.
    decode_entities(piece * 100_000)
