r"""Lines written as Python literals, read without running or compiling anything.

Almost every line is within reach of a JSON5 parser, a maintained and fast one. JSON5
and Python differ in some places: escapes, names, comments, white space, numbers. Lines
that are not made of what both know, or that the parser refuses, go to the scanner
below, which knows what published lines hold. What it does not know (tuples, sets,
bytes, comments, strings side by side) goes to :func:`ast.literal_eval`.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import Any

from amzest.utils import require

#: Deepest nesting of lists and dictionaries. Published lines have 3.
MAX_DEPTH = 32
#: Longest text that Python's own parser is given: it takes a hundred times its memory.
_MAX_PARSED = 2**18


def _string(escape: str) -> str:
    """Write the pattern of a string in which a backslash begins such an escape.

    No line break and no NUL is in it: Python would not read that either.
    """
    inside = r"\\\r\n\0]*+"
    return "|".join(
        rf"{quote}[^{quote}{inside}(?:\\{escape}[^{quote}{inside})*+{quote}"
        for quote in "'\""
    )


_ANY_STRING = _string(r"[^\r\n\0]")
# `\d` and `\s` would match digits and white space that Python does not know.
_TOKEN = re.compile(
    rf"""[ \t\f\r\n]*+(?:
      (?P<mark>[\[\]{{}},:])
    | (?P<string>[uU]?(?:{_ANY_STRING}))
    | (?P<number>[-+]?+(?:
          (?:[0-9]++\.[0-9]*+|\.[0-9]++|[0-9]++(?=[eE]))(?:[eE][-+]?+[0-9]++)?+
        | (?:0++|[1-9][0-9]*+)L?+
      )(?!\w))
    | (?P<name>[-+]?+[^\W\d]\w*+)
    )""",
    re.VERBOSE,
)
#: Texts in which everything means the same in Python and in JSON5.
_COMMON_ESCAPE = (
    r"""(?:[\\'"nrtbfv]|x[0-9a-fA-F]{2}|u(?![dD][89a-fA-F])[0-9a-fA-F]{4})"""
)
_MARKS = r"[ \t\[\]{},:]*+"
_COMMON = re.compile(
    rf"{_MARKS}(?:(?:{_string(_COMMON_ESCAPE)}"
    rf"|-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][-+]?+[0-9]++)?+(?![\w.])){_MARKS})*+"
)
#: Python's; those of JSON; and what both write for a number that is none, which
#: stands for a missing value wherever it occurs.
_NAMES = {
    **{"None": None, "True": True, "False": False},
    **{"null": None, "true": True, "false": False},
    **{
        f"{sign}{name}": None
        for sign in ("", "-", "+")
        for name in ("NaN", "nan", "Infinity", "inf")
    },
}
_BLANKS = " \t\f\r\n"
_CLOSING = {"[": "]", "{": "}"}

_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|(.))",
    re.DOTALL,
)
_LETTERS = {
    **{"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"},
    **{"\\": "\\", "'": "'", '"': '"'},
}
_SURROGATE = re.compile("[\ud800-\udfff]")


class LiteralError(ValueError):
    """A text is no Python literal; the message says where and why."""


class _Refused(LiteralError):
    """Python would read it, but it is too deep or holds half a character."""


def read_literal(text: str, *, purpose: str) -> Any:
    """Read a Python literal.

    Parameters
    ----------
    text : str
        What :func:`ast.literal_eval` reads, and JSON. NaN and Infinity are None: they
        stand for missing values. Pairs of surrogates are one character.

    purpose : str
        Function that needs it, for the message about a missing package.

    Returns
    -------
    object
        The value.

    Raises
    ------
    LiteralError
        If it is anything else: an expression, a name, a call, half a string, half a
        pair of surrogates, nested deeper than 32 levels.
    """
    pyjson5 = require("pyjson5", extra="data", purpose=purpose)
    if _COMMON.fullmatch(text):
        try:
            return pyjson5.decode(text, MAX_DEPTH)
        except pyjson5.Json5DecoderException:
            pass  # said better by the scanner, if it is wrong at all
    try:
        return _scan(text)
    except _Refused:
        raise
    except LiteralError as error:
        return _parse(text, error)


def _parse(text: str, error: LiteralError) -> Any:
    """Read with Python's parser what the scanner does not know; else raise `error`."""
    if len(text) > _MAX_PARSED:
        raise error
    try:
        with warnings.catch_warnings(action="ignore"):  # of escapes that are none
            value = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise error from None  # easier to understand than Python's
    return _with_characters(value, MAX_DEPTH)


