"""A column that is read in chunks, as often as needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

#: Number of cells of a chunk of a column in memory.
_CHUNK = 50_000


@dataclass(frozen=True)
class ColumnChunks:
    """The cells of a column; `read` returns a new iterator over its chunks."""

    n_rows: int
    read: Callable[[], Iterator[Any]]

    @classmethod
    def of(
        cls, cells: ColumnChunks | Sequence[Any] | NDArray[Any], size: int = _CHUNK
    ) -> ColumnChunks:
        """Return the chunks of a column in memory."""
        if isinstance(cells, ColumnChunks):
            return cells
        # A slice of an array of pandas becomes strings only when it is read.
        starts = range(0, len(cells), size)
        return cls(len(cells), lambda: (cells[i : i + size] for i in starts))

    def cells(self) -> Iterator[Any]:
        """Yield all cells."""
        for chunk in self.read():
            yield from chunk
