"""Read and clean each span of a raw file into a part, to resume interrupted work.

A part is a Parquet file of cleaned rows. A JSON note, written after it, records what
the part was made from and its digest. A part without a note that matches is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amzest.datasets._amazon_metadata._file_spans import FileSpan
from amzest.datasets._amazon_metadata._span_chunks import (
    N_REASONS,
    describe_line,
    raise_broken_line,
    read_span,
)
from amzest.datasets._cleaning._clean_rows import clean_rows
from amzest.datasets._cleaning._cleaning_report import CleaningReport
from amzest.datasets._shared._schema import SCHEMA
from amzest.datasets._shared._text_keys import hash_texts
from amzest.datasets._shared._title_key import normalise_titles

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow

#: Increased when parts of an earlier version cannot be used any more.
_FORMAT = 3
_CHUNK_SIZE = 10_000
#: Hashes of the asin and of the words of the title, to find repeated products.
KEYS = ("asin_key", "title_key")


@dataclass
class PartSummary:
    """Counts of products and broken lines, and the report of cleaning."""

    n_products: int = 0
    n_skipped: int = 0
    skipped: list[str] = field(default_factory=list)
    unreadable: dict[str, int] = field(default_factory=dict)
    cleaning: CleaningReport = field(default_factory=CleaningReport)

    def __add__(self, other: PartSummary) -> PartSummary:
        return PartSummary(
            self.n_products + other.n_products,
            self.n_skipped + other.n_skipped,
            [*self.skipped, *other.skipped][:N_REASONS],
            dict(Counter(self.unreadable) + Counter(other.unreadable)),
            self.cleaning + other.cleaning,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        values = {name: vars(self)[name] for name in vars(self) if name != "cleaning"}
        return {**values, "cleaning": self.cleaning.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> PartSummary:
        """Return the summary that `to_dict` wrote."""
        cleaning = CleaningReport.from_dict(values["cleaning"])
        return cls(**{**values, "cleaning": cleaning})


@dataclass(frozen=True)
class PartOptions:
    """How raw files are read and cleaned; the same for all parts of a table."""

    categories: Mapping[str, str] | str | None
    several_categories: str
    required: tuple[str, ...]
    on_error: Any


@dataclass
class Part:
    """What a part was made from. Lines have their numbers in the span, with a reason.

    A part whose span has a line that raises is not written: it has a `failure`.
    """

    n_lines: int
    reasons: list[tuple[int, str]]
    summary: PartSummary
    failure: tuple[int, str] | None = None

    def summary_after(self, n_before: int, path: Path) -> PartSummary:
        """Return the summary of a span that `n_before` lines of a file precede."""
        if self.failure is not None:
            number, reason = self.failure
            raise_broken_line(path, n_before + number, reason)
        skipped = [
            describe_line(path, n_before + number, reason)
            for number, reason in self.reasons
        ]
        return replace(self.summary, skipped=skipped)


def make_part(
    span: FileSpan,
    text: Iterable[bytes],
    part: Path,
    options: PartOptions,
    *,
    on_progress: Callable[[int], object] | None = None,
    parent: int | None = None,
) -> Part:
    """Read and clean the text of a span into a part, unless the part is up to date.

    `on_progress` is called with the number of products after each chunk. The process
    exits when its `parent` has ended, as the next call would do the same work; a thread
    is in the process of the caller.
    """
    found = find_part(span, part, options)
    if found is not None:
        if on_progress is not None:
            on_progress(found.summary.n_products)
        return found
    note = part.with_suffix(".json")
    note.unlink(missing_ok=True)
    made = _write_part(text, part, options, on_progress, parent)
    if made.failure is None:
        values = {
            "source": _fingerprint(span, options),
            "part": _digest(part),
            "n_lines": made.n_lines,
            "reasons": made.reasons,
            "summary": made.summary.to_dict(),
        }
        _write_note(note, values)
    return made


def find_part(span: FileSpan, part: Path, options: PartOptions) -> Part | None:
    """Return what a part was made from; None if it is not up to date."""
    done = _read_note(part.with_suffix(".json"))
    if (
        done is None
        or done["source"] != _fingerprint(span, options)
        or done["part"] != _digest(part)
    ):
        return None
    reasons = [(number, reason) for number, reason in done["reasons"]]
    return Part(done["n_lines"], reasons, PartSummary.from_dict(done["summary"]))


def _write_part(
    text: Iterable[bytes],
    part: Path,
    options: PartOptions,
    on_progress: Callable[[int], object] | None,
    parent: int | None,
) -> Part:
    import pyarrow
    import pyarrow.parquet

    schema = table_schema(KEYS)
    made = Part(0, [], PartSummary())
    summary, unreadable = made.summary, Counter[str]()
    unfinished = unfinished_name(part)
    with pyarrow.parquet.ParquetWriter(unfinished, schema, compression="zstd") as file:
        for chunk in read_span(text, list(SCHEMA), _CHUNK_SIZE, options.on_error):
            if parent not in (None, os.getppid(), os.getpid()):
                sys.exit()
            made.reasons += chunk.reasons[: N_REASONS - len(made.reasons)]
            made.n_lines, made.failure = chunk.n_lines, chunk.failure
            summary.n_skipped += chunk.n_skipped
            unreadable += chunk.unreadable
            if not chunk.n_rows or chunk.failure is not None:
                continue
            summary.n_products += chunk.n_rows
            frame, report = clean_rows(
                chunk.table.to_pandas(),
                categories=options.categories,
                several_categories=options.several_categories,
                required=options.required,
            )
            summary.cleaning += report
            file.write_table(_with_keys(frame))
            if on_progress is not None:
                on_progress(chunk.n_rows)
    if made.failure is not None:
        unfinished.unlink()
        return made
    os.replace(unfinished, part)
    summary.unreadable = dict(unreadable)
    return made


def _with_keys(frame: pd.DataFrame) -> pyarrow.Table:
    """Return a table with the keys by which repeated products are found."""
    import pyarrow

    table = pyarrow.Table.from_pandas(
        frame, schema=table_schema(), preserve_index=False
    )
    titles = table["title"].to_pylist()
    keys = (table["asin"].to_pylist(), normalise_titles(titles))
    for name, texts in zip(KEYS, keys, strict=True):
        table = table.append_column(name, pyarrow.array(hash_texts(texts)))
    return table.replace_schema_metadata(None)


def table_schema(keys: tuple[str, ...] = ()) -> Any:
    """Return the Arrow schema of a table of products, followed by `keys`."""
    import pyarrow

    types = {"str": pyarrow.string(), "float64": pyarrow.float64()}
    fields = [(name, types[kind]) for name, kind in SCHEMA.items()]
    return pyarrow.schema([*fields, *((key, pyarrow.uint64()) for key in keys)])


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that appears when it is complete."""
    unfinished = unfinished_name(path)
    unfinished.write_bytes(content)
    os.replace(unfinished, path)


