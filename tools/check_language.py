"""Check that texts use the standard terms: `tools/language.toml` lists what to replace.

    python tools/check_language.py [PATH ...]

It checks the docstrings, comments, string literals and identifiers of Python files, the
whole text of .rst, .md, .toml, .yml and .cff files and of the Makefile, and the names
of all these files. A phrase may be wrapped over several lines. Literal data, such as
the title of a product, is exempted with a comment: `language: ok` for its own line,
`language: off` and `language: on` for the lines between them, after `#` in Python, `..`
in .rst and `<!--` in .md.
"""

from __future__ import annotations

import argparse
import functools
import io
import re
import sys
import token
import tokenize
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
RULES = Path(__file__).resolve().with_name("language.toml")
DEFAULT_PATHS = [
    *("src", "docs", "examples", "benchmarks", "tests", "tools", ".github"),
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "CITATION.cff"),
    *("Makefile", "pyproject.toml"),
]
SUFFIXES = {".py", ".rst", ".md", ".toml", ".yml", ".yaml", ".cff"}
#: Generated folders, and the files that contain the terms themselves.
SKIPPED = {
    *("__pycache__", "_build", "auto_examples", "generated"),
    *("language.toml", "test_check_language.py"),
}

MARKER = re.compile(r"(?:#|\.\.|<!--)\s*language:\s*(ok|off|on)\b")
OPENING = re.compile(r"^[A-Za-z]*(\"\"\"|'''|\"|')")
IDENTIFIER = re.compile(r"\b[A-Za-z]*_\w+|\b[a-z]+[A-Z]\w*|\b(?:[A-Z][a-z0-9]+){2,}\b")
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# Since Python 3.12 the literal parts of an f-string are tokens of their own.
FSTRING_START = getattr(token, "FSTRING_START", -1)
FSTRING_MIDDLE = getattr(token, "FSTRING_MIDDLE", -1)
FSTRING_END = getattr(token, "FSTRING_END", -1)


class Rules(NamedTuple):
    """Patterns and parts of identifiers, each with the standard term."""

    patterns: list[tuple[re.Pattern[str], str]]
    names: dict[str, str]


class Allowed(NamedTuple):
    """Text that stays as it is in the files that match a glob."""

    path: str
    pattern: re.Pattern[str]


class Block(NamedTuple):
    """A text, its lines in the file by offset, and whether it is an identifier."""

    text: str
    starts: list[tuple[int, int]]
    is_name: bool = False

    def line(self, offset: int) -> int:
        """Return the line of the file that an offset of the text lies on."""
        start, first = max(pair for pair in self.starts if pair[0] <= offset)
        return first + self.text.count("\n", start, offset)


class Finding(NamedTuple):
    """One place to correct."""

    path: Path
    line: int
    found: str
    write: str

    def __str__(self) -> str:
        return f'{self.path}:{self.line}: "{self.found}": write "{self.write}"'


def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern; a space in it also matches the end of a line."""
    return re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE)


def read_rules(path: Path = RULES) -> tuple[Rules, list[Allowed]]:
    """Read the rules and the exceptions of single files."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    patterns = [(compiled(row["pattern"]), row["write"]) for row in data["rule"]]
    names = {
        name: row["write"] for row in data["rule"] for name in row.get("names", ())
    }
    allowed = [
        Allowed(row["path"], compiled(row["pattern"])) for row in data.get("allow", ())
    ]
    return Rules(patterns, names), allowed


def literal(source: str) -> str:
    """Return the text between the quotes; escaped line ends become spaces."""
    opened = OPENING.match(source)
    if opened is not None:
        source = source[opened.end() : -len(opened[1])]
    return re.sub(r"\\[nrt]", "  ", source)


