"""Tables that are written in pieces; a file appears when it is complete."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from amzest.distributed._argument_names import OPTIONS, ArgumentNames
from amzest.utils import require, shown

if TYPE_CHECKING:
    import pandas as pd

Write = Callable[["pd.DataFrame"], None]

_SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".jsonl", ".jsonl.gz", ".parquet")


def check_target(
    out: str | None,
    *,
    overwrite: bool,
    not_this: Path | None,
    names: ArgumentNames = OPTIONS,
) -> None:
    """Raise if a file must not be written."""
    if out is None:
        return
    path, what = Path(out), f"{names.name('out')} {out!r}"
    if path.is_dir():
        raise IsADirectoryError(f"{what} is a folder. Pass the path of a file.")
    check_parent(path, what)
    if path.exists():
        if not_this is not None and os.path.samefile(path, not_this):
            raise ValueError(f"{what} is the table that is read. Pass another file.")
        if not overwrite:
            raise FileExistsError(
                f"{what} exists. Pass another file, or "
                f"{names.switched_on('overwrite')} to replace it."
            )


def check_parent(path: Path, what: str) -> None:
    """Raise FileNotFoundError if the folder of a file does not exist."""
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(
            f"{what}: there is no folder {str(path.parent)!r}. Create it first."
        )


def unfinished_path(path: Path) -> Path:
    """Return the name of a file before it is complete, of this call only."""
    return path.with_name(f".{path.name}.{uuid4().hex[:12]}.unfinished")


@contextlib.contextmanager
def replaced(
    path: str | os.PathLike[str], unfinished: Path | None = None
) -> Iterator[Path]:
    """Yield the name of an unfinished file, which becomes `path` after the block.

    If the block raises, the unfinished file is deleted and `path` stays as it was.
    """
    target = Path(os.path.realpath(path))
    if unfinished is None:
        unfinished = target.with_name(f"{target.name}.{os.getpid()}.unfinished")
    try:
        yield unfinished
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)


@contextlib.contextmanager
def open_output(out: str | None, schema: Any) -> Iterator[Write]:
    """Yield a function that writes a piece of a table to a file or standard output.

    `schema` of pyarrow has the known types of columns of a Parquet file, or is None.
    """
    if out is None:
        yield _TextWriter(getattr(sys.stdout, "buffer", None), ".csv").write
        return
    check_format(out)
    suffix = table_suffix(out) or ""
    with replaced(out) as path, contextlib.ExitStack() as stack:
        if suffix == ".parquet":
            yield stack.enter_context(parquet_writer(path, known=schema))
            return
        file: Any = stack.enter_context(open(path, "wb"))
        if suffix.endswith(".gz"):
            # Without name and time, so that equal tables are equal files.
            file = stack.enter_context(
                gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0)
            )
        yield _TextWriter(file, suffix.removesuffix(".gz")).write


def check_format(out: str | None, names: ArgumentNames = OPTIONS) -> None:
    """Raise ValueError if the suffix of a file is not supported."""
    if out is not None and table_suffix(out) is None:
        msg = (
            f"{names.name('out')} {out!r}: expected one of the suffixes "
            f"{', '.join(_SUFFIXES)}."
        )
        raise ValueError(msg)


def table_suffix(out: str | os.PathLike[str]) -> str | None:
    """Return the suffix of a table that can be written; None if it has no such one."""
    name = Path(out).name.lower()
    return next((s for s in _SUFFIXES if name.endswith(s)), None)


class _TextWriter:
    """Write CSV, tab-separated values or JSON lines."""

    def __init__(self, file: Any, suffix: str) -> None:
        self._file = file
        self._suffix = suffix
        self._is_first = True

    def write(self, frame: pd.DataFrame) -> None:
        if self._is_first:
            _check_plain(frame)
        if self._suffix == ".jsonl":
            text = frame.to_json(orient="records", lines=True, force_ascii=False)
        else:
            buffer = io.StringIO()
            frame.to_csv(
                buffer,
                sep="\t" if self._suffix == ".tsv" else ",",
                header=self._is_first,
                index=False,
                lineterminator="\n",
            )
            text = buffer.getvalue()
        if self._file is None:  # a notebook replaces the standard output
            sys.stdout.write(text)
        else:
            self._file.write(text.encode("utf-8"))
        self._is_first = False


def _check_plain(frame: pd.DataFrame) -> None:
    """Raise ValueError for columns of bytes, lists or dicts, which have no text."""
    for name in frame.columns:
        if frame[name].dtype == object:
            kinds = (bytes, bytearray, list, dict)
            wrong = next((c for c in frame[name] if isinstance(c, kinds)), None)
            if wrong is not None:
                msg = (
                    f"The column {shown(name)} contains {type(wrong).__name__}, which "
                    "a text file cannot have. Write a .parquet file, or do not keep "
                    "the column."
                )
                raise ValueError(msg)


@contextlib.contextmanager
def parquet_writer(
    path: Path, *, known: Any = None, schema: Any = None
) -> Iterator[Write]:
    """Yield a function that writes a piece of a table to a Parquet file.

    Without `schema`, the types of the first piece are those of all, see
    `parquet_schema`.
    """
    require("pyarrow", extra="data", purpose="A Parquet file")
    writer = _ParquetWriter(path, known, schema)
    try:
        yield writer.write
    finally:
        writer.close()


def parquet_schema(frame: pd.DataFrame, known: Any) -> Any:
    """Return the types of the columns: those in the schema `known`, or of the cells."""
    import pyarrow

    found = pyarrow.Schema.from_pandas(frame, preserve_index=False)
    fields = []
    for field in found:
        if known is not None and field.name in known.names:
            field = known.field(field.name)
        elif pyarrow.types.is_null(field.type):
            field = field.with_type(pyarrow.string())
        fields.append(field.with_nullable(True))
    return pyarrow.schema(fields)


class _ParquetWriter:
    """Write Parquet; the types of the first piece are those of all."""

    def __init__(self, path: Path, known: Any, schema: Any) -> None:
        self._path = path
        self._known = known
        self._schema = schema
        self._file: Any = None

    def write(self, frame: pd.DataFrame) -> None:
        import pyarrow
        from pyarrow import parquet

        if self._schema is None:
            self._schema = parquet_schema(frame, self._known)
        if self._file is None:
            self._file = parquet.ParquetWriter(
                self._path, self._schema, compression="zstd"
            )
        try:
            table = pyarrow.Table.from_pandas(
                frame, schema=self._schema, preserve_index=False
            )
        except (pyarrow.ArrowException, TypeError, ValueError) as error:
            msg = (
                f"A column has other types of cells than in the first rows ({error}). "
                "Do not keep it, or write a .jsonl file."
            )
            raise ValueError(msg) from error
        self._file.write_table(table)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
