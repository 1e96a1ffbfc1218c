"""Encoded images in a column of a Parquet file, decompressed when they are needed."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amzest.datasets._product_tables._read_table import parquet_errors
from amzest.utils import (
    ForkSafeLock,
    ImageNotFound,
    ImageReference,
    SourceFile,
    UnreadableImage,
)

#: Bytes of images that are decompressed at a time, and kept of one column.
_PIECE_BYTES, _KEPT_BYTES = 2**22, 2**26
_MAX_ROWS_PER_PIECE = 1024
#: Columns whose images are kept.
_MAX_READERS = 4
_BUFFER_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class ParquetColumn:
    """A column of bytes in a Parquet file."""

    file: SourceFile
    leaf: str  # path of the column in the schema, such as "image.bytes"
    bytes_per_row: int  # on average
    starts: tuple[int, ...]  # first row of each row group, and the number of rows

    def read(self, row: int) -> bytes:
        """Return the bytes of a row."""
        try:
            data = _reader_of(self).read(row)
        except UnreadableImage:
            raise
        except (OSError, ValueError) as error:
            raise UnreadableImage(str(error)) from error
        if not data:
            raise ImageNotFound("the cell is empty")
        return data

    def pieces(self, group: int) -> Iterator[tuple[int, Any]]:
        """Yield the first row of each piece of a row group, and an array of bytes."""
        n_rows = _PIECE_BYTES // max(self.bytes_per_row, 1)
        n_rows = min(max(n_rows, 1), _MAX_ROWS_PER_PIECE)
        path = Path(self.file.path)
        with parquet_errors(path) as parquet, open(path, "rb") as file:
            self.file.check(os.fstat(file.fileno()))
            # Without a buffer, the compressed column of a row group is read at once.
            table = parquet.ParquetFile(
                file, buffer_size=_BUFFER_BYTES, pre_buffer=False
            )
            batches = table.iter_batches(
                n_rows, row_groups=[group], columns=[self.leaf], use_threads=False
            )
            row = self.starts[group]
            for batch in batches:
                array = batch.column(0)
                if "." in self.leaf:
                    array = array.flatten()[0]  # missing where the struct is missing
                yield row, array
                row += len(array)


class ParquetImage(ImageReference):
    """An image in a row of a Parquet file."""

    __slots__ = ("column", "row")

    def __init__(self, column: ParquetColumn, row: int) -> None:
        self.column, self.row = column, row

    @property
    def path(self) -> str:
        """Absolute path of the file."""
        return self.column.file.path

    @property
    def key(self) -> tuple[str | int, ...]:
        """Path and state of the file, column and row."""
        return (*self.column.file.key, self.column.leaf, self.row)

    def read(self) -> bytes:
        """Read the bytes of the row."""
        return self.column.read(self.row)

    def __repr__(self) -> str:
        return f"<image in {os.path.basename(self.path)} at row {self.row}>"


class _Reader:
    """Reads a column from a row on, and keeps the last pieces."""

    def __init__(self, column: ParquetColumn) -> None:
        self._column = column
        self._lock = ForkSafeLock()
        self._kept: OrderedDict[int, Any] = OrderedDict()
        self._group, self._next_row = -1, 0
        self._pieces: Iterator[tuple[int, Any]] = iter(())

    def read(self, row: int) -> bytes | None:
        """Return the bytes of a row, None if it has none."""
        with self._lock:
            found = self._find(row)
            if found is None:
                group = bisect_right(self._column.starts, row) - 1
                if group != self._group or row < self._next_row:
                    self._group = group
                    self._pieces = self._column.pieces(group)
                while found is None:
                    self._advance()
                    found = self._find(row)
        start, array = found
        data: bytes | None = array[row - start].as_py()
        return data

    def _find(self, row: int) -> tuple[int, Any] | None:
        for start, array in reversed(self._kept.items()):
            if start <= row < start + len(array):
                return start, array
        return None

    def _advance(self) -> None:
        try:
            start, array = next(self._pieces)
        except StopIteration:
            self._group = -1
            path = self._column.file.path
            raise UnreadableImage(f"{path} has fewer rows than it states") from None
        except BaseException:
            self._group = -1
            raise
        self._next_row = start + len(array)
        self._kept.pop(start, None)
        self._kept[start] = array
        n_bytes = sum(array.nbytes for array in self._kept.values())
        while n_bytes > _KEPT_BYTES and len(self._kept) > 1:
            n_bytes -= self._kept.popitem(last=False)[1].nbytes


_readers: OrderedDict[tuple[int, ParquetColumn], _Reader] = OrderedDict()
_readers_lock = ForkSafeLock()


def _reader_of(column: ParquetColumn) -> _Reader:
    """Return the reader of this process: a file must not cross a fork."""
    key = os.getpid(), column
    with _readers_lock:
        reader = _readers.pop(key, None) or _Reader(column)
        _readers[key] = reader
        while len(_readers) > _MAX_READERS:
            _readers.popitem(last=False)
    return reader
