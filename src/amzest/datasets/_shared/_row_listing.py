"""Rows and their values, written for a message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amzest.utils import shown

#: How many rows a message writes out.
_N_SHOWN = 3


def list_rows(rows: Sequence[int | str], values: Sequence[Any] | None = None) -> str:
    """Write rows for a message: ``row 3 ('a.jpg'), row 8 ('b.jpg') and 4 more``.

    Parameters
    ----------
    rows : sequence of (int or str)
        Positions of rows, counted from 0; or each with what is said of it.

    values : sequence, default=None
        What stands there, one for each row.

    Returns
    -------
    str
        The phrase.
    """
    first = [f"row {row}" for row in rows[:_N_SHOWN]]
    if values is not None:
        first = [
            f"{row} ({shown(value)})" for row, value in zip(first, values, strict=False)
        ]
    more = len(rows) - len(first)
    return ", ".join(first) + (f" and {more} more" if more else "")
