"""Columns of categories, identifiers and groups, whose cells are compared."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any

from amzest.datasets._shared._row_listing import list_rows
from amzest.utils import count, shown, shown_list

if TYPE_CHECKING:
    import pandas as pd


def check_columns(frame: pd.DataFrame, names: dict[str, Any]) -> None:
    """Raise ValueError if a column is absent; `names` maps arguments to columns."""
    absent = [
        f"{shown(name)} ({argument})"
        for argument, name in names.items()
        if name not in frame.columns
    ]
    if absent:
        msg = (
            f"The table has no column {', '.join(absent)}. Available: "
            f"{shown_list(frame.columns)}."
        )
        raise ValueError(msg)


def check_unique_column(frame: pd.DataFrame, name: Any, argument: str) -> None:
    """Raise ValueError if several columns have the name that `argument` states."""
    if list(frame.columns).count(name) > 1:
        msg = (
            f"The table has more than one column {shown(name)} ({argument}). Rename or "
            "drop the others."
        )
        raise ValueError(msg)


def find_column(frame: pd.DataFrame, name: Any, argument: str) -> pd.Series:
    """Return the column that `argument` names; raise ValueError if it is not unique."""
    check_columns(frame, {argument: name})
    check_unique_column(frame, name, argument)
    return frame[name]


def check_keys(cells: Iterable[Any], name: str) -> None:
    """Raise TypeError if a cell of a column is not hashable, such as a list."""
    wrong = {row: cell for row, cell in enumerate(cells) if not _is_key(cell)}
    if wrong:
        kinds = ", ".join(dict.fromkeys(type(cell).__name__ for cell in wrong.values()))
        listed = list_rows(list(wrong), list(wrong.values()))
        msg = (
            f"`{name}` is not a single value ({kinds}) in {count(len(wrong), 'row')}: "
            f"{listed}. Each cell must hold one value; the items of a list can be "
            'joined with " > ".join(items), or frame.explode() makes a row of each.'
        )
        raise TypeError(msg)


def _is_key(cell: Any) -> bool:
    if not isinstance(cell, Hashable):
        return False
    try:
        hash(cell)
    except TypeError:  # a tuple that contains a list
        return False
    return True
