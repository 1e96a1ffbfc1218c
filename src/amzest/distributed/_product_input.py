"""Rows of a table in the form that models accept, and errors that name them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from amzest.datasets._product_tables._column_types import convert_columns
from amzest.datasets._product_tables._image_column import resolve_images
from amzest.distributed._model_columns import ModelColumns
from amzest.utils import MAX_PIXELS

if TYPE_CHECKING:
    import pandas as pd


class Piece(NamedTuple):
    """Rows of a table: as they are in it, and their numbers, counted from 0."""

    frame: pd.DataFrame
    rows: Sequence[int]

    @property
    def start(self) -> int:
        """The number of the first row."""
        return int(self.rows[0])

    @classmethod
    def of_rows(cls, frame: pd.DataFrame) -> Piece:
        """Return rows whose numbers are their index."""
        return cls(frame.reset_index(drop=True), frame.index.tolist())


class ProductInput:
    """A table with the folder of its images.

    Errors name the table if it is one of several, or if row numbers need it.
    """

    def __init__(
        self,
        name: str,
        image_root: str,
        on_missing_image: Any = "raise",
        *,
        is_one_of_several: bool = False,
    ) -> None:
        self.name = name
        self.image_root = os.path.abspath(image_root)
        self._on_missing_image = on_missing_image
        self._is_one_of_several = is_one_of_several

    def convert(self, piece: Piece, columns: ModelColumns) -> pd.DataFrame:
        """Return the columns of a model: texts, absolute image paths, numbers."""
        import pandas as pd

        frame = piece.frame[columns.names]
        images = columns.of_kind("image")
        with self.row_numbers(piece):
            frame = convert_columns(frame, columns.of_kind("text"), kept={*images})
            for name in images:
                cells = resolve_images(
                    list(frame[name]),
                    name=name,
                    image_root=self.image_root,
                    check_images=(
                        "exists" if self._on_missing_image == "raise" else "decode"
                    ),
                    on_missing_image=self._on_missing_image,
                    absolute_images=True,
                    max_pixels=MAX_PIXELS,
                )
                frame[name] = pd.Series(cells, dtype=object)
        return frame

    @contextlib.contextmanager
    def row_numbers(self, piece: Piece) -> Iterator[None]:
        """State in errors within the block which rows their row numbers count."""
        try:
            yield
        except (TypeError, ValueError) as error:
            where = self._where(piece.rows)
            if where is None:
                raise
            raise ValueError(f"{where} {error}") from error

    def _where(self, rows: Sequence[int]) -> str | None:
        if not rows or (rows[0] == 0 and rows[-1] == len(rows) - 1):
            return f"{self.name}:" if self._is_one_of_several else None
        counts = f"row 0 is row {rows[0]} of the table"
        if rows[-1] - rows[0] >= len(rows):
            counts = f"rows are those of the {len(rows)} that are used"
        where = f"{self.name}, rows {rows[0]} to {rows[-1]}"
        return f"{where}. In the following message, {counts}."
