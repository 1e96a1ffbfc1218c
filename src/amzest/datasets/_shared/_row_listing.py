"""Rows and their values in error messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amzest.utils import count, shown

#: Number of rows that a message lists.
_N_SHOWN = 3


def list_rows(rows: Sequence[int | str], values: Sequence[Any] | None = None) -> str:
    """List rows, each with its value: ``row 3 ('a'), row 8 ('b') and 4 more``."""
    first = [f"row {row}" for row in rows[:_N_SHOWN]]
    if values is not None:
        first = [
            f"{row} ({shown(value)})" for row, value in zip(first, values, strict=False)
        ]
    more = len(rows) - len(first)
    return ", ".join(first) + (f" and {more} more" if more else "")


def cell_type_error(
    name: str, problem: str, rows: Sequence[int], cells: Any, advice: str
) -> TypeError:
    """Return the error for cells of a wrong type; it lists their rows and types."""
    kinds = [type(cells[row]).__name__ for row in rows]
    return TypeError(
        f"`{name}` {problem} in {count(len(rows), 'row')}: {list_rows(rows, kinds)}. "
        f"{advice}"
    )