def _with_characters(value: Any, depth: int) -> Any:
    """Join pairs of surrogates; refuse half a pair, and more levels than `depth`."""
    if isinstance(value, str):
        return _join_surrogates(value, "a string")
    if not isinstance(value, dict | list | tuple | set):
        return value
    if depth == 0:
        raise _Refused(f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        return {
            _with_characters(key, depth - 1): _with_characters(cell, depth - 1)
            for key, cell in value.items()
        }
    return type(value)(_with_characters(cell, depth - 1) for cell in value)


def _scan(text: str) -> Any:
    """Read a literal token by token, with a stack of its own in place of recursion."""
    # Each open container: its mark, the values around it, the column it starts at.
    stack: list[tuple[str, list[Any], int]] = []
    values: list[Any] = []
    expected = "value"  # or "comma", "colon", "nothing"
    position = 0
    end = len(text.rstrip(_BLANKS))
    while position < end:
        token = _TOKEN.match(text, position)
        if token is None:
            raise _unreadable(text, position)
        position = token.end()
        kind = str(token.lastgroup)
        start, mark = token.start(kind), token["mark"]
        if kind != "mark":
            if expected != "value":
                raise _misplaced(text, start)
            values.append(_value_of(token, start))
            expected = _after_value(stack, values)
        elif mark in _CLOSING:
            if expected != "value":
                raise _misplaced(text, start)
            if len(stack) == MAX_DEPTH:
                raise _Refused(
                    f"column {start + 1}: nested deeper than {MAX_DEPTH} levels"
                )
            stack.append((mark, values, start))
            values = []
        elif mark in ",:":
            if expected != ("comma" if mark == "," else "colon"):
                raise _misplaced(text, start)
            expected = "value"
        else:
            if not stack or mark != _CLOSING[stack[-1][0]]:
                raise _misplaced(text, start)
            opening, outer, opened = stack.pop()
            if opening == "{" and len(values) % 2:
                raise _misplaced(text, start)
            outer.append(_close(opening, values, opened))
            values = outer
            expected = _after_value(stack, values)
    if stack:
        raise LiteralError(
            f"the {stack[-1][0]!r} of column {stack[-1][2] + 1} is never closed"
        )
    if not values:
        raise LiteralError("there is nothing to read")
    return values[0]


def _after_value(stack: list[tuple[str, list[Any], int]], values: list[Any]) -> str:
    if not stack:
        return "nothing"
    if stack[-1][0] == "{" and len(values) % 2:
        return "colon"
    return "comma"


def _close(opening: str, values: list[Any], opened: int) -> Any:
    """Make the container whose closing mark was read."""
    if opening != "{":
        return values
    keys = values[::2]
    wrong = [type(key).__name__ for key in keys if not isinstance(key, str)]
    if wrong:
        raise LiteralError(
            f"column {opened + 1}: a key of the dictionary is a {wrong[0]}; expected "
            "texts"
        )
    return dict(zip(keys, values[1::2], strict=True))


def _value_of(token: re.Match[str], start: int) -> Any:
    """Give the value of a string, number or name."""
    if token["string"] is not None:
        return _unescape(token["string"].lstrip("uU")[1:-1], start)
    if token["number"] is not None:
        number = token["number"].removesuffix("L")  # of Python 2
        if not number.lstrip("+-").isdecimal():
            return float(number)
        try:
            return int(number)
        except ValueError as error:  # more digits than Python turns into an int
            raise LiteralError(
                f"column {start + 1}: a number of {len(number):,} digits"
            ) from error
    name = token["name"]
    if name not in _NAMES:
        raise LiteralError(
            f"column {start + 1}: the name {_shorten(name)} is no value; only None, "
            "True and False are"
        )
    return _NAMES[name]


def _unescape(body: str, start: int) -> str:
    r"""Replace the escapes of a string by what they stand for.

    Pairs of surrogates (``\ud83d\ude00``) are one character; half a pair is an error.
    """

    def character(escape: re.Match[str]) -> str:
        hexadecimal = escape[1] or escape[2] or escape[3]
        if hexadecimal:
            code = int(hexadecimal, 16)
            if code > 0x10FFFF:
                raise LiteralError(
                    f"column {start + 1}: {escape[0]} is no character of Unicode"
                )
            return chr(code)
        if escape[4]:
            return chr(int(escape[4], 8))
        letter = escape[5]
        if letter in "xuUN":
            raise LiteralError(
                f"column {start + 1}: the escape {escape[0]} in the string is not "
                "complete or not known"
            )
        return _LETTERS.get(letter, escape[0])

    if "\\" in body:
        body = _ESCAPE.sub(character, body)
    return _join_surrogates(body, f"column {start + 1}: the string")


def _join_surrogates(text: str, name: str) -> str:
    if not _SURROGATE.search(text):
        return text
    try:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError as error:
        raise _Refused(
            f"{name} holds a lone surrogate, which is no character"
        ) from error


def _misplaced(text: str, position: int) -> LiteralError:
    return LiteralError(
        f"column {position + 1}: {_shorten(text[position:])} stands where it cannot be"
    )


def _unreadable(text: str, position: int) -> LiteralError:
    rest = text[position:].lstrip(_BLANKS)
    column = len(text) - len(rest) + 1
    if rest[0] in "'\"":
        return LiteralError(f"the string of column {column} is never closed")
    return LiteralError(f"column {column}: {_shorten(rest)} is no literal")


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 20 else text[:20] + "...")
