"""Where the pieces of a table come from: files, or tables of other libraries."""

from __future__ import annotations

import pickle
import weakref
from collections.abc import Iterable, Iterator, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from amzest.datasets._product_tables._read_table import find_table, is_table_file
from amzest.datasets._product_tables._table_pieces import TablePieces
from amzest.utils import (
    as_frame,
    check_unique_names,
    is_table,
    shown,
    shown_list,
    temporary_file,
)

if TYPE_CHECKING:
    import pandas as pd

#: Rows that are read at a time to count them.
_ROWS_PER_COUNT = 2**16


class PieceSource(Protocol):
    """A table that can be read several times, in pieces."""

    name: str  # in messages
    columns: list[str]

    def count_rows(self) -> int:
        """Return the number of rows."""

    def read(self, n_rows: int, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Yield frames of at most `n_rows`, with some columns."""


def open_source(source: Any, encoding: str) -> PieceSource:
    """Return the source of the pieces of a table."""
    if isinstance(source, str | PathLike):
        return _Files(_files_of(Path(fspath(source))), encoding, f'"{source}"')
    if is_table(source):
        source = [source]
    if not isinstance(source, Iterable) or isinstance(source, bytes | dict):
        raise TypeError(
            f"`source` is {shown(source)}; expected the path of a file or a folder, a "
            "list of paths, or an iterable of tables."
        )
    if isinstance(source, list | tuple):
        if not source:
            raise ValueError("`source` is empty. Pass at least one path or table.")
        if all(isinstance(item, str | PathLike) for item in source):
            paths = [find_table(Path(fspath(item))) for item in source]
            return _Files(paths, encoding, f"The list of {len(paths)} files")
    return _Frames(source)


def _files_of(path: Path) -> list[Path]:
    """Return the file, or the table files in a folder, which are all of one kind."""
    path = path.expanduser()
    if not path.is_dir():
        return [find_table(path)]
    found = [
        file
        for file in sorted(path.rglob("*"))
        if file.is_file()
        and is_table_file(file)
        and not any(part[0] in "._" for part in file.relative_to(path).parts)
    ]
    if not found:
        raise FileNotFoundError(
            f"`source` {str(path)!r} is a folder without a table. Pass a folder with "
            "Parquet, CSV or JSON lines files."
        )
    kinds = sorted({file.suffix for file in found})
    if len(kinds) > 1:
        raise ValueError(
            f"`source` {str(path)!r} has files of several kinds: {shown_list(kinds)}. "
            "Pass a list of the files to read."
        )
    return found


class _Files:
    """Table files, one after the other."""

    def __init__(self, paths: Sequence[Path], encoding: str, name: str) -> None:
        self.name = name
        self._files = [TablePieces(path, encoding=encoding) for path in paths]
        self.columns = [str(column) for column in self._files[0].columns]

    def count_rows(self) -> int:
        """Return the number of rows; only those of Parquet files are in the file."""
        return sum(_n_rows(file) for file in self._files)

    def read(self, n_rows: int, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Yield frames of at most `n_rows`."""
        for file in self._files:
            file.check_columns(columns, "`columns`")
            yield from file.read(n_rows, columns)


def _n_rows(file: TablePieces) -> int:
    if file.n_rows is not None:
        return file.n_rows
    return sum(map(len, file.read(_ROWS_PER_COUNT, file.columns[:1])))


class _Frames:
    """Tables in memory; those of an iterator are copied to a temporary file."""

    name = "The iterable of tables"

    def __init__(self, tables: Iterable[Any]) -> None:
        self._tables = tables
        self._file = None
        if iter(tables) is tables:  # it can be read only once
            self._file = temporary_file()
            weakref.finalize(self, self._file.close)
            for table in tables:
                frame = _as_frame(table)
                pickle.dump(frame, self._file, protocol=5)
            self._file.flush()
            self._size = self._file.tell()
        first = next(self._frames(), None)
        if first is None:
            raise ValueError("`source` has no tables. Pass at least one.")
        self.columns = list(first.columns)

    def count_rows(self) -> int:
        """Return the number of rows."""
        n_rows = sum(map(len, self._frames()))
        if n_rows == 0:
            raise ValueError(
                f"`source` has no rows. Columns: {shown_list(self.columns)}."
            )
        return n_rows

    def read(self, n_rows: int, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Yield frames of at most `n_rows`."""
        for number, frame in enumerate(self._frames()):
            absent = [name for name in columns if name not in frame.columns]
            if absent:
                raise ValueError(
                    f"Table {number} of `source` has no column {shown_list(absent)}. "
                    f"Available: {shown_list(list(frame.columns))}."
                )
            for start in range(0, len(frame), n_rows):
                yield frame[list(columns)].iloc[start : start + n_rows].copy()

    def _frames(self) -> Iterator[pd.DataFrame]:
        if self._file is None:
            yield from map(_as_frame, self._tables)
            return
        # Each reader has a position of its own: several may read at the same time.
        position = 0
        while position < self._size:
            self._file.seek(position)
            frame = pickle.load(self._file)
            position = self._file.tell()
            yield frame


def _as_frame(table: Any) -> pd.DataFrame:
    if isinstance(table, str | PathLike):
        raise TypeError("`source` has both paths and tables. Pass one of the two.")
    frame = as_frame(table, "source")
    check_unique_names(list(frame.columns), "source")
    return frame
