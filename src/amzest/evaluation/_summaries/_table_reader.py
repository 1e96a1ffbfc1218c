"""Reads the columns of a table in parts, and summarizes a sample of their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from amzest.evaluation._summaries._column_kinds import KINDS, Kind, find_kind
from amzest.evaluation._summaries._image_column import ImageColumn, summarize_images
from amzest.evaluation._summaries._row_sample import (
    RowSample,
    is_one_column,
    read_parts,
)
from amzest.evaluation._summaries._text_column import (
    TextColumn,
    Vocabulary,
    VocabularyBuilder,
    check_texts,
    summarize_texts,
)
from amzest.evaluation._summaries._value_columns import (
    CategoricalColumn,
    NumericColumn,
    OtherColumn,
    summarize_categories,
    summarize_numbers,
    summarize_presence,
)
from amzest.utils import (
    shown,
    shown_list,
)

ColumnSummary = (
    TextColumn | ImageColumn | NumericColumn | CategoricalColumn | OtherColumn
)


class TableReader:
    """Reads a table in parts: a sample of its rows, and the words of its texts."""

    def __init__(
        self,
        columns: Sequence[Any] | Mapping[Any, Kind | None] | None,
        max_rows: int,
        generator: np.random.Generator,
    ) -> None:
        self.sample = RowSample(max_rows, generator)
        self._names = None if columns is None else list(columns)
        self._kinds: dict[Any, Kind] = {}
        if isinstance(columns, Mapping):
            self._kinds = {n: kind for n, kind in columns.items() if kind is not None}
        wrong = [k for k in self._kinds.values() if k not in (*KINDS, "other")]
        if wrong:
            raise ValueError(
                f"`columns` has the kind {shown(wrong[0])}; expected one of "
                f"{shown_list(KINDS)}."
            )
        self._builders: dict[Any, VocabularyBuilder] = {}
        self._vocabularies: dict[Any, Vocabulary] | None = None

    def read(
        self, X: Any, name: str, vocabularies: dict[Any, Vocabulary] | None
    ) -> None:
        """Read all parts; collect vocabularies unless they are given."""
        self._one_column = is_one_column(X)
        self._vocabularies = vocabularies
        for part in read_parts(X, name):
            if self._one_column and self._names is not None and len(self._names) == 1:
                # A list, or a column of any name, has the column of the reference.
                part = part.set_axis(self._names, axis=1)
            self._check_columns(part, name)
            for column in self._names or []:
                self._read_column(part[column])
            self.sample.add(part)
        if not self.sample.n_rows:
            raise ValueError(f"`{name}` has no rows.")

    def _read_column(self, cells: pd.Series) -> None:
        """Find the kind of a column, and collect its words if it has texts."""
        name = cells.name
        if name not in self._kinds:
            kind = find_kind(cells)
            if kind is not None:
                self._kinds[name] = kind
        if self._kinds.get(name) == "text":
            check_texts(cells, self.sample.n_rows)
            if self._vocabularies is None:
                self._builders.setdefault(name, VocabularyBuilder()).add(cells)

    def _check_columns(self, part: pd.DataFrame, name: str) -> None:
        if self._names is None:
            self._names = list(part.columns)
        absent = [column for column in self._names if column not in part.columns]
        if absent:
            raise ValueError(
                f"`{name}` has no column {shown_list(absent)}; it has "
                f"{shown_list(part.columns)}. Pass the names of common columns in "
                "`columns`."
            )

    @property
    def samples(self) -> Any:
        """Sampled rows in the form that a model accepts."""
        frame = self.sample.frame
        return frame.iloc[:, 0] if self._one_column and frame.shape[1] == 1 else frame

    def summarize(
        self,
        image_root: str | PathLike[str] | None,
        generator: np.random.Generator,
    ) -> tuple[dict[Any, Kind], dict[Any, ColumnSummary]]:
        """Return the kinds of the columns, and a summary of their sample."""
        root = None if image_root is None else Path(image_root)
        kinds = {name: self._kinds.get(name, "other") for name in self._names or []}
        frame = self.sample.frame
        columns = {
            name: self._summarize(name, frame[name], kind, root, generator)
            for name, kind in kinds.items()
        }
        return kinds, columns

    def _summarize(
        self,
        name: Any,
        column: pd.Series,
        kind: Kind,
        root: Path | None,
        generator: np.random.Generator,
    ) -> ColumnSummary:
        if kind == "text":
            is_reference = self._vocabularies is None
            vocabulary = (
                self._builders[name].build()
                if self._vocabularies is None
                else self._vocabularies[name]
            )
            return summarize_texts(
                column, vocabulary, generator, is_reference=is_reference
            )
        if kind == "image":
            return summarize_images(column, root, generator)
        if kind == "numeric":
            return summarize_numbers(column)
        if kind == "categorical":
            return summarize_categories(column)
        return summarize_presence(column)
