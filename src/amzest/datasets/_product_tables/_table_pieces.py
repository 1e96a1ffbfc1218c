"""Read a product table in pieces, so that its size is not limited by memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amzest.datasets._product_tables._csv_table import check_separator, read_csv_pieces
from amzest.datasets._product_tables._json_table import (
    json_frame,
    read_json,
    read_json_lines,
)
from amzest.datasets._product_tables._read_table import (
    check_names,
    is_csv,
    is_json_lines,
    is_parquet,
    parquet_errors,
    parquet_frame,
    separator_of,
)
from amzest.datasets._product_tables._text_lines import codec_name
from amzest.utils import shown, shown_list

if TYPE_CHECKING:
    import pandas as pd

#: Records of JSON lines that are read ahead to find the columns.
_N_LOOKED_AT = 10_000


class TablePieces:
    """A table file, read in pieces.

    CSV, Parquet and JSON lines are read piece by piece. A `.json` file is one document
    and is read as a whole. Cells are those of :func:`read_table`.
    """

    def __init__(
        self, path: Path, *, encoding: str = "utf-8", separator: str | None = None
    ) -> None:
        self.path = path
        self.n_rows: int | None = None  # known before reading for Parquet only
        self.schema: Any = None  # of pyarrow, for Parquet only
        self._encoding = codec_name(encoding)
        check_separator(separator)
        self._separator = separator_of(path, separator)
        if is_parquet(path):
            with parquet_errors(path) as parquet, parquet.ParquetFile(path) as file:
                self.n_rows = file.metadata.num_rows
                self.schema = file.schema_arrow
        first = next(self.read(1), None)
        self.columns: list[str] = [] if first is None else list(first.columns)
        if first is None or first.empty:
            msg = f"{path}: has no rows. Columns: {shown_list(self.columns)}."
            raise ValueError(msg)

    def check_columns(self, names: Sequence[str], argument: str) -> None:
        """Raise ValueError if a column does not exist; `argument` asked for it."""
        absent = [name for name in names if name not in self.columns]
        if absent:
            msg = (
                f"{self.path}: has no column {shown_list(absent)} ({argument}). "
                f"Available: {shown_list(self.columns)}."
            )
            raise ValueError(msg)

    def read(
        self, n_rows: int, columns: Sequence[str] | None = None
    ) -> Iterator[pd.DataFrame]:
        """Yield frames of at most `n_rows`; their index counts the rows of the table.

        With `columns` only these are returned, in this order.
        """
        start = 0
        for frame in self._read(n_rows, columns):
            check_names(self.path, [str(name) for name in frame.columns])
            if columns is not None:
                frame = frame[list(columns)]
            frame.index = range(start, start + len(frame))
            start += len(frame)
            yield frame

    def _read(
        self, n_rows: int, columns: Sequence[str] | None
    ) -> Iterator[pd.DataFrame]:
        if is_csv(self.path):
            return read_csv_pieces(self.path, self._encoding, self._separator, n_rows)
        if is_json_lines(self.path):
            return self._read_json_lines(n_rows, columns)
        if is_parquet(self.path):
            return _read_parquet(self.path, n_rows, columns)
        frame = read_json(self.path, self._encoding, as_lines=False)
        starts = range(0, max(len(frame), 1), n_rows)
        return (frame.iloc[start : start + n_rows] for start in starts)

    def _read_json_lines(
        self, n_rows: int, columns: Sequence[str] | None
    ) -> Iterator[pd.DataFrame]:
        """Yield records as frames with the names of the first ones as columns."""
        records = read_json_lines(self.path, self._encoding)
        first = list(islice(records, _N_LOOKED_AT))
        names = list(dict.fromkeys(chain.from_iterable(first)))
        known = set(names)
        records = chain(first, records)
        while piece := list(islice(records, n_rows)):
            new = [name for record in piece for name in record if name not in known]
            if new and columns is None:
                msg = (
                    f"{self.path}: the name {shown(new[0])} does not occur in the "
                    f"first {_N_LOOKED_AT:,} records, so that it has no column. Add "
                    "it to the first record, with the value null."
                )
                raise ValueError(msg)
            yield json_frame(piece, names)


def _read_parquet(
    path: Path, n_rows: int, columns: Sequence[str] | None
) -> Iterator[pd.DataFrame]:
    wanted = columns if columns is None else list(columns)
    start = 0
    with parquet_errors(path) as parquet:
        file = parquet.ParquetFile(path)
    with closing(file):
        batches = file.iter_batches(n_rows, columns=wanted)
        while True:
            with parquet_errors(path):
                batch = next(batches, None)
                if batch is not None:
                    batch.validate(full=True)  # or invalid UTF-8 would crash later
            if batch is None:
                return
            yield parquet_frame(path, batch, start)
            start += batch.num_rows
