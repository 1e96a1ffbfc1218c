"""Python literals are parsed exactly, and nothing else is parsed."""

import ast
import time
import warnings

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from amzest.datasets._amazon_metadata._python_literal import (
    MAX_DEPTH,
    LiteralError,
    read_literal,
)

# Without unpaired surrogates, and without the floats that repr writes as a name.
texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=20,
)


def read(text):
    return read_literal(text, purpose="a test")


@settings(max_examples=300, deadline=None)
@given(values)
@example({"it's": 'a "b" \\ \n\t\x00\x7f\xe9\u2028\U0001f600', "http": ["https://a:b"]})
@example({"a": "x, b: 1", "c": "{d:"})
def test_repr_is_parsed_to_the_same_value(value):
    assert read(repr(value)) == value
    assert read(ascii(value)) == value


@settings(max_examples=300, deadline=None)
@given(values)
def test_forms_that_only_python_knows_are_read_back(value):
    # The comment keeps the text from the JSON5 parser.
    assert read(f"{value!r}  # a comment, it's null") == value
    assert read(f"({value!a},)") == (value,)


@settings(max_examples=500, deadline=None)
@given(st.text(st.sampled_from("{}[],:'\"\\ ax1u\t"), max_size=12))
def test_any_text_is_parsed_as_python_does_or_raises(text):
    try:
        value = read(text)
    except LiteralError:
        return
    with warnings.catch_warnings(action="ignore"):  # about unknown escapes
        assert value == ast.literal_eval(text.strip())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{u'a': U\"b\"}", {"a": "b"}),
        ("{'a': 12L, 'b': -3L}", {"a": 12, "b": -3}),
        ("['a',]", ["a"]),
        (
            r"'\a\101\0\x41\U0001F600\d'",
            "\aAA\x00A\U0001f600\\d".replace("AA\x00", "A\0"),
        ),
        (r"'\ud83d\ude00'", "\U0001f600"),
        ('{"a": NaN, "b": null}', {"a": None, "b": None}),
        ("[nan, -inf, Infinity, -Infinity, true, false]", [None] * 4 + [True, False]),
        ("[1e999, 00, -0.0, 5., .5e1]", [float("inf"), 0, 0.0, 5.0, 5.0]),
    ],
)
def test_forms_of_json_and_python_2_are_parsed(text, value):
    assert read(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "{'a': b'c'}",
        "{'a', 'b'}",
        "{1: 'a', (2, None): {3.5, True}}",
        "1, 2",
        r"'\N{BULLET}'",
        "{'a': 'b' \"c\" r'\\d'}  # a comment",
        "{'a': ('b', ['c']), 'd': 1_000, 'e': 0x1F, 'f': 2j, 'g': ...}",
        "{'a': '''b 'c' d'''}",
        "{'a': 'b\\\rc'}",
    ],
)
def test_all_forms_of_python_literals_are_parsed(text):
    assert read(text) == ast.literal_eval(text)
    assert repr(read(text)) == repr(ast.literal_eval(text))