def python_blocks(source: str) -> Iterator[Block]:
    """Yield the comments, strings and identifiers of a Python file.

    Comments on successive lines are one block, and so are strings that Python joins.
    """
    parts: list[tuple[int, str]] = []
    kind = last_line = 0
    depth_of_fstring = 0

    def joined() -> Iterator[Block]:
        if parts:
            between = "\n" if kind == tokenize.COMMENT else ""
            starts, offset = [], 0
            for line, text in parts:
                starts.append((offset, line))
                offset += len(text) + len(between)
            yield Block(between.join(text for _, text in parts), starts)
            parts.clear()

    for item in tokenize.generate_tokens(io.StringIO(source).readline):
        line = item.start[0]
        if item.type == tokenize.COMMENT:
            alone = not item.line[: item.start[1]].strip()
            if kind != tokenize.COMMENT or not alone or line != last_line + 1:
                yield from joined()
            kind, last_line = tokenize.COMMENT, line if alone else -1
            parts.append((line, item.string.lstrip("#: ")))
        elif item.type in (tokenize.STRING, FSTRING_MIDDLE):
            if kind != tokenize.STRING:
                yield from joined()
            kind = tokenize.STRING
            inner = item.type == tokenize.STRING and not depth_of_fstring
            parts.append((line, literal(item.string) if inner else item.string))
        elif item.type == FSTRING_START:
            depth_of_fstring += 1
        elif item.type == FSTRING_END:
            depth_of_fstring -= 1
        elif item.type == tokenize.NAME:
            if not depth_of_fstring:
                yield from joined()
            yield Block(item.string, [(0, line)], is_name=True)
        elif item.type != tokenize.NL and not depth_of_fstring:
            yield from joined()
    yield from joined()


def blocks_of(path: Path, source: str) -> Iterator[Block]:
    """Yield the texts of a file: its own name first."""
    yield Block(path.stem, [(0, 1)], is_name=True)
    if path.suffix == ".py":
        yield from python_blocks(source)
    else:
        yield Block(source, [(0, 1)])


def exempted_lines(source: str) -> set[int]:
    """Return the lines (from 1) that a comment exempts."""
    lines, off = set(), False
    for number, line in enumerate(source.splitlines(), start=1):
        marker = MARKER.search(line)
        if marker is not None and marker[1] != "ok":
            off = marker[1] == "off"
        if off or marker is not None:
            lines.add(number)
    return lines


@functools.cache
def words_of(name: str) -> frozenset[str]:
    """Split an identifier at underscores and capitals."""
    return frozenset(word.lower() for word in WORD.findall(name))


def findings_in(block: Block, rules: Rules) -> Iterator[tuple[int, str, str]]:
    """Yield offset, text and standard term of everything that is found in a block."""
    identifiers = [(0, block.text)]
    if not block.is_name:
        identifiers = [(m.start(), m[0]) for m in IDENTIFIER.finditer(block.text)]
        for pattern, write in rules.patterns:
            for match in pattern.finditer(block.text):
                yield match.start(), match[0], write
    for offset, identifier in identifiers:
        for word in words_of(identifier) & rules.names.keys():
            yield offset, identifier, rules.names[word]


def check_text(
    path: Path, source: str, rules: Rules, allowed: list[Allowed]
) -> list[Finding]:
    """Return the findings of one file in the order of its lines."""
    exempted = exempted_lines(source)
    resolved = path.resolve()
    permitted = [row.pattern for row in allowed if resolved.match(row.path)]
    found = set()
    for block in blocks_of(path, source):
        spans = [m.span() for p in permitted for m in p.finditer(block.text)]
        for offset, text, write in findings_in(block, rules):
            line = block.line(offset)
            covered = any(a <= offset and offset + len(text) <= b for a, b in spans)
            if line not in exempted and not covered:
                found.add(Finding(path, line, " ".join(text.split()), write))
    return sorted(found)


def files_under(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files to check, without those that are generated."""
    for path in paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in inside:
            wanted = file.suffix in SUFFIXES or file.name == "Makefile"
            if wanted and file.is_file() and SKIPPED.isdisjoint(file.parts):
                yield file


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("paths", nargs="*", type=Path, help="files and folders")
    paths = parser.parse_args().paths
    if not paths:
        paths = [p for p in map(ROOT.joinpath, DEFAULT_PATHS) if p.exists()]
    rules, allowed = read_rules()
    n_files = n_found = 0
    for file in files_under(paths):
        n_files += 1
        source = file.read_text(encoding="utf-8")
        for finding in check_text(file, source, rules, allowed):
            n_found += 1
            print(finding)
    print(f"{n_files} files, {n_found} findings", file=sys.stderr)
    return 1 if n_found or not n_files else 0


if __name__ == "__main__":
    sys.exit(main())
