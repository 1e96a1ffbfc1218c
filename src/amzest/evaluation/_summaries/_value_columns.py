"""Columns of numbers and of categories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.evaluation._summaries._column_kinds import is_time
from amzest.utils import missing_mask, shown

#: Categories that are kept, the most frequent ones.
_MAX_CATEGORIES = 1_000


@dataclass(frozen=True)
class NumericColumn:
    """Summary of a column of numbers: those of a sample that are not missing."""

    n_rows: int
    values: NDArray[np.float64]

    @property
    def n_missing(self) -> int:
        """Number of missing cells."""
        return self.n_rows - len(self.values)


@dataclass(frozen=True)
class CategoricalColumn:
    """Summary of a column of categories: the number of rows of each."""

    n_rows: int
    n_missing: int
    counts: dict[Any, int]


@dataclass(frozen=True)
class OtherColumn:
    """Summary of a column of which only missing cells are counted."""

    n_rows: int
    n_missing: int


def summarize_numbers(column: pd.Series) -> NumericColumn:
    """Summarize numbers, dates or durations."""
    if is_time(column.dtype):
        present = column.dropna()
        is_duration = pd.api.types.is_timedelta64_dtype(column.dtype)
        # In seconds, of times since 1970.
        values = present.map(
            (lambda cell: cell.total_seconds())
            if is_duration
            else (lambda cell: cell.timestamp())
        )
        return NumericColumn(len(column), values.to_numpy(np.float64))
    try:
        values = pd.to_numeric(column).to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{shown(column.name)} has cells that are not numbers ({error}). Pass its "
            "kind: columns={" + f'{shown(column.name)}: "categorical"}}.'
        ) from error
    return NumericColumn(len(column), values[~np.isnan(values)])


def summarize_categories(column: pd.Series) -> CategoricalColumn:
    """Count the rows of each category."""
    cells = column.to_numpy(dtype=object)
    present = cells[~missing_mask(cells)]
    try:
        found = pd.Series(present, dtype=object).value_counts()
        counts = {category: int(n) for category, n in found.items()}
    except TypeError as error:
        raise TypeError(
            f"{shown(column.name)} has cells that cannot be categories ({error}). "
            "Leave the column out: columns=[...]."
        ) from error
    kept = dict(list(counts.items())[:_MAX_CATEGORIES])
    return CategoricalColumn(len(cells), len(cells) - len(present), kept)


def summarize_presence(column: pd.Series) -> OtherColumn:
    """Count missing cells."""
    cells = column.to_numpy(dtype=object)
    return OtherColumn(len(cells), int(missing_mask(cells).sum()))


def align_counts(
    first: Mapping[Any, int], second: Mapping[Any, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the counts of all categories of two columns, in the same order."""
    names = list(dict.fromkeys([*first, *second]))
    return (
        np.array([first.get(name, 0) for name in names], dtype=np.int64),
        np.array([second.get(name, 0) for name in names], dtype=np.int64),
    )