def test_literals_that_are_too_deep_or_have_an_unpaired_surrogate_raise():
    with pytest.raises(LiteralError, match="nested deeper than 32 levels"):
        read("(" + "(1," * 33 + ")" * 33 + ",)")
    with pytest.raises(LiteralError, match="contains an unpaired surrogate"):
        read(r"('\ud83d',)")
    assert read(r"('\ud83d\ude00',)") == ("\U0001f600",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{'a': __import__('os')}", "column 7: the expression is not a literal"),
        (
            "__import__('os').system('true')",
            "column 1: the expression is not a literal",
        ),
        ("{asin: 'a'}", "column 2: the name 'asin' is not a literal"),
        ("{'a': 1, asin: 'a'}", "column 10: the name 'asin' is not a literal"),
        ("{'a': foo}", "column 7: the name 'foo' is not a literal"),
        ("{'a': (1).real}", "column 7: the expression is not a literal"),
        ("{'a': 1 + 1}", "it contains an expression"),
        ("{'a': 1 +1}", "it contains an expression"),
        ("{'a': [x for x in 'b']}", "column 7: the expression is not a literal"),
        ("lambda: 0", "column 1: the expression is not a literal"),
        ("{'a': f'{1}'}", "column 7: the expression is not a literal"),
        ("{'a': }", "column 5: expression expected"),
        ("{'a' 1}", "column 2: invalid syntax"),
        ("{'a': 01}", "column 7: leading zeros"),
        ("{'a': 1.5L}", "column 9: invalid decimal literal"),
        ("{'a': \u0661}", "column 7: invalid character"),
        ("{'a':\xa01}", "column 6: invalid non-printable"),
        ("{'a':\x0b1}", "column 6: invalid non-printable"),
        ("{'a': 1}//b", "column 11: the name 'b'"),
        ("{'a': 1 //b\r}", "column 11: the name 'b'"),
        ("{'a': '\x00'}", "null bytes"),
        ("{'a': 'b\rc'}", "column 7: unterminated string"),
        ("['a' 1]", "column 2: invalid syntax"),
        ("[1 2]", "column 2: invalid syntax"),
        ("[,]", "column 2"),
        ("]", "column 1"),
        ("[1}", "column 3"),
        ("", "it is empty"),
        ("{'a': 'b", "column 7: unterminated string"),
        ("{'a': ['b']", "column 1: '{' was never closed"),
        (r"'\ud800'", "contains an unpaired surrogate"),
        (r"{'a': '\U00110000'}", "illegal Unicode character"),
        (r"'\x4'", "truncated .xXX escape"),
        ("{'a': " + "9" * 5000 + "}", "Exceeds the limit"),
        ("[" * 33 + "]" * 33, f"nested deeper than {MAX_DEPTH} levels"),
        ("[" * 1_000_000, "nested deeper than"),
        ("{'a': " * 200_000, "nested deeper than"),
        ("-" * 1_000_000 + "1", "characters outside of strings; at most"),
        ("[" + "None," * 60_000 + "]", "characters outside of strings; at most"),
        ("'" + "\\'" * 300_000, "unterminated string"),
        ("'" * 300_001, "unterminated"),
        ("1+" * 60_000 + "1", "it contains an expression"),
        ("'a' " * 100_000, "characters outside of strings; at most"),
    ],
)
def test_hostile_and_invalid_texts_raise_at_once(text, message):
    start = time.process_time()
    with pytest.raises(LiteralError, match=message):
        read(text)
    assert time.process_time() - start < 5  # milliseconds are usual


def test_depth_limit_is_inclusive():
    text = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert read(text) == ast.literal_eval(text)
    assert read(f"{text} # [") == ast.literal_eval(text)


def test_long_strings_are_parsed_in_any_form():
    text = "a" * 1_000_000
    assert read(repr([text, None, {"b": text}])) == [text, None, {"b": text}]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[null, 'null', \"it's NaN\", nan]", [None, "null", "it's NaN", None]),
        ("[- NaN, +inf, 'a NaN', 12L, '12L']", [None, None, "a NaN", 12, "12L"]),
        ("[true, '''a 'null' b''', b'true']", [True, "a 'null' b", b"true"]),
        ("{'a': null}  # it's \"null\"", {"a": None}),
    ],
)
def test_words_in_strings_and_comments_are_kept(text, value):
    assert read(text) == value


def test_lines_are_parsed_but_never_evaluated(monkeypatch):
    compiled = []

    def forbidden(*args, **kwargs):
        raise AssertionError("code was run")

    def parse_only(source, filename, mode, flags=0, **options):
        assert flags & ast.PyCF_ONLY_AST
        compiled.append(source)
        return real_compile(source, filename, mode, flags, **options)

    real_compile = compile
    for name in ("eval", "exec", "__import__"):
        monkeypatch.setitem(__builtins__, name, forbidden)
    monkeypatch.setitem(__builtins__, "compile", parse_only)
    lines = ["{'a': '\\u0041', 'b': [True]}", "{'a': '\\U00000041'}"]
    assert [read(line)["a"] for line in lines] == ["A", "A"]
    assert compiled == lines
