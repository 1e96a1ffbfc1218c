"""Parse mutated lines of metadata, and compare the results with `ast.literal_eval`.

    python tools/fuzz_metadata.py --n 100000

A line is parsed as by Python, or rejected with the documented exception; there is no
other exception, value or warning. In addition to Python's literals, the parser accepts
those of JSON (null, true, false), NaN, nan, Infinity and inf, which become None, and
integers of Python 2 (12L). A lone surrogate is rejected; a surrogate pair is one
character. Valid JSON is parsed as JSON.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import re
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from amzest.datasets import read_amazon_metadata
from amzest.datasets._amazon_metadata._amazon_products import BrokenLine, LineParser
from amzest.datasets._amazon_metadata._python_literal import (
    MAX_DEPTH,
    LiteralError,
    read_literal,
)
from amzest.datasets._shared._schema import SCHEMA

PYTHON_SEEDS = [
    "{'asin': 'B01', 'title': 'Mug', 'price': 7.5, 'categories': [['Home', 'Cups']]}",
    "{'asin': '0001', 'related': {'also_bought': ['a', 'b'], 'buy_after_viewing': []}}",
    "{'asin': 'a', 'title': \"Don't\", 'brand': 'a \"b\" c', 'salesRank': {'T': 1}}",
    r"{'asin': 'a', 'title': 'Caf\xe9 \u2019 \U0001f600 \101 \0 \a\b\f\t\v \\ \' \"'}",
    r"{'asin': 'a', 'title': '\d \q \8 \ ', 'imUrl': 'http://a/b.jpg', 'brand': ''}",
    r"{'asin': 'a', 'title': '\N{BULLET} \x4 \u12 \U0011'}",
    r"{'asin': 'a', 'title': '\ud83d\ude00 \ud83d'}",
    "{'asin': 'a', 'title': u'Mug', u'brand': U'x'}",
    r"{'asin': r'a\n', 'title': R'\x', 'brand': rb'x'}",
    "{'asin': 'a', 'title': b'bytes', 'brand': B'x'}",
    "{'asin': 'a', 'title': f'{1}', 'brand': F'x'}",
    "{'asin': 'a', 'title': 'one' 'two', 'brand': ('x' 'y')}",
    "{'asin': 'a', 'title': '''long''', 'brand': \"\"\"x\"\"\"}",
    "{'asin': 'a', 'price': 1_000, 'n': [0x1F, 0o17, 0b101, 00, 0_0, 1e5, 1E-5, 1.]}",
    "{'asin': 'a', 'price': .5, 'n': [-1, +1, - 1, --1, 1.e3, 1e400, -1e400, 0.1e+1]}",
    "{'asin': 'a', 'n': [1j, 1+2j, (1-2j), -1.5j, 1 + 2]}",
    "{'asin': 'a', 'n': (1, 2), 'm': (1,), 'o': (), 'p': ((1))}",
    "{'asin': 'a', 'n': {1, 2}, 'm': {'a'}, 'o': set(), 'p': frozenset()}",
    "{'asin': 'a', 'n': [1, 2,], 'm': {'a': 1,}, 'o': [[], {}, [[]], [{}]],}",
    "{'asin': 'a', 'title': None, 'n': [True, False, None, not True]}",
    "{'asin': 'a', 1: 'b', None: 2, (1, 2): 3, True: 4, 1.5: 5}",
    "{'asin': 'a', 'title': 'x'} # a comment",
    "{'asin': 'a', # a comment\r 'title': 'x'}",
    "{'asin': 'a', \\\r 'title': 'x'}",
    "({'asin': 'a', 'title': 'x'})",
    "{'asin': 'a', 'asin': 'b', 'title': 'x', 'title': None, 'title': 'y'}",
    "{'asin': 'a', 'price': 123456789012345678901234567890, 'n': " + "9" * 400 + "}",
    "{'asin': 'a', 'n': " + "[" * 31 + "]" * 31 + "}",
    "{'asin': 'a', 'n': " + "{'a': " * 20 + "1" + "}" * 20 + "}",
    "{'asin': 'a', 'title': 'x\0y', 'n': 12L, 'm': 3l}",
    "{'asin': 'a', 'title': NaN, 'price': nan, 'n': [Infinity, -inf, null, true]}",
    "{'asin': 'a', 'title': 'caf\xe9 \u4e2d \U0001f600 \u2028 \xa0 \ufeff', '\xe9': 1}",
    "{'asin':\t'a',\f'title':\v'x',\xa0'n'\u2003: \u0661}",
    "{'asin': 'a', 'title': 'a // b', 'n': 1 // 2, 'm': '/* c */' /* d */}",
    "{'asin': 'a', 'category': ['a', ['b']], 'categories': [['a'], 'b', None, 1]}",
    "{'asin': 'a', 'images': [{'large': 'l', 'variant': 'MAIN'}, {'hi_res': None}]}",
    "{'asin': 'a', 'images': {'hi_res': ['h'], 'large': [None, 'l'], 'thumb': 1}}",
    "{'asin': 'a', **{'b': 1}, 'n': [*[1]], 'm': [x for x in 'y'], 'o': lambda: 0}",
    "{'reviewerID': 'r', 'asin': 'a', 'reviewText': 'Good', 'overall': 5.0}",
    "{asin: 'a', 'title': 'x', b: 2}",
    "'a'",
    "1, 2",
]
JSON_SEEDS = [
    '{"asin": "B02", "title": "Lamp", "price": "$1,250.00", "category": ["Home"]}',
    '{"parent_asin": "B03", "title": "T", "price": null, "categories": ["A", "B"]}',
    r'{"asin": "a", "title": "\u00e9 \ud83d\ude00 \/ \b\f\n\r\t \" \\", "x": true}',
    r'{"asin": "a", "title": "\ud83d", "x": [1e5, -0, 0.1, 1E400, -1e-400]}',
    '{"asin": "a", "title": NaN, "price": Infinity, "category": [NaN, -Infinity]}',
    '{"asin": "a", "images": [{"thumb": "t", "large": null, "variant": "MAIN"}]}',
    '{"asin": "a", "description": ["a", "", null], "x": {"y": [[[]]], "": {}}}',
    '{"rating": 5.0, "title": "Nice", "text": "x", "user_id": "u", "asin": "a"}',
    '{"asin": 1234567890123456789012, "title": 1.0, "brand": -0, "main_cat": 0}',
    '[{"asin": "a"}]',
]
#: Text inserted into lines, besides parts of other lines.
PIECES = [
    *"{}[](),:'\"\\ \t\r\f\v\0#/*+-._=<>&@!~%$;?`|^",
    *(
        "None",
        "True",
        "False",
        "null",
        "true",
        "NaN",
        "nan",
        "inf",
        "-Infinity",
        "set()",
    ),
    *(
        "0",
        "1",
        "9" * 30,
        "00",
        "01",
        "0x1",
        "1_0",
        "1e9",
        "1e999",
        ".5",
        "5.",
        "1j",
        "2L",
    ),
    *(
        "\\x41",
        "\\u0041",
        "\\ud83d",
        "\\ude00",
        "\\N{BULLET}",
        "\\U0001F600",
        "\\777",
        "\\",
    ),
    *(
        "''",
        '""',
        "'''",
        '"""',
        "u'x'",
        "b'x'",
        "r'\\'",
        "f'{x}'",
        "'a' 'b'",
        "\\'",
        '\\"',
    ),
    *(
        "//",
        "/*",
        "*/",
        "# x",
        "\xa0",
        "\u2028",
        "\ufeff",
        "\xe9",
        "\u0661",
        "\U0001f600",
    ),
    *(
        "'asin': ",
        "'title': ",
        '"category": ',
        "'price': ",
        "'images': ",
        "'overall': 1,",
    ),
]
NAMES = {"null": None, "true": True, "false": False}
NO_NUMBERS = ("NaN", "nan", "Infinity", "inf")
_STRING = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_LONG = re.compile(r"(?<![\w.])(0+|[1-9][0-9]*)L(?!\w)")


