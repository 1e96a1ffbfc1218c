"""The part of preparing that looks at one file at a time, and survives a kill.

Each raw file becomes a Parquet file of cleaned rows and, after it, a small JSON file
that says what came of it and from what. The second one makes the first one count: a
part is made again if its note is missing, speaks of other input or of another content
of the part, or is damaged.
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

#: Raised when parts of an earlier version could not be gone on from.
_FORMAT = 2
_CHUNK_SIZE = 10_000
#: Hashes of the asin and of the words of the title, for finding repetitions.
KEYS = ("asin_key", "title_key")


@dataclass
class PartSummary:
    """What came of raw files.

    Attributes
    ----------
    n_products : int
        Products that were read.

    n_skipped : int
        Broken lines that were passed over.

    skipped : list of str
        The first 10 of them.

    unreadable : dict of str to int
        For each column the number of values that could not be read.

    cleaning : CleaningReport
        What cleaning did to single rows.
    """

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
        """Return plain values, ready for JSON."""
        values = {name: vars(self)[name] for name in vars(self) if name != "cleaning"}
        return {**values, "cleaning": self.cleaning.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> PartSummary:
        """Make a summary of what :meth:`to_dict` returned."""
        cleaning = CleaningReport.from_dict(values["cleaning"])
        return cls(**{**values, "cleaning": cleaning})


@dataclass(frozen=True)
class PartOptions:
    """What rows are read and cleaned with; the same for all parts of a table."""

    categories: Mapping[str, str] | str | None
    several_categories: str
    required: tuple[str, ...]
    on_error: Any


def make_part(
    path: Path,
    part: Path,
    options: PartOptions,
    *,
    told: Callable[[int], object] | None = None,
    parent: int | None = None,
) -> PartSummary:
    """Read and clean a raw file into a part, unless that was done before.

    Parameters
    ----------
    path : Path
        The raw file.

    part : Path
        The Parquet file to write.

    options : PartOptions
        How.

    told : callable, default=None
        Called with the number of products after each chunk.

    parent : int, default=None
        Process that this one works for. When that is gone, the work is given up: the
        next call would do it at the same time.

    Returns
    -------
    PartSummary
        What came of it.
    """
    note = part.with_suffix(".json")
    source = _fingerprint(path, options)
    done = _read_note(note)
    if done is not None and done["source"] == source and done["part"] == _digest(part):
        summary = PartSummary.from_dict(done["summary"])
        if told is not None:
            told(summary.n_products)
        return summary
    note.unlink(missing_ok=True)
    summary = _write_part(path, part, options, told, parent)
    _write_note(
        note,
        {"source": source, "part": _digest(part), "summary": summary.to_dict()},
    )
    return summary


def _write_part(
    path: Path,
    part: Path,
    options: PartOptions,
    told: Callable[[int], object] | None,
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
            if told is not None:
                told(len(raw))
    os.replace(unfinished, part)
    return PartSummary(
        reader.n_products_,
        reader.n_skipped_,
        reader.skipped_,
        dict(reader.unreadable_),
        cleaning,
    )


def table_schema(keys: tuple[str, ...] = ()) -> Any:
    """Give the Arrow schema of a table of products, with keys if wanted."""
    import pyarrow

    types = {"str": pyarrow.string(), "float64": pyarrow.float64()}
    fields = [(name, types[kind]) for name, kind in SCHEMA.items()]
    return pyarrow.schema([*fields, *((key, pyarrow.uint64()) for key in keys)])


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all."""
    unfinished = unfinished_name(path)
    unfinished.write_bytes(content)
    os.replace(unfinished, path)


def unfinished_name(path: Path) -> Path:
    """Give the name that a file has until it is whole, for this process alone."""
    return path.with_name(f"{path.name}.{os.getpid()}.unfinished")


def _fingerprint(path: Path, options: PartOptions) -> str:
    """Digest what a part depends on."""
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
    """Digest a part as it is on the disk; None where there is none."""
    try:
        with open(part, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _write_note(note: Path, values: Mapping[str, Any]) -> None:
    """Write what a part was made of, with a digest of the note itself before it."""
    content = json.dumps(values).encode()
    digest = hashlib.sha256(content).hexdigest().encode()
    write_whole(note, digest + b"\n" + content)


def _read_note(note: Path) -> dict[str, Any] | None:
    """Read a note; None where there is none, or a damaged one."""
    try:
        digest, _, content = note.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    if hashlib.sha256(content).hexdigest().encode() != digest:
        return None
    done: dict[str, Any] = json.loads(content)
    return done
