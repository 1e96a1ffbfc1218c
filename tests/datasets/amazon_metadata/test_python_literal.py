"""Python literals are read exactly, and nothing but literals is."""

import ast
import time
import warnings

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from amzest.datasets._amazon_metadata import _python_literal
from amzest.datasets._amazon_metadata._python_literal import (
    MAX_DEPTH,
    LiteralError,
    read_literal,
)

# Half a pair is no character; numbers of which repr writes a name are none either.
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
def test_what_python_writes_is_read_back(value):
    assert read(repr(value)) == value
    assert read(ascii(value)) == value


@settings(max_examples=300, deadline=None)
@given(values)
def test_the_scanner_alone_reads_the_same(value):
    assert _python_literal._scan(repr(value)) == value
    assert _python_literal._scan(ascii(value)) == value


@settings(max_examples=500, deadline=None)
@given(st.text(st.sampled_from("{}[],:'\"\\ ax1u\t"), max_size=12))
def test_any_text_is_read_as_python_reads_it_or_refused(text):
    try:
        value = read(text)
    except LiteralError:
        return
    with warnings.catch_warnings(action="ignore"):  # of escapes that Python keeps
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
def test_what_other_writers_write_is_read(text, value):
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
def test_what_the_scanner_does_not_know_is_read_by_python(text):
    assert read(text) == ast.literal_eval(text)
    assert repr(read(text)) == repr(ast.literal_eval(text))


def test_what_python_reads_is_refused_where_it_is_deep_or_half_a_character():
    with pytest.raises(LiteralError, match="nested deeper than 32 levels"):
        read("(" + "(1," * 33 + ")" * 33 + ",)")
    with pytest.raises(LiteralError, match="a string holds a lone surrogate"):
        read(r"('\ud83d',)")
    assert read(r"('\ud83d\ude00',)") == ("\U0001f600",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{'a': __import__('os')}", "column 7: the name '__import__' is no value"),
        ("__import__('os').system('true')", "the name '__import__' is no value"),
        ("{asin: 'a'}", "column 2: the name 'asin' is no value"),
        ("{'a': 1, asin: 'a'}", "column 10: the name 'asin' is no value"),
        ("{'a': foo}", "column 7: the name 'foo' is no value"),
        ("{'a': (1).real}", r"column 7: '\(1\).real}' is no literal"),
        ("{'a': 1 + 1}", r"column 9: '\+ 1}' is no literal"),
        ("{'a': 1 +1}", r"column 9: '\+1}' stands where it cannot be"),
        ("{'a': [x for x in 'b']}", "column 8: the name 'x' is no value"),
        ("lambda: 0", "column 1: the name 'lambda' is no value"),
        ("{'a': f'{1}'}", "column 7: the name 'f' is no value"),
        ("{'a': }", "column 7: '}' stands where it cannot be"),
        ("{'a' 1}", "column 6: '1}' stands where it cannot be"),
        ("{null: 'a'}", "a key of the dictionary is a NoneType; expected texts"),
        ("{'a': 01}", "column 7: '01}' is no literal"),
        ("{'a': 1.5L}", "is no literal"),
        ("{'a': \u0661}", "is no literal"),  # a digit, but not to Python
        ("{'a':\xa01}", "is no literal"),
        ("{'a':\x0b1}", "is no literal"),
        ("{'a': 1}//b", "column 9"),
        ("{'a': 1 //b\r}", "column 9"),
        ("{'a': '\x00'}", "the string of column 7 is never closed"),
        ("{'a': 'b\rc'}", "the string of column 7 is never closed"),
        ("['a' 1]", "column 6"),
        ("[1 2]", "column 4"),
        ("[,]", "column 2"),
        ("]", "column 1"),
        ("[1}", "column 3"),
        ("", "there is nothing to read"),
        ("{'a': 'b", "the string of column 7 is never closed"),
        ("{'a': ['b']", "the '{' of column 1 is never closed"),
        (r"'\ud800'", "column 1: the string holds a lone surrogate"),
        (r"{'a': '\U00110000'}", "column 7: .*is no character of Unicode"),
        (r"'\x4'", "the escape .* is not complete or not known"),
        ("{'a': " + "9" * 5000 + "}", "column 7: a number of 5,000 digits"),
        ("[" * 33 + "]" * 33, f"column 33: nested deeper than {MAX_DEPTH} levels"),
        ("[" * 1_000_000, "nested deeper than"),
        ("{'a': " * 200_000, "nested deeper than"),
        ("-" * 1_000_000 + "1", "column 1: .* is no literal"),
        ("'a' " * 100_000, "column 5: .* stands where it cannot be"),
    ],
)
def test_hostile_and_broken_texts_are_refused_at_once(text, message):
    start = time.process_time()
    with pytest.raises(LiteralError, match=message):
        read(text)
    assert time.process_time() - start < 5  # they took milliseconds


def test_depth_that_is_allowed_is_read():
    text = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert read(text) == ast.literal_eval(text)
    assert _python_literal._scan(text) == ast.literal_eval(text)


def test_nothing_that_runs_code_is_called(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("it ran")

    for name in ("eval", "exec", "compile", "__import__"):
        monkeypatch.setitem(__builtins__, name, refuse)
    lines = ["{'a': '\\u0041', 'b': [True]}", "{'a': '\\U00000041'}"]
    assert [_python_literal._scan(line)["a"] for line in lines] == ["A", "A"]
