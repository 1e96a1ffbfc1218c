"""The rules for one text, applied until none changes anything."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amzest.datasets._cleaning._clean_text import TextCleaner

PLAIN = TextCleaner("clean_products")
PARAGRAPHS = TextCleaner("clean_products", paragraphs=True)
BRAND = TextCleaner("clean_products", byline=True)

PIECES = [
    *("<", ">", "</", "/>", "&", ";", "amp;", "lt;", "gt;", "#39;", "#x", "nbsp;"),
    *("b", "br", "s", "span", "img alt=", "script", "style", "a href=", "class", "="),
    *('"', "'", "{", "}", ":", ".a", "#b", "color:red", "@media", "/*", "*/", "<!--"),
    *("-->", "var x = (new", "(function(", " ", "  ", "\n", "\r", "\t", "\x00", "\x85"),
    *(
        "\x96",
        "\u200b",
        "\u200d",
        "\ufeff",
        "\xad",
        "\x1b[",
        "Ã",
        "©",
        "Â",
        "\xa0",
        "â€",
    ),
    *(
        "™",
        "é",
        "e\u0301",
        "\u0958",
        "\ud800",
        "\ufffd",
        "’",
        "\uff21",
        "by",
        "Mug",
        "3",
        "(",
    ),
    *("&amp;amp;lt;b&amp;gt;", '<span class="x"', ' Magazines" />', "[", "]", "\u2028"),
]
NASTY = st.lists(
    st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=14
).map("".join)


@pytest.mark.parametrize(
    ("text", "cleaned", "rules"),
    [
        ("Tom & Jerry", "Tom & Jerry", []),
        ("don’t “curl” \uff37 \ufb01ne", "don’t “curl” \uff37 \ufb01ne", []),
        ("SELF\ufffdis", "SELF\ufffdis", []),
        ("CafÃ©", "Café", ["mojibake"]),
        ("CafÃ&copy;", "Café", ["entities", "mojibake"]),
        ("Zelda\x99 2018 \x96 new", "Zelda™ 2018 – new", ["mojibake"]),
        ("Ã la carte", "à la carte", ["mojibake"]),
        ("Cafe\u0301", "Café", ["mojibake"]),
        ("a\u200bb\ufeff\x07\xad", "ab", ["control characters"]),
        ("\x1b[31mred\x1b[0m", "red", ["control characters"]),
        ("👨\u200d👩 \u200dMug", "👨\u200d👩 Mug", ["control characters"]),
        (" two  blanks\u202f\xa0\n", "two blanks", ["white space"]),
        ("on<br>two", "on two", ["tags"]),
        ("&amp;lt;b&amp;gt;bold&lt;/b&gt;", "bold", ["entities", "tags"]),
        ("<<b>b>x", "x", ["tags"]),
        ("<p>&nbsp;</p>", "", ["tags", "entities"]),
    ],
)
def test_clean(text, cleaned, rules):
    found, changes = PLAIN.clean(text)
    assert found == cleaned
    assert list(changes) == rules
    assert PLAIN.is_suspicious(text) or not rules


def test_clean_tells_what_each_rule_did():
    _, changes = PLAIN.clean(" <i>A</i> &amp; B")
    assert changes == {
        "tags": (" <i>A</i> &amp; B", " A &amp; B"),
        "entities": (" A &amp; B", " A & B"),
        "white space": (" A & B", "A & B"),
    }


def test_clean_keeps_paragraphs_where_asked():
    text = "<p>One</p>\r\n\n Two <li>three\n\tfour "
    assert PARAGRAPHS.clean(text)[0] == "One\nTwo\nthree\nfour"
    assert PLAIN.clean(text)[0] == "One Two three four"


def test_clean_removes_by_in_front_of_a_brand():
    assert BRAND.clean("by\n    \n    Microsoft")[0] == "Microsoft"
    assert BRAND.clean("By Design")[0] == "By Design"


@settings(max_examples=1500, deadline=None)
@given(NASTY)
def test_clean_is_idempotent(text):
    for cleaner in (PLAIN, PARAGRAPHS, BRAND):
        cleaned, changes = cleaner.clean(text)
        assert (cleaned != text) == bool(changes)
        assert cleaner.clean(cleaned) == (cleaned, {})
        assert cleaner.is_suspicious(text) or not changes
        cleaned.encode()


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_is_suspicious_of_all_that_changes(text):
    for cleaner in (PLAIN, PARAGRAPHS):
        assert cleaner.is_suspicious(text) or cleaner.clean(text) == (text, {})
