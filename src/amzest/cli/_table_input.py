"""The table of a command: its columns in the form that models accept, in pieces."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from amzest.cli._options import UsageError
from amzest.datasets._product_tables._read_table import find_table
from amzest.datasets._product_tables._table_pieces import TablePieces
from amzest.distributed._product_input import Piece, ProductInput
from amzest.distributed._progress import Progress

if TYPE_CHECKING:
    import pandas as pd


class InputTable(ProductInput):
    """A table that is read in pieces, with the folder of its images."""

    def __init__(self, pieces: TablePieces, name: str, options: Any) -> None:
        self.pieces = pieces
        self._chunk_size: int = options.chunk_size
        root = options.image_root
        if root is None:
            root = os.getcwd() if name == "-" else pieces.path.parent
        elif not os.path.isdir(root):
            msg = f"--image-root {root!r} is not a folder. Check the spelling."
            raise ValueError(msg)
        super().__init__(name, root, options.on_missing_image)

    @property
    def path(self) -> Path | None:
        """The file, None for the standard input."""
        return None if self.name == "-" else self.pieces.path

    def read(self, columns: Sequence[str] | None) -> Iterator[Piece]:
        """Yield pieces of some columns, or of all."""
        start = 0
        for frame in self.pieces.read(self._chunk_size, columns):
            rows = range(start, start + len(frame))
            yield Piece(frame.reset_index(drop=True), rows)
            start += len(frame)

    def sample(
        self, columns: Sequence[str], options: Any, progress: Progress
    ) -> tuple[pd.DataFrame, int]:
        """Return columns of all rows, or of a random sample, and the number of rows.

        With ``options.only`` only rows with this text are used. The index of the frame
        has the row numbers of the table. Memory is bounded by ``options.max_rows``:
        each row has a random key, and the rows of the lowest keys are kept.
        """
        import pandas as pd

        max_rows: int | None = options.max_rows
        column, text = self._condition(options.only)
        needed = list(dict.fromkeys([*columns, *([] if column is None else [column])]))
        rng = np.random.default_rng(options.random_state)
        parts: list[pd.DataFrame] = []
        keys: list[Any] = []
        n_rows = n_kept = 0
        for piece in self.read(needed):
            frame = piece.frame.set_axis(piece.rows)
            if column is not None:
                frame = frame[frame[column].astype(object).astype(str) == text]
            parts.append(frame)
            keys.append(rng.random(len(frame)))
            n_rows, n_kept = n_rows + len(frame), n_kept + len(frame)
            if max_rows is not None and n_kept > 2 * max_rows:
                parts, keys = _lowest(parts, keys, max_rows)
                n_kept = max_rows
            progress.update(len(piece.frame))
        if n_rows == 0:
            msg = f"{self.name}: no row has --only {options.only}."
            raise ValueError(msg)
        if max_rows is not None and n_rows > max_rows:
            parts, keys = _lowest(parts, keys, max_rows)
            progress.report(f"A random sample of {max_rows:,} of {n_rows:,} rows.")
        return pd.concat(parts), n_rows

    def _condition(self, only: str | None) -> tuple[str | None, str]:
        """Return column and text of ``COLUMN=TEXT``."""
        if only is None:
            return None, ""
        column, separator, text = only.partition("=")
        if not separator:
            raise UsageError(f"--only {only!r}: expected COLUMN=TEXT")
        self.pieces.check_columns([column], "--only")
        return column, text


def _lowest(parts: list[Any], keys: list[Any], n_rows: int) -> tuple[list[Any], Any]:
    """Return the rows with the lowest keys, in the order of the table."""
    import pandas as pd

    key = np.concatenate(keys)
    chosen = np.sort(np.argpartition(key, n_rows - 1)[:n_rows])
    return [pd.concat(parts).iloc[chosen]], [key[chosen]]


@contextlib.contextmanager
def open_table(options: Any) -> Iterator[InputTable]:
    """Open the table of a command."""
    with open_file(options) as path:
        pieces = TablePieces(
            find_table(Path(path)),
            encoding=options.encoding,
            separator=options.separator,
        )
        yield InputTable(pieces, options.table, options)


@contextlib.contextmanager
def open_file(options: Any) -> Iterator[str]:
    """Yield the path of the table; the standard input is copied to a file first."""
    if options.table != "-":
        yield options.table
        return
    with tempfile.TemporaryDirectory(prefix="amzest-") as folder:
        path = os.path.join(folder, f"stdin.{options.stdin_format}")
        with open(path, "wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        try:
            yield path
        except ValueError as error:
            # The copy has a name that means nothing to the user.
            text = str(error).replace(path, "the standard input")
            raise ValueError(text) from error