def unfinished_name(path: Path) -> Path:
    """Return the name of a file until it is complete, unique to this process."""
    return path.with_name(f"{path.name}.{os.getpid()}.unfinished")


def _fingerprint(span: FileSpan, options: PartOptions) -> str:
    """Return a digest of everything that a part depends on."""
    state = span.path.stat()
    inputs = {
        "format": _FORMAT,
        "version": version("amzest"),
        "path": str(span.path.resolve()),
        "span": [span.number, span.start, span.stop],
        "size": state.st_size,
        "modified": state.st_mtime_ns,
        "options": asdict(options),
    }
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def _digest(part: Path) -> str | None:
    """Return the digest of a part on the disk; None if it does not exist."""
    try:
        with open(part, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _write_note(note: Path, values: Mapping[str, Any]) -> None:
    """Write what a part was made from, after a digest of the note itself."""
    content = json.dumps(values).encode()
    digest = hashlib.sha256(content).hexdigest().encode()
    write_whole(note, digest + b"\n" + content)


def _read_note(note: Path) -> dict[str, Any] | None:
    """Read a note; None if it does not exist or is damaged."""
    try:
        digest, _, content = note.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    if hashlib.sha256(content).hexdigest().encode() != digest:
        return None
    done: dict[str, Any] = json.loads(content)
    return done