class Refused(Exception):
    """The text is not a literal."""


def mutated(generator: random.Random) -> str:
    """Mutate one of the seed lines."""
    line = generator.choice(PYTHON_SEEDS if generator.random() < 0.8 else JSON_SEEDS)
    for _ in range(generator.choice((0, 1, 1, 2, 2, 3, 5, 8))):
        at = generator.randrange(len(line) + 1)
        to = min(len(line), at + generator.choice((0, 1, 1, 2, 5, 20)))
        kind = generator.randrange(6)
        if kind == 0:
            line = line[:at] + generator.choice(PIECES) + line[at:]
        elif kind == 1:
            line = line[:at] + generator.choice(PIECES) + line[to:]
        elif kind == 2:
            line = line[:at] + line[to:]
        elif kind == 3:
            line = line[:at] + line[at:to] * 2 + line[to:]
        elif kind == 4:
            other = generator.choice(PYTHON_SEEDS)
            start = generator.randrange(len(other))
            line = line[:at] + other[start : start + 12] + line[at:]
        elif at < len(line):
            sign = chr(ord(line[at]) ^ 1 << generator.randrange(7))
            line = line[:at] + sign + line[at + 1 :]
    return line.replace("\n", "\r").encode(errors="replace").decode()


def reference(text: str) -> Any:
    """Parse a text with Python, and the extensions of the parser."""
    try:
        with warnings.catch_warnings(action="ignore"):  # about invalid escapes
            tree = ast.parse(text.lstrip(" \t"), mode="eval")
            value = ast.literal_eval(_Names().visit(tree))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        shorter = _without_longs(text)
        if shorter == text:
            raise Refused(str(error)) from error
        return reference(shorter)
    return _with_characters(value)


