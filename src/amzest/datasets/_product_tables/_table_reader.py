"""Tables larger than memory, which classifiers of texts read in pieces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from numbers import Integral
from os import PathLike
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import Interval

from amzest.datasets._product_tables._piece_sources import PieceSource, open_source
from amzest.utils import LazyTable, count, describe_rows, shown_list, validate_params


class TableReader(LazyTable):
    """Read a table in pieces, to fit and predict with more rows than memory holds.

    A reader, or a column of it, is accepted as `X` by the classifiers of texts
    (:class:`~amzest.TextLinearClassifier`, :class:`~amzest.TextCNNClassifier` and the
    other text networks), in a pipeline behind
    :class:`~amzest.ColumnSelector` as well. They read it once, in pieces, and
    learn the same as from the same rows in memory. See
    :doc:`/user_guide/training_large_tables`.

    Parameters
    ----------
    source : str, path, list of paths, or iterable of tables
        Path of a file (Parquet, CSV, tab-separated or JSON lines, as in
        :func:`amzest.load_products`), of a folder of such files of one kind, or a list
        of files. Files of a folder and of the folders in it are read in the order of
        their paths; hidden ones and those that start with an underscore are left out.
        Otherwise an iterable of tables of pandas, polars or pyarrow with the same
        columns, such as a list or the chunks of :func:`pandas.read_csv`. An iterator
        can be read only once: its tables are first copied to a temporary file.

    columns : list of str, default=None
        Names of the columns to read, in this order. By default all columns of the first
        piece are read.

    piece_size : int, default=65536
        Number of rows that are read at a time. It affects memory and time only.

    encoding : str, default="utf-8"
        Encoding of CSV and JSON lines.

    Attributes
    ----------
    columns : list of str
        Names of the columns that are read.

    ndim : int
        2, or 1 for a column such as ``reader["title"]``.

    shape : tuple of int
        Number of rows and, if `ndim` is 2, of columns.

    Raises
    ------
    FileNotFoundError
        If a path does not exist, or a folder has no table.
    ValueError
        If a table cannot be read, has no rows or lacks a column.

    See Also
    --------
    amzest.load_products : Read a table into memory.

    Examples
    --------
    >>> import pandas as pd
    >>> from amzest import TextLinearClassifier
    >>> from amzest.datasets import TableReader
    >>> pieces = [
    ...     pd.DataFrame(
    ...         {"title": ["red shoe", "garden hose"], "category": ["a", "b"]}
    ...     ),
    ...     pd.DataFrame({"title": ["boot", "steel spade"], "category": ["a", "b"]}),
    ... ]
    >>> table = TableReader(pieces * 4)
    >>> table.shape
    (16, 2)
    >>> classifier = TextLinearClassifier(random_state=0)
    >>> classifier = classifier.fit(table["title"], table.labels("category"))
    >>> classifier.predict(table["title"])[:4].tolist()
    ['a', 'b', 'a', 'b']
    """

    ndim: int = 2

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "source": "no_validation",  # type: ignore[dict-item]
        "columns": [list, None],
        "piece_size": [Interval(Integral, 1, None, closed="left")],
        "encoding": [str],
    }

    @validate_params(_parameter_constraints)
    def __init__(
        self,
        source: str | PathLike[str] | Sequence[Any] | Any,
        *,
        columns: list[str] | None = None,
        piece_size: int = 65536,
        encoding: str = "utf-8",
    ) -> None:
        self._source: PieceSource = open_source(source, encoding)
        self.piece_size = int(piece_size)
        self.columns = self._source.columns if columns is None else list(columns)
        self._check_columns(self.columns)
        self._n_rows = self._source.count_rows()

    def _check_columns(self, names: Sequence[Any]) -> None:
        if not names:
            raise ValueError("`columns` is empty. Name at least one column.")
        absent = [name for name in names if name not in self._source.columns]
        if absent:
            raise ValueError(
                f"{self._source.name} has no column {shown_list(absent)}. Available: "
                f"{shown_list(self._source.columns)}."
            )

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._n_rows

    def __repr__(self) -> str:
        rows = count(len(self), "row")
        return f"<TableReader of {self._source.name}: {rows}, {self.columns}>"

    def __getitem__(self, columns: str | list[str]) -> TableReader:
        """Return a column (by its name), or a table of some columns (by a list)."""
        names = [columns] if isinstance(columns, str) else columns
        if not isinstance(names, list):
            raise TypeError(
                f"A TableReader is indexed by the name of a column or a list of names, "
                f"got {type(columns).__name__}. Its rows are read in order: see "
                "`pieces`."
            )
        self._check_columns(names)
        selected = copy(self)
        selected.columns = list(names)
        selected.ndim = 1 if isinstance(columns, str) else 2
        return selected

    def pieces(self) -> Iterator[Any]:
        """Read the rows in pieces.

        Yields
        ------
        DataFrame or Series
            At most `piece_size` consecutive rows. The index counts the rows of the
            whole table.

        Raises
        ------
        ValueError
            If the number of rows differs from that of the first time.
        """
        start = 0
        for frame in self._source.read(self.piece_size, self.columns):
            frame.index = pd.RangeIndex(start, start + len(frame))
            start += len(frame)
            if start > len(self):
                break
            yield frame if self.ndim == 2 else frame[self.columns[0]]
        if start != len(self):
            raise ValueError(
                f"{self._source.name} has changed: it had {count(len(self), 'row')}, "
                f"and now has {'more' if start > len(self) else start}. Create the "
                "TableReader again."
            )

    def labels(self, column: str) -> pd.Categorical:
        """Read a column of class labels, as codes of the distinct labels.

        Parameters
        ----------
        column : str
            Name of the column.

        Returns
        -------
        Categorical
            The labels of all rows, for `y` of `fit`. Each takes one to four bytes.

        Raises
        ------
        ValueError
            If a row has no label.
        """
        codes: dict[Any, int] = {}
        parts, start = [], 0
        for piece in self[column].pieces():
            numbers, found = pd.factorize(piece)
            missing = np.flatnonzero(numbers < 0)
            if len(missing):
                raise ValueError(
                    f"`{column}` has no label in {describe_rows(missing + start)} (NaN "
                    "or None). Drop these rows or label them."
                )
            places = [codes.setdefault(label, len(codes)) for label in found]
            parts.append(np.array(places, dtype=np.int32)[numbers])
            start += len(piece)
        return pd.Categorical.from_codes(np.concatenate(parts), list(codes))
