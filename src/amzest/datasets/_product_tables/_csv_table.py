"""Read CSV files: the separator is detected, all cells are strings."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from amzest.datasets._product_tables._text_lines import open_lines
from amzest.utils import ForkSafeLock, count, shown

if TYPE_CHECKING:
    import pandas as pd

#: Separators that are detected, and their names in messages.
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
#: Number of rows below the first line that must agree on the separator.
N_SNIFFED = 100
_MAX_LINES = 10 * N_SNIFFED
#: First line that spreadsheet programs read and write: "sep=;".
_STATED = re.compile(r'"?sep=(?P<separator>[^"\r\n]+)"?[\r\n]*', re.IGNORECASE)
#: Characters that can replace a separator of several characters, which Python's reader
#: does not support: separators of ASCII, and a private use area of Unicode.
_PLACEHOLDERS = ("\x1f", "\x1e", "\x1d", "\x1c", *map(chr, range(0xE000, 0xE100)))
#: Held while rows are read: the limit of Python's reader is global.
_LIMIT_LOCK = ForkSafeLock()


def check_separator(separator: str | None) -> None:
    """Raise ValueError if a separator is empty or contains quotes or line breaks."""
    if separator is not None and (not separator or set(separator) & set('"\r\n')):
        msg = (
            f"`separator` is {shown(separator)}; expected one or more characters, "
            "without quotes and line breaks. Pass None to detect it."
        )
        raise ValueError(msg)


def read_csv(path: Path, encoding: str, separator: str | None) -> pd.DataFrame:
    """Read a table of strings; empty cells are missing. None detects the separator."""
    (frame,) = read_csv_pieces(path, encoding, separator, None)
    return frame


def read_csv_pieces(
    path: Path, encoding: str, separator: str | None, n_rows: int | None
) -> Iterator[pd.DataFrame]:
    """Yield a table of strings in pieces; with None, the whole table in one."""
    rows = _read_rows(path, encoding, separator)
    header = next(_limitless(rows, 1), None)
    if header is None:
        msg = f"{path}: is empty. Expected a line of column names, and rows."
        raise ValueError(msg)
    header = [name.strip().removeprefix("\ufeff") for name in header]
    # DataFrame.to_csv writes its index like this. As a feature it would leak the
    # category, as rows are often sorted by category.
    first = 1 if header[0] == "" and len(header) > 1 else 0
    unnamed = [i for i, name in enumerate(header[first:], start=1) if not name]
    if unnamed:
        msg = f"{path}: column {unnamed[0]} has no name. Name it in the first line."
        raise ValueError(msg)
    n_pieces = 0
    while piece := list(_limitless(rows, n_rows)):
        n_pieces += 1
        yield _as_frame(path, header, piece, first)
        if n_rows is None:
            return
    if n_pieces == 0:
        yield _as_frame(path, header, [], first)


def _as_frame(
    path: Path, header: list[str], rows: list[list[str]], first: int
) -> pd.DataFrame:
    """Return rows as a table, without the columns before the `first`."""
    import pandas as pd

    columns = list(zip(*rows, strict=True))[first:] or [()] * (len(header) - first)
    cells = [[cell or None for cell in column] for column in columns]
    try:
        frame = pd.DataFrame(dict(enumerate(cells)), dtype="str")
    except UnicodeEncodeError as error:
        msg = (
            f"{path}: contains half a character (a lone surrogate: {error}), which is "
            "not valid text. Pass the encoding of the file as encoding=."
        )
        raise ValueError(msg) from error
    frame.columns = pd.Index(header[first:], dtype="str")
    return frame


def _limitless(rows: Iterator[list[str]], n_rows: int | None) -> Iterator[list[str]]:
    """Return the next rows, with cells of any length."""
    # The limit is global, so it is restored whenever rows have been read.
    with _LIMIT_LOCK, _any_length():
        return iter(list(islice(rows, n_rows)))


def _read_rows(path: Path, encoding: str, separator: str | None) -> Iterator[list[str]]:
    """Yield all rows of a file, the first one with the column names."""
    with open_lines(path, encoding) as file:
        start, first = 0, file.readline()
        if stated := _STATED.fullmatch(first):
            if separator not in (None, stated["separator"]):
                msg = (
                    f"{path}: the first line states the separator "
                    f"{shown(stated['separator'])}, but `separator` is "
                    f"{shown(separator)}. Pass separator=None or correct that line."
                )
                raise ValueError(msg)
            separator = stated["separator"]
            start, first = 1, file.readline()
        if "\0" in first:
            msg = (
                f"{path}: the first line contains NUL characters, so it is not "
                f'{encoding} text. Try encoding="utf-16-le".'
            )
            raise ValueError(msg)
        if separator is None:
            sample = [first, *islice(file, _MAX_LINES)]
            separator = _sniff(path, sample)
            file.seek(0)
            for _ in range(start + 1):
                first = file.readline()
        yield from _rows(path, chain([first], file), separator, start)


@contextmanager
def _any_length() -> Iterator[None]:
    """Allow cells of any length. The caller holds the lock."""
    limit = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _rows(
    path: Path, lines: Iterator[str], separator: str, n_before: int
) -> Iterator[list[str]]:
    """Split lines into rows, each with as many cells as the first one."""
    mark = separator
    if len(separator) > 1:
        # csv.reader supports single characters only.
        lines = iter(kept := list(lines))
        mark = next(m for m in _PLACEHOLDERS if not any(m in line for line in kept))
        lines = (line.replace(separator, mark) for line in kept)
    reader = csv.reader(lines, delimiter=mark, strict=True)
    width, line = 0, n_before + 1
    try:
        for cells in reader:
            # Blank lines are skipped, but in a table of one column they are cells.
            if not cells or (len(cells) == 1 and width != 1 and not cells[0].strip()):
                line = n_before + reader.line_num + 1
                continue
            width = width or len(cells)
            if len(cells) != width:
                msg = (
                    f"{path}: line {line} has {count(len(cells), 'cell')}, but the "
                    f"first line names {count(width, 'column')} (separator "
                    f"{shown(separator)}): {shown(cells)}. A text that contains the "
                    "separator, a quote or a line break must be in double quotes."
                )
                raise ValueError(msg)
            if mark != separator:
                cells = [cell.replace(mark, separator) for cell in cells]
            yield cells
            line = n_before + reader.line_num + 1
    except csv.Error as error:
        msg = (
            f"{path}: line {line} cannot be read as CSV ({error}). A text that "
            f"contains the separator {shown(separator)}, a quote or a line break must "
            'be in double quotes, with quotes in it doubled: "5"" pipe".'
        )
        raise ValueError(msg) from error


def _sniff(path: Path, sample: list[str]) -> str:
    """Return the separator that splits the first lines into equally many cells."""
    widths = {mark: _widths(sample, mark) for mark in SEPARATORS}
    able = {mark: found[0] for mark, found in widths.items() if found and found[0] > 1}
    alike = {mark: n for mark, n in able.items() if set(widths[mark]) == {n}}
    if len(alike or able) == 1:
        # If rows differ, reading raises an error about the first one that does.
        return next(iter(alike or able))
    if not able:
        return ","  # one column
    listed = " or ".join(
        f"{shown(mark)} ({SEPARATORS[mark]}: {n} columns)"
        for mark, n in (alike or able).items()
    )
    msg = (
        f"{path}: the separator is ambiguous, it may be {listed}. Pass the right one "
        "as separator=."
    )
    raise ValueError(msg)


def _widths(sample: list[str], mark: str) -> list[int]:
    """Return the number of cells of the first rows, for one separator."""
    reader = csv.reader(iter(sample), delimiter=mark, strict=True)
    widths = []
    try:
        for cells in islice(reader, N_SNIFFED + 1):
            if cells and "".join(cells).strip():
                widths.append(len(cells))
    except csv.Error:
        # The sample of lines may end within a cell.
        if reader.line_num < _MAX_LINES or not widths:
            widths.append(0)
    return widths
