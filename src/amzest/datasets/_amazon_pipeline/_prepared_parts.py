"""Read and clean each raw file into a part, so that interrupted work can be resumed.

A part is a Parquet file of cleaned rows. A JSON note, written after it, records what
the part was made from and its digest. A part without a note that matches is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from amzest.datasets._amazon_metadata._read_amazon_metadata import (
    N_REASONS,
    read_amazon_metadata,
)
from amzest.datasets._cleaning._clean_rows import clean_rows
from amzest.datasets._cleaning._cleaning_report import CleaningReport
from amzest.datasets._cleaning._repeated_rows import hash_texts
from amzest.datasets._shared._schema import SCHEMA
from amzest.datasets._shared._title_key import normalise_titles

#: Increased when parts of an earlier version cannot be used any more.
_FORMAT = 2
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


def make_part(
    path: Path,
    part: Path,
    options: PartOptions,
    *,
    on_progress: Callable[[int], object] | None = None,
    parent: int | None = None,
) -> PartSummary:
    """Read and clean a raw file into a part, unless the part is up to date.

    `on_progress` is called with the number of products after each chunk. The process
    exits when its `parent` has ended, as the next call would do the same work.
    """
    note = part.with_suffix(".json")
    source = _fingerprint(path, options)
    done = _read_note(note)
    if done is not None and done["source"] == source and done["part"] == _digest(part):
        summary = PartSummary.from_dict(done["summary"])
        if on_progress is not None:
            on_progress(summary.n_products)
        return summary
    note.unlink(missing_ok=True)
    summary = _write_part(path, part, options, on_progress, parent)
    _write_note(
        note,
        {"source": source, "part": _digest(part), "summary": summary.to_dict()},
    )
    return summary


def _write_part(
    path: Path,
    part: Path,
    options: PartOptions,
    on_progress: Callable[[int], object] | None,
    parent: int | None,
) -> PartSummary:
    import pyarrow
    import pyarrow.parquet

    schema = table_schema(KEYS)
    reader = read_amazon_metadata(
        path, chunk_size=_CHUNK_SIZE, on_error=options.on_error
    )
    cleaning = CleaningReport()
    unfinished = unfinished_name(part)
    with pyarrow.parquet.ParquetWriter(unfinished, schema, compression="zstd") as file:
        for raw in reader:
            if parent not in (None, os.getppid()):
                sys.exit()
            frame, report = clean_rows(
                raw,
                categories=options.categories,
                several_categories=options.several_categories,
                required=options.required,
            )
            cleaning += report
            table = pyarrow.Table.from_pandas(
                frame, schema=table_schema(), preserve_index=False
            )
            titles = table["title"].to_pylist()
            keys = (table["asin"].to_pylist(), normalise_titles(titles))
            for name, texts in zip(KEYS, keys, strict=True):
                table = table.append_column(name, pyarrow.array(hash_texts(texts)))
            file.write_table(table.replace_schema_metadata(None))
            if on_progress is not None:
                on_progress(len(raw))
    os.replace(unfinished, part)
    return PartSummary(
        reader.n_products_,
        reader.n_skipped_,
        reader.skipped_,
        dict(reader.unreadable_),
        cleaning,
    )


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


def _fingerprint(path: Path, options: PartOptions) -> str:
    """Return a digest of everything that a part depends on."""
    state = path.stat()
    inputs = {
        "format": _FORMAT,
        "version": version("amzest"),
        "path": str(path.resolve()),
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
