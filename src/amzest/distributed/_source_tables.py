"""The tables of a source, and their rows in numbered parts."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amzest.datasets._product_tables._read_table import (
    find_table,
    is_parquet,
    is_table_file,
    parquet_errors,
    parquet_frame,
)
from amzest.datasets._product_tables._table_pieces import TablePieces
from amzest.distributed._product_input import Piece
from amzest.utils import shown_list

if TYPE_CHECKING:
    import pandas as pd

Source = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


@dataclass(frozen=True)
class Part:
    """Consecutive rows of one table, which become one file.

    Rows of a text file are in `frame`, because a text file can only be read from its
    start, or in `rows_file`; those of a Parquet file are read by the worker that
    predicts them.
    """

    number: int
    path: Path
    start: int
    n_rows: int
    frame: pd.DataFrame | None = None
    rows_file: Path | None = None

    def with_rows_in(self, path: Path) -> Part:
        """Write the rows to a file, and return the part without them."""
        if self.frame is None:
            return self
        self.frame.to_pickle(path)
        return replace(self, frame=None, rows_file=path)

    def pieces(self, n_rows: int, columns: Sequence[str] | None) -> Iterator[Piece]:
        """Yield the rows of some columns, `n_rows` at a time."""
        start = self.start
        for frame in self._frames(n_rows, columns):
            rows = range(start, start + len(frame))
            yield Piece(frame.reset_index(drop=True), rows)
            start += len(frame)

    def _frames(
        self, n_rows: int, columns: Sequence[str] | None
    ) -> Iterator[pd.DataFrame]:
        if self.frame is None and self.rows_file is None:
            stop = self.start + self.n_rows
            yield from read_parquet_rows(self.path, self.start, stop, n_rows, columns)
            return
        import pandas as pd

        # Written by the process that sends the part.
        whole = pd.read_pickle(self.rows_file) if self.frame is None else self.frame
        for start in range(0, self.n_rows, n_rows):
            yield whole.iloc[start : start + n_rows]


class SourceTables:
    """The tables of a source, in order."""

    def __init__(
        self, source: Source, *, encoding: str = "utf-8", separator: str | None = None
    ) -> None:
        paths = find_tables(source)
        self._tables = [
            TablePieces(path, encoding=encoding, separator=separator)
            for path in paths
            if len(paths) == 1 or not _is_empty(path)
        ]
        if not self._tables:
            msg = f"{paths[0]} and the {len(paths) - 1} other files have no rows."
            raise ValueError(msg)

    @property
    def paths(self) -> list[Path]:
        """The files that have rows."""
        return [table.path for table in self._tables]

    @property
    def columns(self) -> list[str]:
        """The columns of the first table."""
        return self._tables[0].columns

    @property
    def schema(self) -> Any:
        """The types of the first table if it is a Parquet file, as of pyarrow."""
        return self._tables[0].schema

    @property
    def n_rows(self) -> int | None:
        """The number of rows, if it is known before they are read."""
        counts = [table.n_rows for table in self._tables]
        known = [n_rows for n_rows in counts if n_rows is not None]
        return sum(known) if len(known) == len(counts) else None

    def check_columns(self, names: Sequence[str], argument: str) -> None:
        """Raise ValueError if a table lacks a column; `argument` asked for it."""
        for table in self._tables:
            table.check_columns(names, argument)

    def first_rows(self, n_rows: int, columns: Sequence[str]) -> pd.DataFrame:
        """Return the first rows of the first table."""
        return next(self._tables[0].read(n_rows, columns))

    def pieces(
        self, n_rows: int, columns: Sequence[str] | None
    ) -> Iterator[tuple[Path, Piece]]:
        """Yield the rows of all tables, at most `n_rows` at a time."""
        for table in self._tables:
            start = 0
            for frame in table.read(n_rows, columns):
                rows = range(start, start + len(frame))
                yield table.path, Piece(frame.reset_index(drop=True), rows)
                start += len(frame)

    def parts(self, n_rows: int, columns: Sequence[str] | None) -> Iterator[Part]:
        """Yield parts of at most `n_rows` rows, each of one table."""
        number = 0
        for table in self._tables:
            for start, size, frame in _cut(table, n_rows, columns):
                yield Part(number, table.path, start, size, frame)
                number += 1


def _cut(
    table: TablePieces, n_rows: int, columns: Sequence[str] | None
) -> Iterator[tuple[int, int, pd.DataFrame | None]]:
    """Yield first row and number of rows of the parts of a table, of text with rows."""
    if is_parquet(table.path):
        total = table.n_rows or 0
        for start in range(0, total, n_rows):
            yield start, min(n_rows, total - start), None
        return
    start = 0
    for frame in table.read(n_rows, columns):
        yield start, len(frame), frame
        start += len(frame)


def find_tables(source: Source) -> list[Path]:
    """Return the files of a path, a folder, a pattern or a list of these."""
    if not isinstance(source, str | os.PathLike):
        paths = [path for item in source for path in find_tables(item)]
        if not paths:
            raise ValueError("`source` is an empty list; expected paths of tables.")
        return paths
    path = Path(source).expanduser()
    if path.is_dir() and not list(path.glob("products.*")):
        return _files_in(path)
    if not path.exists() and glob.has_magic(str(path)):
        found = sorted(glob.glob(str(path), recursive=True))
        if not found:
            msg = f"`source` {str(source)!r}: no file has such a name."
            raise FileNotFoundError(msg)
        return [find_table(Path(each)) for each in found]
    return [find_table(path)]


def _files_in(folder: Path) -> list[Path]:
    """Return the tables in a folder and its subfolders, sorted by their paths.

    Names that start with a dot or an underscore are hidden, as in pyarrow's datasets.
    """
    paths = sorted(
        path
        for path in folder.absolute().rglob("*")
        if path.is_file()
        and is_table_file(path)
        and not any(
            name.startswith((".", "_"))
            for name in path.relative_to(folder.absolute()).parts
        )
    )
    if not paths:
        msg = f"`source` {str(folder)!r} is a folder without tables."
        raise FileNotFoundError(msg)
    suffixes = sorted({path.suffix.lower() for path in paths})
    if len(suffixes) > 1:
        msg = (
            f"`source` {str(folder)!r} contains tables of several formats: "
            f"{shown_list(suffixes)}. Pass a pattern, such as "
            f"{str(folder / '*')!r}{suffixes[0]}."
        )
        raise ValueError(msg)
    return paths


def _is_empty(path: Path) -> bool:
    """Return whether a Parquet file has no rows, as one of several often has none."""
    if not is_parquet(path):
        return False
    with parquet_errors(path) as parquet:
        return bool(parquet.read_metadata(path).num_rows == 0)


def read_parquet_rows(
    path: Path, start: int, stop: int, n_rows: int, columns: Sequence[str] | None
) -> Iterator[pd.DataFrame]:
    """Yield the rows from `start` to `stop`, `n_rows` at a time.

    Only row groups that contain them are read. The frames do not depend on how the file
    is divided into row groups.
    """
    wanted = None if columns is None else list(columns)
    with parquet_errors(path) as parquet:
        # Read through a buffer: a row group may be larger than the memory.
        file = parquet.ParquetFile(path, buffer_size=2**20)
    with closing(file):
        groups, first = _groups(file.metadata, start, stop)
        batches = file.iter_batches(n_rows, row_groups=groups, columns=wanted)
        at = start
        for table in _regroup(path, batches, start - first, stop - start, n_rows):
            frame = parquet_frame(path, table, at)
            yield frame if wanted is None else frame[wanted]
            at += table.num_rows


def _groups(metadata: Any, start: int, stop: int) -> tuple[list[int], int]:
    """Return the row groups that contain rows, and the number of their first row."""
    groups: list[int] = []
    first = begin = 0
    for group in range(metadata.num_row_groups):
        end = begin + metadata.row_group(group).num_rows
        if end > start and begin < stop:
            if not groups:
                first = begin
            groups.append(group)
        begin = end
    return groups, first


def _regroup(
    path: Path, batches: Iterator[Any], n_skipped: int, n_left: int, n_rows: int
) -> Iterator[Any]:
    """Yield tables of `n_rows` from batches of any size, without the rows before."""
    import pyarrow

    kept: list[Any] = []
    while n_left > 0:
        with parquet_errors(path):
            batch = next(batches, None)
        if batch is None:
            raise ValueError(f"{path}: has fewer rows than before. Was it changed?")
        skipped = min(n_skipped, batch.num_rows)
        n_skipped -= skipped
        batch = batch.slice(skipped)
        while batch.num_rows and n_left > 0:
            missing = min(n_rows, n_left) - sum(each.num_rows for each in kept)
            kept.append(batch.slice(0, missing))
            batch = batch.slice(missing)
            if sum(each.num_rows for each in kept) == min(n_rows, n_left):
                with parquet_errors(path):
                    table = pyarrow.Table.from_batches(kept)
                    table.validate(full=True)  # or invalid UTF-8 would crash later
                n_left -= table.num_rows
                kept = []
                yield table
