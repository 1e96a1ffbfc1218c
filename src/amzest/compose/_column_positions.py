"""Positions of named or numbered columns in a table, with errors that name a remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from numbers import Integral
from typing import Any

from amzest.utils import LazyTable, column_names, is_table, shown, shown_list

#: Longer names are not compared with others: the time is quadratic in their length.
_LONGEST_NAME = 200


def column_positions(columns: Any, table: Any) -> int | list[int]:
    """Return the position, or the positions, of `columns` in a table or array."""
    wanted, scalar = validate_columns(columns)
    if isinstance(wanted[0], str):
        positions = _positions_of_names(wanted, table)
    else:
        n_columns = table.shape[1]
        outside = [c for c in wanted if not -n_columns <= int(c) < n_columns]
        if outside:
            raise ValueError(
                f"`columns` has {shown_list(outside)}, but X has {n_columns} "
                f"column(s): positions are from 0 to {n_columns - 1}."
            )
        positions = [int(c) for c in wanted]
    return positions[0] if scalar else positions


def validate_columns(columns: Any) -> tuple[list[str] | list[int], bool]:
    """Return `columns` as a list of strings or integers, and whether it is a scalar."""
    # bool is a subclass of int, but True is no position. bytes and dicts are iterable,
    # but their items are not what the user meant.
    scalar = isinstance(columns, (str, Integral)) and not isinstance(columns, bool)
    if scalar:
        wanted = [columns]
    elif isinstance(columns, Iterable) and not isinstance(columns, (bytes, dict)):
        wanted = list(columns)
    else:
        wanted = [None]
    if not wanted:
        raise ValueError("`columns` is empty. Name at least one column.")
    strings = all(isinstance(c, str) for c in wanted)
    integers = all(isinstance(c, Integral) and not isinstance(c, bool) for c in wanted)
    if not strings and not integers:
        raise TypeError(
            "`columns` must be a column name, a position, or a list of one of the "
            f"two, got {shown(columns)}."
        )
    repeated = sorted({str(c) for c in wanted if wanted.count(c) > 1})
    if repeated:
        raise ValueError(
            f"`columns` names {shown_list(repeated)} more than once. Name it once."
        )
    return wanted, scalar


def _positions_of_names(wanted: list[str], table: Any) -> list[int]:
    lazy = isinstance(table, LazyTable)
    if not lazy and not is_table(table):
        raise ValueError(
            f"`columns` names {shown_list(wanted)}, but X is an array and its columns "
            "have no names. Pass a DataFrame of pandas or polars or a Table of "
            "pyarrow, or select by position."
        )
    available = table.columns if lazy else column_names(table)
    missing = [name for name in wanted if name not in available]
    if missing:
        raise ValueError(
            f"`columns` names {shown_list(missing)}, which X does not have. "
            f"Available: {shown_list(available)}.{_did_you_mean(missing, available)}"
        )
    repeated = [name for name in wanted if available.count(name) > 1]
    if repeated:
        raise ValueError(
            f"`columns` names {shown_list(repeated)}, which X has more than once. "
            "Rename or drop columns."
        )
    return [available.index(name) for name in wanted]


def _did_you_mean(missing: list[str], available: list[Any]) -> str:
    names = [name for name in available if isinstance(name, str)]
    folded = {name.casefold().strip(): name for name in names}
    close = {
        folded[match]: None
        for name in missing
        if len(name) < _LONGEST_NAME
        for match in difflib.get_close_matches(name.casefold().strip(), folded, n=1)
    }
    return f" Did you mean {shown_list(close)}?" if close else ""