class _Names(ast.NodeTransformer):
    """Replace the names in a tree, and numbers that are not finite."""

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in NAMES or node.id in NO_NUMBERS:
            return ast.copy_location(ast.Constant(NAMES.get(node.id)), node)
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        operand = node.operand
        signed = isinstance(node.op, ast.UAdd | ast.USub)
        if signed and isinstance(operand, ast.Name) and operand.id in NO_NUMBERS:
            return ast.copy_location(ast.Constant(None), node)
        return node


def _without_longs(text: str) -> str:
    """Write 12L as 12, outside of strings."""
    written, end = [], 0
    for string in _STRING.finditer(text):
        written += [_LONG.sub(r"\1", text[end : string.start()]), string[0]]
        end = string.end()
    return "".join(written) + _LONG.sub(r"\1", text[end:])


def _with_characters(value: Any) -> Any:
    """Join surrogate pairs; raise if one is alone."""
    if isinstance(value, str):
        try:
            return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError as error:
            raise Refused("half a pair of surrogates") from error
    if isinstance(value, dict):
        return {_with_characters(k): _with_characters(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set):
        return type(value)(map(_with_characters, value))
    return value


def python_reads(text: str) -> bool:
    """Return whether Python parses a text that is not too deep."""
    try:
        with warnings.catch_warnings(action="ignore"):
            value = ast.literal_eval(text)
        _with_characters(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError, Refused):
        return False
    return depth(value) <= MAX_DEPTH


def depth(value: Any) -> int:
    """Return the nesting depth of containers."""
    if not isinstance(value, dict | list | tuple | set):
        return 0
    cells = [*value, *value.values()] if isinstance(value, dict) else value
    return 1 + max(map(depth, cells), default=0)


def same(left: Any, right: Any) -> bool:
    """Return whether two values are equal, including types and the order of keys."""
    return repr(left) == repr(right)


def literal_of(text: str) -> Any:
    """Parse a text with the project's parser."""
    try:
        return read_literal(text, purpose="fuzzing")
    except LiteralError as error:
        raise Refused(str(error)) from error


def product_of(line: bytes) -> dict[str, Any]:
    """Parse a line as `read_amazon_metadata` does."""
    parser = LineParser(tuple(SCHEMA))
    parser.read(line)
    return {name: values[0] for name, values in parser.values.items()}


def is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return False
    return True


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def differences(text: str, counts: Counter[str]) -> Iterator[str]:
    """Yield the faults in parsing one line."""
    line = text.encode().strip()
    text = line.decode()
    try:
        expected, refused = reference(text), False
    except Refused:
        expected, refused = None, True
    try:
        value = literal_of(text)
    except Refused:
        counts["literals refused"] += 1
        if python_reads(text):
            yield f"refused, where Python reads: {text!r}"
    else:
        counts["literals read"] += 1
        if refused:
            yield f"read, where Python refuses: {text!r} as {value!r}"
        elif not same(value, expected):
            yield f"another value: {text!r} as {value!r}, not {expected!r}"
    try:
        product = product_of(line)
    except BrokenLine:
        counts["lines broken"] += 1
        return
    counts["products read"] += 1
    for name, cell in product.items():
        if not (cell is None or isinstance(cell, float if name == "price" else str)):
            yield f"a {type(cell).__name__} in {name}: {text!r}"
    if is_json(text):
        return
    if refused:
        yield f"a product, where Python refuses: {text!r} as {product!r}"
        return
    again = json.dumps(expected, default=_as_json, skipkeys=True).encode()
    if not same(product, product_of(again)):
        yield f"another product: {text!r} as {product!r}"


def _as_json(value: Any) -> Any:
    """Write a set as a list, for comparison with JSON."""
    return list(value) if isinstance(value, set) else repr(value)


def check_files(lines: list[str], n_broken: int) -> Iterator[str]:
    """Yield the faults in reading a file of lines."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "meta.json")
        path.write_bytes(b"".join(line.encode() + b"\n" for line in lines))
        reader = read_amazon_metadata(path, on_error="skip")
        n_read = sum(map(len, reader))
        n_lines = sum(bool(line.encode().strip()) for line in lines)
        if n_read + reader.n_skipped_ != n_lines or reader.n_skipped_ != n_broken:
            yield f"{n_read} read and {reader.n_skipped_} skipped of {n_lines} lines"
        try:
            list(read_amazon_metadata(path))
        except ValueError as error:
            if not str(error).startswith(f"{path}: line ") or len(str(error)) > 2000:
                yield f"an error without file and line: {error}"
        else:
            if n_broken:
                yield "no error"


def fuzz(n: int, seed: int = 0, per_file: int = 500) -> tuple[Counter[str], list[str]]:
    """Parse mutated lines.

    Parameters
    ----------
    n : int
        Number of lines.

    seed : int, default=0
        Seed of the mutations.

    per_file : int, default=500
        Number of lines per file, which is read as well.

    Returns
    -------
    counts : Counter
        Number of lines by outcome.
    wrong : list of str
        The faults.
    """
    generator = random.Random(seed)
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    with warnings.catch_warnings(action="error"):
        for start in range(0, n, per_file):
            lines = [mutated(generator) for _ in range(min(per_file, n - start))]
            n_broken = counts["lines broken"]
            for line in lines:
                if not line.encode().strip():
                    continue
                try:
                    wrong += differences(line, counts)
                except Exception as error:
                    wrong.append(f"{type(error).__name__}: {error}: {line!r}")
            wrong += check_files(lines, counts["lines broken"] - n_broken)
    return counts, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=100_000, help="number of lines")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    counts, wrong = fuzz(options.n, options.seed)
    print(
        f"{options.n:,} lines of {len(PYTHON_SEEDS)} Python and {len(JSON_SEEDS)} JSON"
    )
    for name, count in sorted(counts.items()):
        print(f"{name:<24}{count:>12,}")
    print(f"{'wrong':<24}{len(wrong):>12,}")
    for what in wrong[:20]:
        print(what)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
