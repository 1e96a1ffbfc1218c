"""The interface of tables that are read in pieces."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any


class LazyTable(ABC):
    """Rows of a table, or of one column, that are read in pieces.

    It is neither a sequence nor an array: whoever does not know it raises an error
    instead of reading it row by row.
    """

    #: Names of the columns.
    columns: list[str]
    #: 1 if it is a single column, else 2.
    ndim: int

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of rows."""

    @abstractmethod
    def __getitem__(self, columns: Any) -> LazyTable:
        """Return a column, or a table of some columns."""

    @abstractmethod
    def pieces(self) -> Iterator[Any]:
        """Yield consecutive rows as a pandas Series or DataFrame."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows and, if `ndim` is 2, of columns."""
        return (len(self), len(self.columns))[: self.ndim]
