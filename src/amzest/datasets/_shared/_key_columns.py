"""Columns whose cells are compared with each other: categories, ids and groups."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any

from amzest.datasets._shared._row_listing import list_rows
from amzest.utils import count, shown, shown_list

if TYPE_CHECKING:
    import pandas as pd


def find_column(frame: pd.DataFrame, name: Any, argument: str) -> pd.Series:
    """Return a column that an argument names.

    Parameters
    ----------
    frame : DataFrame
        The table.

    name : object
        Name of the column.

    argument : str
        Argument that names it, for messages.

    Returns
    -------
    Series
        The column.

    Raises
    ------
    ValueError
        If the table does not have it, or has it more than once.
    """
    names = list(frame.columns)
    if name not in names:
        msg = (
            f"The table has no column {shown(name)} ({argument}). Available: "
            f"{shown_list(names)}."
        )
        raise ValueError(msg)
    if names.count(name) > 1:
        msg = (
            f"The table has more than one column {shown(name)} ({argument}). Rename or "
            "drop "
            "those that are not meant."
        )
        raise ValueError(msg)
    return frame[name]


def check_keys(cells: Iterable[Any], name: str) -> None:
    """Check that the cells of a column can be compared with each other.

    Parameters
    ----------
    cells : iterable
        The column.

    name : str
        Its name, for messages.

    Raises
    ------
    TypeError
        If a cell cannot be hashed, such as a list, a dict or an array.
    """
    wrong = {row: cell for row, cell in enumerate(cells) if not _is_key(cell)}
    if wrong:
        kinds = ", ".join(dict.fromkeys(type(cell).__name__ for cell in wrong.values()))
        listed = list_rows(list(wrong), list(wrong.values()))
        msg = (
            f"`{name}` is no single value ({kinds}) in {count(len(wrong), 'row')}: "
            f"{listed}. Write one value into each cell; entries of a list can be "
            'joined with " > ".join(entries), or frame.explode() makes a row of each.'
        )
        raise TypeError(msg)


def _is_key(cell: Any) -> bool:
    if not isinstance(cell, Hashable):
        return False
    try:
        hash(cell)
    except TypeError:  # a tuple that holds a list
        return False
    return True
