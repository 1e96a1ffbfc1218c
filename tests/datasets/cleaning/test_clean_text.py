"""The rules for one text, applied until none changes it."""

import time

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
        (" two  spaces\u202f\xa0\n", "two spaces", ["white space"]),
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


def test_clean_returns_the_changes_of_each_rule():
    _, changes = PLAIN.clean(" <i>A</i> &amp; B")
    assert changes == {
        "tags": (" <i>A</i> &amp; B", " A &amp; B"),
        "entities": (" A &amp; B", " A & B"),
        "white space": (" A & B", "A & B"),
    }


def test_clean_keeps_paragraphs_if_requested():
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


# Each of them, or a similar one, once took quadratic time.
REPEATED = [
    *(
        "<",
        ">",
        "<>",
        "<b",
        "</b",
        "<b ",
        "<br/",
        "<b>",
        "<<b>b>",
        "<b>>",
        "</s ",
        "<o:",
    ),
    *(
        "<b a",
        "<b a=",
        '<b a="',
        "<a b=c ",
        "<b a=b c ",
        "<img alt",
        "<img a alt",
        "<s>",
    ),
    *(
        "<style>",
        "<style ",
        "<style>a{",
        "<script",
        "</script",
        "<!--",
        "<!-- -",
        "-->",
    ),
    *("<![CDATA[", "]]>", "<?xml ", "<!doctype ", "&", "&amp", "&amp;", "&#", "&#1"),
    *("&#38;", "&lt;", "&lt;b", "&lt;b&gt;", "&amp;lt;", "&copy", "&a;", "&ABCDEFG"),
    *(
        "{",
        "}",
        "{}",
        "a{",
        "b{",
        ".a",
        ".a ",
        ".a{",
        ".a{b:c",
        ".a{b:c}",
        "b b ",
        "b>b>",
    ),
    *(
        "b,",
        "b~",
        "b:",
        "#a ",
        ":a(",
        "[",
        "[a",
        "*",
        "b{x}",
        "b{color:",
        "b{color:red}",
    ),
    *(
        "@media ",
        "@media{",
        "@media a{b{}",
        "@import a",
        "@-a-",
        "/*",
        "/* a */",
        "/*/",
    ),
    *("var a=", "var a", "window.a", "if(", "(function ", "P.when(", "document."),
    *(
        '"',
        "'",
        '"> ',
        "' >",
        '" a="b"',
        "a='b' ",
        "a=",
        "=",
        "\\",
        "/>",
        "!",
        "1",
        "a ",
    ),
    *(
        "\n",
        " ",
        "\t",
        " \n",
        "\xa0",
        "\r\n",
        "\u2028",
        "a\n \n",
        "by\n",
        "by ",
        "by \n",
    ),
    *(
        "\u200d",
        "\u200c",
        "a\u200d",
        "\U0001f600\u200d",
        "\u200d\u200b",
        "\xad",
        "\x01",
    ),
    *("\x1b[", "\x1b[1", "\x9b1", "\u0301", "a\u0301", "\u0301\u0327", "\u0327\u0301"),
    *(
        "\u0344\u0327",
        "\u0f73\u0f71",
        "\u3099\u0323",
        "\u1100\u1161",
        "\ufdfa",
        "\ufb01",
    ),
    *(
        "\xc3\xa9",
        "\xc2",
        "\xc3",
        "\xe2\u20ac\u2122",
        "\xe9",
        "\xe9 a",
        "\u4e2d",
        "\ud800",
    ),
]


@pytest.mark.parametrize("piece", REPEATED)
def test_clean_takes_linear_time(piece):
    start = time.process_time()
    for end in ("", "{a:b}", "=<>&;"):
        text = piece * (50_000 // len(piece)) + end
        cleaner = BRAND if "by" in piece else PARAGRAPHS
        cleaner.clean(text)
    assert time.process_time() - start < 5  # tenths of a second are usual


@pytest.mark.parametrize(
    ("before", "inside", "after"),
    [
        ("<", "", "b>"),
        ("<b", "", ">"),
        ("&am", "&amp;", "p;"),
        ("&l", "&lt;b&gt;", "t;"),
        ("{", "x", "}"),
        (".a{", ".b{c:d}", "}"),
        ("<!-", "<!---->", "->"),
        ("<scr<style></style>", "", "ipt>"),
    ],
)
def test_nesting_ends_in_linear_time(before, inside, after):
    for n in (3, 20, 5_000):
        start = time.process_time()
        cleaned, _ = PLAIN.clean(f"Mug {before * n}{inside}{after * n} Mug")
        assert time.process_time() - start < 5  # tenths of a second are usual
        assert PLAIN.clean(cleaned) == (cleaned, {})


def test_very_deep_markup_is_removed_and_reported():
    cleaned, changes = PLAIN.clean("Mug " + "<" * 5_000 + "b>" * 5_000)
    assert cleaned.startswith("Mug b")
    assert "<" not in cleaned
    assert ">" not in cleaned
    assert list(changes) == ["tags"]


def test_joiners_between_latin_letters_are_removed():
    joiners = "\u200d\u200c" * 1000
    for text, cleaned in [
        (f"a{joiners}b", "ab"),
        (f"{joiners}\u0646", "\u0646"),
        (f"\u0646{joiners}", "\u0646"),
        (f"\u0646{joiners}\u0645", f"\u0646{joiners}\u0645"),
        (f"\u0646{joiners}a{joiners}\u0645", "\u0646a\u0645"),
        (f"\u0646\u200b{joiners}\u200ba", "\u0646a"),
    ]:
        assert PLAIN.clean(text)[0] == cleaned
