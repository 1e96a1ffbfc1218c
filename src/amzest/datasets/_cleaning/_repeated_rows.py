"""Drop products that occur in a table more than once, however large the table is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from amzest.datasets._cleaning._cleaning_report import CleaningReport, Example
from amzest.datasets._cleaning._product_columns import (
    find_columns,
    read_cells,
    row_labels,
)
from amzest.datasets._shared._key_columns import check_keys
from amzest.datasets._shared._title_key import normalise_titles
from amzest.utils import is_missing

if TYPE_CHECKING:
    import pandas as pd

    Keys = Sequence[str | None] | NDArray[Any]

#: A rule and the column that it was applied to.
Finding = tuple[str, str]


def drop_repeated(
    frame: pd.DataFrame,
    *,
    several_categories: str,
    duplicates: Sequence[str],
    columns: Mapping[str, str] | None = None,
    n_examples: int = 3,
) -> tuple[pd.DataFrame, CleaningReport]:
    """Drop rows that repeat others, and all rows of an asin in several categories."""
    names = find_columns(frame, columns)
    cells = {
        role: read_cells(frame[names[role]])
        for role in ("category", "title")
        if role in names
    }
    repeated = find_repeated_rows(
        asins=_read_asins(frame[names["asin"]]) if "asin" in names else None,
        categories=cells.get("category"),
        title_keys=normalise_titles(cells["title"]) if "title" in cells else None,
        several_categories=several_categories,
        duplicates=duplicates,
        n_examples=n_examples,
    )
    report = report_repeated(
        len(frame), repeated, lambda rows: frame.iloc[rows], columns, n_examples
    )
    if not repeated.keep.all():
        frame = frame.loc[repeated.keep].copy()
    return frame, report


def _read_asins(asins: pd.Series) -> list[str | None]:
    """Return asins as texts; a table may have read them as numbers."""
    check_keys(asins, str(asins.name))
    return [None if is_missing(asin) else str(asin) for asin in asins]


@dataclass(frozen=True)
class RepeatedRows:
    """Rows to keep, and for each rule the number of dropped rows and the first ones."""

    keep: NDArray[np.bool_]  # (n_rows,)
    n_dropped: dict[Finding, int]
    examples: dict[Finding, list[int]]


def report_repeated(
    n_rows: int,
    repeated: RepeatedRows,
    read_rows: Callable[[Sequence[int]], pd.DataFrame],
    columns: Mapping[str, str] | None = None,
    n_examples: int = 3,
) -> CleaningReport:
    """Report repeated rows; `read_rows` returns the rows at increasing positions."""
    report = CleaningReport(n_rows, n_examples=n_examples)
    example_column = {"several categories": "category", "repeated": "title"}
    for (rule, column), n_found in repeated.n_dropped.items():
        frame = read_rows(repeated.examples[rule, column])
        names = find_columns(frame, columns)
        label = row_labels(frame, names)
        cells = frame[names.get(example_column[rule], names[column])].tolist()
        examples = [
            Example(label(row), None if is_missing(cell) else str(cell), None)
            for row, cell in enumerate(cells)
        ]
        report.record(rule, names[column], n_found, examples)
    return report


def find_repeated_rows(
    *,
    asins: Keys | None = None,
    categories: Keys | None = None,
    title_keys: Keys | None = None,
    several_categories: str = "drop",
    duplicates: Sequence[str] = ("asin", "title"),
    n_examples: int = 3,
) -> RepeatedRows:
    """Find the rows to drop because of other rows; the first of equal rows is kept.

    Keys are texts or what `hash_texts` returns, one per row. Missing keys are not equal
    to each other.
    """
    columns = [keys for keys in (asins, categories, title_keys) if keys is not None]
    n_rows = len(columns[0]) if columns else 0
    keep = np.ones(n_rows, dtype=bool)
    n_dropped: dict[Finding, int] = {}
    examples: dict[Finding, list[int]] = {}

    def drop(rule: str, column: str, rows: NDArray[np.bool_]) -> None:
        rows &= keep
        positions = np.flatnonzero(rows)
        if len(positions):
            n_dropped[rule, column] = len(positions)
            examples[rule, column] = positions[:n_examples].tolist()
            keep[rows] = False

    if asins is not None:
        codes = _codes(asins)
        if several_categories == "drop" and categories is not None:
            drop("several categories", "asin", _of_two(codes, _codes(categories)))
        if "asin" in duplicates:
            drop("repeated", "asin", _repeats(codes, keep))
        del codes
    if title_keys is not None and "title" in duplicates:
        drop("repeated", "title", _repeats(_codes(title_keys), keep))
    return RepeatedRows(keep, n_dropped, examples)


def _codes(keys: Keys) -> NDArray[np.intp]:
    """Encode keys as integers from 0 on, missing ones as -1."""
    import pandas as pd

    if isinstance(keys, np.ndarray) and keys.dtype == np.uint64:
        codes, _ = pd.factorize(keys)
        codes[keys == 0] = -1
        return codes
    cells = np.array([key or None for key in keys], dtype=object)
    codes, _ = pd.factorize(cells)
    return codes


def _of_two(codes: NDArray[np.intp], categories: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Mark the rows whose key occurs with at least two categories."""
    # A key has several categories if its smallest and largest code differ, which takes
    # two passes over the rows instead of a group-by.
    known = (codes >= 0) & (categories >= 0)
    n_keys = codes.max(initial=-1) + 1
    least = np.full(n_keys, categories.max(initial=-1) + 1)
    most = np.full(n_keys, -1)
    np.minimum.at(least, codes[known], categories[known])
    np.maximum.at(most, codes[known], categories[known])
    found: NDArray[np.bool_] = np.append(least < most, False)[codes]
    return found


def _repeats(codes: NDArray[np.intp], keep: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark the kept rows whose key occurs in an earlier kept row."""
    rows = np.flatnonzero(keep & (codes >= 0))
    first = np.empty(codes.max(initial=-1) + 1, dtype=np.intp)
    # NumPy keeps the last of several assignments to one element: here the first row.
    first[codes[rows[::-1]]] = rows[::-1]
    found = np.zeros(len(codes), dtype=bool)
    found[rows] = first[codes[rows]] != rows
    return found
