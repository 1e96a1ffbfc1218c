r"""Parse lines written as Python literals, without evaluating them.

Almost every published line has only elements that Python literals and JSON5 share and
goes to a JSON5 parser, which is several times as fast as :func:`ast.literal_eval`. The
others (rare escapes, None, tuples, comments) go to :func:`ast.literal_eval`, after a
check of nesting and size: Python's parser fails badly on deep nesting, and a syntax
tree takes a hundred times the memory of its text.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import Any

from amzest.utils import require, shown

#: Deepest nesting of brackets. Published lines have 3 levels.
MAX_DEPTH = 32
#: Largest number of characters outside of strings, for which a syntax tree is built.
_MAX_OUTSIDE = 2**18


def _string(escape: str) -> str:
    """Return the pattern of a one-line string whose escapes match `escape`."""
    inside = r"\\\r\n\0]*+"
    return "|".join(
        rf"{quote}[^{quote}{inside}(?:\\{escape}[^{quote}{inside})*+{quote}"
        for quote in "'\""
    )


# Texts that Python and JSON5 parse to the same value. Surrogates are left out, as JSON5
# parsers disagree on them.
_COMMON_ESCAPE = (
    r"""(?:[\\'"nrtbfv]|x[0-9a-fA-F]{2}|u(?![dD][89a-fA-F])[0-9a-fA-F]{4})"""
)
_MARKS = r"[ \t\[\]{},:]*+"
_COMMON = re.compile(
    rf"{_MARKS}(?:(?:{_string(_COMMON_ESCAPE)}"
    rf"|-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][-+]?+[0-9]++)?+(?![\w.])){_MARKS})*+"
)

# Strings and comments as Python tokenizes them. An unterminated string takes the rest
# of the text, as each quote in it would otherwise be searched from again.
_STRINGS = re.compile(
    rf"""'''(?:[^'\\]|\\.|'(?!''))*+''' | \"""(?:[^"\\]|\\.|"(?!""))*+\"""
    | {_string(".")} | \#[^\r\n]*+ | ['"].*+""",
    re.VERBOSE | re.DOTALL,
)
_WORD = r"""(?:[-+][ \t]*+)?+(?<![\w.])(?:NaN|nan|Infinity|inf)\b
    | (?<![\w.])(?:null|true|false)\b | (?<![\w.])(?P<long>0++|[1-9][0-9]*+)L(?!\w)"""
_WORDS = re.compile(_WORD, re.VERBOSE)
_STRINGS_AND_WORDS = re.compile(
    rf"(?P<string>{_STRINGS.pattern})|{_WORD}", _STRINGS.flags
)
_BRACKETS = re.compile(r"[\[\](){}]")
# Those of JSON. NaN and Infinity, as Python's json module and pandas write them, stand
# for missing values.
_PYTHON = {"null": "None", "true": "True", "false": "False"}
_LITERALS = (
    ast.Constant,
    ast.Dict,
    ast.List,
    ast.Tuple,
    ast.Set,
    ast.UnaryOp,
    ast.BinOp,
)
_UNICODE_ESCAPE = re.compile(r"\\[uU]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class LiteralError(ValueError):
    """A text is not a Python literal; the message has the reason and the column."""


def read_literal(text: str, *, purpose: str) -> Any:
    """Parse a Python literal or JSON; NaN and Infinity become None.

    `purpose` is the public function that an error about a missing package names.
    """
    pyjson5 = require("pyjson5", extra="data", purpose=purpose)
    if _COMMON.fullmatch(text):
        try:
            return pyjson5.decode(text, MAX_DEPTH)
        except pyjson5.Json5DecoderException:
            pass  # Python's messages are clearer
    if not text.strip():
        raise LiteralError("it is empty")
    source = _as_python(text)
    tree = None
    try:
        with warnings.catch_warnings(action="ignore"):  # about unknown escapes
            tree = ast.parse(source.lstrip(" \t"), mode="eval")
        value = ast.literal_eval(tree)
    except SyntaxError as error:
        column = f"column {error.offset}: " if error.offset else ""
        raise LiteralError(f"{column}{error.msg}") from error
    except (ValueError, TypeError, MemoryError, RecursionError) as error:
        raise LiteralError(_describe_expression(tree)) from error
    return _join_surrogates(value) if _UNICODE_ESCAPE.search(text) else value


def _as_python(text: str) -> str:
    """Replace words of JSON and Python 2; raise if nested too deep or too large."""
    outside = _STRINGS.sub("''", text)
    depth = 0
    for bracket in _BRACKETS.findall(outside):
        depth += 1 if bracket in "[({" else -1
        if depth > MAX_DEPTH:
            raise LiteralError(f"nested deeper than {MAX_DEPTH} levels")
    if len(outside) > _MAX_OUTSIDE:
        raise LiteralError(
            f"it has {len(outside):,} characters outside of strings; at most "
            f"{_MAX_OUTSIDE:,} are parsed"
        )
    if not _WORDS.search(outside):
        return text
    return _STRINGS_AND_WORDS.sub(
        lambda found: found["string"] or found["long"] or _PYTHON.get(found[0], "None"),
        text,
    )


def _describe_expression(tree: ast.Expression | None) -> str:
    """Describe why a tree, or a text without one, is not a literal."""
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.expr) and not isinstance(node, _LITERALS):
            name = (
                f"name {shown(node.id)}" if isinstance(node, ast.Name) else "expression"
            )
            return f"column {node.col_offset + 1}: the {name} is not a literal"
    return "it contains an expression"


def _join_surrogates(value: Any) -> Any:
    """Join surrogate pairs in all strings of a value; raise if one is not paired."""
    if isinstance(value, str):
        if not _SURROGATE.search(value):
            return value
        try:
            return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError as error:
            raise LiteralError(
                f"the string {shown(value)} contains an unpaired surrogate"
            ) from error
    if isinstance(value, dict):
        items = value.items()
        return {_join_surrogates(key): _join_surrogates(cell) for key, cell in items}
    if isinstance(value, list | tuple | set):
        return type(value)(map(_join_surrogates, value))
    return value
