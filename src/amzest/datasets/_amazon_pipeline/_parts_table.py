"""One table out of the parts, read in pieces."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from amzest.datasets._amazon_pipeline._prepared_parts import (
    KEYS,
    table_schema,
    unfinished_name,
)
from amzest.datasets._amazon_pipeline._table_path import MADE_BY
from amzest.datasets._cleaning._repeated_rows import RepeatedRows, find_repeated_rows
from amzest.datasets._shared._column_chunks import ColumnChunks
from amzest.datasets._shared._text_keys import separate_collisions
from amzest.datasets._shared._title_key import normalise_titles

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow

_BATCH_SIZE = 20_000


class PartsTable:
    """The rows of all parts; only what must be compared is in memory."""

    def __init__(self, parts: Sequence[Path]) -> None:
        import pyarrow
        import pyarrow.parquet

        self._parts = parts
        tables = [
            pyarrow.parquet.read_table(
                part, columns=[*KEYS, "category"], read_dictionary=["category"]
            )
            for part in parts
        ]
        table = pyarrow.concat_tables(tables).unify_dictionaries().combine_chunks()
        self.n_rows = table.num_rows
        self._keys = {key: table[key].to_numpy() for key in KEYS}
        category = table["category"].combine_chunks()
        self._codes = category.indices.to_numpy(zero_copy_only=False)
        self._names = np.array(category.dictionary.to_pylist(), dtype=object)

    @property
    def categories(self) -> NDArray[np.object_]:
        """The category of each row; equal texts share one object."""
        found: NDArray[np.object_] = self._names[self._codes]
        return found

    def find_repeated(
        self, several_categories: str, duplicates: Sequence[str]
    ) -> RepeatedRows:
        """Find the rows to drop because of other rows; frees the keys, so only once."""
        asins = separate_collisions(
            self._keys.pop("asin_key"), lambda rows: self.cells(rows, "asin")
        )
        titles = separate_collisions(
            self._keys.pop("title_key"), lambda rows: self._normalised_titles(rows)
        )
        return find_repeated_rows(
            asins=asins,
            categories=self._codes.astype(np.uint64) + 1,
            title_keys=titles,
            several_categories=several_categories,
            duplicates=duplicates,
        )

    def _normalised_titles(self, rows: NDArray[np.intp]) -> Iterator[str]:
        for piece in self.pieces(rows, ["title"]):
            yield from normalise_titles(piece["title"].to_pylist())

    def without_rare(
        self, rows: NDArray[np.intp], min_per_category: int
    ) -> tuple[NDArray[np.intp], dict[str, int]]:
        """Return the rows of large categories, and the sizes of the small ones."""
        counts = np.bincount(self._codes[rows], minlength=len(self._names))
        rare = counts < min_per_category
        found = {
            str(name): int(n)
            for name, n in zip(self._names[rare], counts[rare], strict=True)
            if n
        }
        return rows[~rare[self._codes[rows]]], found

    def examples(self, rows: Sequence[int]) -> pd.DataFrame:
        """Return a few rows for a report, at increasing positions."""
        order = np.sort(np.asarray(rows, dtype=np.intp))
        frame = self.read(order, ["asin", "title", "category"])
        return frame.set_axis(order)

    def read(self, rows: NDArray[np.intp], columns: Sequence[str]) -> pd.DataFrame:
        """Return columns of some rows, at increasing positions."""
        import pyarrow

        tables = [table.select(columns) for table in self.pieces(rows, columns)]
        schema = pyarrow.schema([table_schema().field(name) for name in columns])
        frame: pd.DataFrame = pyarrow.concat_tables(
            [schema.empty_table(), *tables]
        ).to_pandas()
        return frame

    def column(self, rows: NDArray[np.intp], name: str) -> ColumnChunks:
        """Return a column of some rows, at increasing positions."""

        def read() -> Iterator[list[Any]]:
            for piece in self.pieces(rows, [name]):
                yield piece[name].to_pylist()

        return ColumnChunks(len(rows), read)

    def cells(self, rows: NDArray[np.intp], column: str) -> Iterator[str | None]:
        """Yield the cells of a column of some rows."""
        for piece in self.pieces(rows, [column]):
            yield from piece[column].to_pylist()

    def pieces(
        self, rows: NDArray[np.intp], columns: Sequence[str]
    ) -> Iterator[pyarrow.Table]:
        """Yield columns of some rows in pieces."""
        import pyarrow
        import pyarrow.parquet

        wanted = np.zeros(self.n_rows, dtype=bool)
        wanted[rows] = True
        start = 0
        for path in self._parts:
            # One part at a time, as there can be thousands.
            with pyarrow.parquet.ParquetFile(path) as part:
                n_rows = part.metadata.num_rows
                if not wanted[start : start + n_rows].any():
                    start += n_rows
                    continue
                for batch in part.iter_batches(_BATCH_SIZE, columns=list(columns)):
                    mask = wanted[start : start + batch.num_rows]
                    start += batch.num_rows
                    if mask.any():
                        table = pyarrow.Table.from_batches([batch])
                        yield table.filter(pyarrow.array(mask))


def write_table(
    target: Path,
    folder: Path,
    parts: PartsTable,
    rows: NDArray[np.intp],
    extra: Mapping[str, Any],
) -> None:
    """Write rows with the `extra` columns; the file appears when it is complete."""
    import pyarrow
    import pyarrow.parquet

    schema = table_schema()
    for name in extra:
        schema = schema.append(pyarrow.field(name, pyarrow.string()))
    schema = schema.with_metadata(MADE_BY)
    unfinished = unfinished_name(folder / "table.parquet")
    start = 0
    with pyarrow.parquet.ParquetWriter(unfinished, schema, compression="zstd") as file:
        for piece in parts.pieces(rows, table_schema().names):
            end = start + piece.num_rows
            for name, cells in extra.items():
                column = pyarrow.array(
                    cells[start:end], pyarrow.string(), from_pandas=True
                )
                piece = piece.append_column(name, column)
            file.write_table(piece.replace_schema_metadata(MADE_BY))
            start = end
    os.replace(unfinished, target)
