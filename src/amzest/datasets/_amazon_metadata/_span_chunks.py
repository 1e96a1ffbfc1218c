"""Parse the lines of a span to tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from amzest.datasets._amazon_metadata._amazon_products import BrokenLine, LineParser
from amzest.datasets._amazon_metadata._line_files import LineTooLong, split_lines
from amzest.datasets._shared._schema import SCHEMA
from amzest.utils import require

#: Largest size of the lines of a table, in bytes, however few they are: one line can be
#: as long as thousands of others.
_CHUNK_BYTES = 32 * 2**20
#: Number of skipped lines that are kept with their errors.
N_REASONS = 10


class SpanChunk(NamedTuple):
    """Rows as an Arrow table, and the lines and values that could not be parsed.

    Lines have their numbers in the span, with a reason. `n_lines` is the number of
    lines of the span, in its last chunk, and 0 in others.
    """

    table: Any
    n_rows: int
    n_skipped: int
    reasons: list[tuple[int, str]]
    unreadable: Counter[str]
    n_lines: int = 0
    failure: tuple[int, str] | None = None


def read_span(
    text: Iterable[bytes], columns: Sequence[str], chunk_size: int, on_error: str
) -> Iterator[SpanChunk]:
    """Yield the rows of a span in chunks; the last one has the `failure`, if any."""
    pyarrow = require("pyarrow", extra="data", purpose="read_amazon_metadata")
    schema = pyarrow.schema(
        [(name, "string" if SCHEMA[name] == "str" else "float64") for name in columns]
    )
    parser = LineParser(columns)
    counted = _LineCounter(text)
    n_rows = n_bytes = n_skipped = 0
    reasons: list[tuple[int, str]] = []
    failure = None

    def finish() -> SpanChunk:
        table = pyarrow.table(parser.values, schema=schema)
        chunk = SpanChunk(table, n_rows, n_skipped, reasons, parser.unreadable)
        parser.start(columns)
        return chunk

    for number, line in split_lines(counted):
        try:
            if isinstance(line, LineTooLong):
                raise line
            parser.read(line)
            n_rows += 1
            n_bytes += len(line)
        except (BrokenLine, LineTooLong) as error:
            if on_error == "raise":
                failure = number, str(error)
                break
            n_skipped += 1
            if len(reasons) < N_REASONS:
                reasons.append((number, str(error)))
        if n_rows == chunk_size or n_bytes >= _CHUNK_BYTES:
            yield finish()
            n_rows, n_bytes, n_skipped, reasons = 0, 0, 0, []
    yield finish()._replace(n_lines=counted.n_lines, failure=failure)


def describe_line(path: Path, number: int, reason: str) -> str:
    """Return which line is broken, and why."""
    return f"{path}: line {number} does not contain a product: {reason}."


def raise_broken_line(path: Path, number: int, reason: str) -> NoReturn:
    """Raise the error about a broken line."""
    where = describe_line(path, number, reason)
    raise ValueError(f'{where} Pass on_error="skip" to skip such lines.')


class _LineCounter:
    """Chunks of text, whose ends of lines are counted."""

    def __init__(self, text: Iterable[bytes]) -> None:
        self._text = text
        self.n_lines = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._text:
            self.n_lines += chunk.count(b"\n")
            yield chunk
