"""Find products that stand in a table more than once, however large the table is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    Keys = Sequence[str | None] | NDArray[Any]

#: Rule and the column it looks at, to what it found.
Finding = tuple[str, str]


@dataclass(frozen=True)
class RepeatedRows:
    """What :func:`find_repeated_rows` found.

    Attributes
    ----------
    keep : ndarray of shape (n_rows,), dtype bool
        False for the rows to drop.

    n_dropped : dict of (str, str) to int
        For each rule and column the number of rows; those that dropped none are absent.

    examples : dict of (str, str) to list of int
        The positions of the first of these rows.
    """

    keep: NDArray[np.bool_]
    n_dropped: dict[Finding, int]
    examples: dict[Finding, list[int]]


def hash_texts(texts: Iterable[str | None]) -> NDArray[np.uint64]:
    """Hash the keys of a column, 8 bytes each, for :func:`find_repeated_rows`.

    Parameters
    ----------
    texts : iterable of str or None
        The keys. None and the empty text are missing.

    Returns
    -------
    ndarray of shape (n_rows,), dtype uint64
        The same text has the same hash in every process; 0 where it is missing.

    Notes
    -----
    Two of n different texts share a hash with odds of about n² / 2⁶⁵: one in 370,000
    for ten million products.
    """
    import pandas as pd

    cells = np.array([text or "" for text in texts], dtype=object)
    if not len(cells):
        return np.zeros(0, dtype=np.uint64)
    hashes: NDArray[np.uint64] = pd.util.hash_array(cells, categorize=False)
    hashes[hashes == 0] = 1
    hashes[cells == ""] = 0
    return hashes


def find_repeated_rows(
    *,
    asins: Keys | None = None,
    categories: Keys | None = None,
    title_keys: Keys | None = None,
    several_categories: str = "drop",
    duplicates: Sequence[str] = ("asin", "title"),
    n_examples: int = 3,
) -> RepeatedRows:
    """Find the rows to drop for what stands in other rows.

    Parameters
    ----------
    asins, categories, title_keys : sequence of str or None, or ndarray of uint64
        One key for each row; what :func:`hash_texts` gives does as well as the texts.
        None for a column that the table does not have. Missing keys repeat nothing.

    several_categories : {"drop", "keep"}, default="drop"
        Whether all rows of an asin go that stands under different categories.

    duplicates : sequence of {"asin", "title"}, default=("asin", "title")
        What may not repeat. The first row stays, of those that the earlier rules left.

    n_examples : int, default=3
        How many positions are given for each rule.

    Returns
    -------
    RepeatedRows
        The rows to keep, and how many each rule drops.
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
    """Give equal keys equal numbers from 0 on, and missing ones -1."""
    import pandas as pd

    if isinstance(keys, np.ndarray) and keys.dtype == np.uint64:
        codes, _ = pd.factorize(keys)
        codes[keys == 0] = -1
        return codes
    cells = np.array([key or None for key in keys], dtype=object)
    codes, _ = pd.factorize(cells)
    return codes


def _of_two(codes: NDArray[np.intp], categories: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Mark the rows whose key occurs with two categories or more."""
    told = (codes >= 0) & (categories >= 0)
    n_keys = codes.max(initial=-1) + 1
    least = np.full(n_keys, categories.max(initial=-1) + 1)
    most = np.full(n_keys, -1)
    np.minimum.at(least, codes[told], categories[told])
    np.maximum.at(most, codes[told], categories[told])
    found: NDArray[np.bool_] = np.append(least < most, False)[codes]
    return found


def _repeats(codes: NDArray[np.intp], keep: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark the kept rows whose key stands in a kept row before them."""
    rows = np.flatnonzero(keep & (codes >= 0))
    first = np.empty(codes.max(initial=-1) + 1, dtype=np.intp)
    # Of several assignments to one place the last one stays: here the first row.
    first[codes[rows[::-1]]] = rows[::-1]
    found = np.zeros(len(codes), dtype=bool)
    found[rows] = first[codes[rows]] != rows
    return found
