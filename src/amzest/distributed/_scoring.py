"""Predict pieces of tables."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amzest.distributed._model_reference import LoadedModel, ModelReference
from amzest.distributed._prediction_columns import prediction_columns
from amzest.distributed._prediction_folder import part_path
from amzest.distributed._product_input import Piece, ProductInput
from amzest.distributed._source_tables import Part
from amzest.distributed._table_output import parquet_writer, replaced, unfinished_path

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Scoring:
    """What is read of tables, how it is predicted, and which columns are written.

    `read` are the columns that are read, None for all of them. Without `image_root`,
    the folder of each table is that of its images.
    """

    kept: Sequence[str]
    read: Sequence[str] | None
    top_k: int
    chunk_size: int
    image_root: str | None
    on_missing_image: str
    n_tables: int
    schema: Any  # of what is written, of pyarrow

    def table(self, path: Path) -> ProductInput:
        """Return how a table is read."""
        return ProductInput(
            str(path),
            str(path.parent) if self.image_root is None else self.image_root,
            self.on_missing_image,
            is_one_of_several=self.n_tables > 1,
        )

    def predict(
        self, piece: Piece, table: ProductInput, model: LoadedModel
    ) -> pd.DataFrame:
        """Return the columns to keep, and the predictions."""
        predictor = model.predictor
        products = table.convert(piece, predictor.columns)
        with table.row_numbers(piece):
            predictions = predictor.predict(products)
        frame = piece.frame[list(self.kept)].copy()
        for name, cells in prediction_columns(
            predictions, predictor, self.top_k
        ).items():
            frame[name] = cells
        model.cache.after_piece()
        return frame


def write_part(
    scoring: Scoring, reference: ModelReference, folder: Path, part: Part
) -> Part:
    """Predict a part and write its file, in any process; return it without rows."""
    table, model = scoring.table(part.path), reference.loaded()
    path = part_path(folder, part)
    with replaced(path, unfinished_path(path)) as unfinished:
        with (
            model.cache,
            parquet_writer(unfinished, schema=scoring.schema) as write,
        ):
            for piece in part.pieces(scoring.chunk_size, scoring.read):
                frame = scoring.predict(piece, table, model)
                with table.row_numbers(piece):
                    write(frame)
        _to_disk(unfinished)
    return Part(part.number, part.path, part.start, part.n_rows)


def _to_disk(path: Path) -> None:
    """Write what the system still holds in memory, before the file gets its name."""
    with open(path, "r+b") as file:
        os.fsync(file.fileno())
