"""Find, check and read the columns of a table that are cleaned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from amzest.datasets._shared._row_listing import cell_type_error
from amzest.utils import (
    is_missing,
    shown,
    shown_list,
)

if TYPE_CHECKING:
    import pandas as pd

#: The columns that are cleaned, in this order.
ROLES = (
    *("asin", "title", "description", "brand", "category", "category_path"),
    "image_url",
)


def find_columns(
    frame: pd.DataFrame, columns: Mapping[str, str] | None
) -> dict[str, str]:
    """Return the names in the table of the columns that are cleaned."""
    if columns is not None and not isinstance(columns, Mapping):
        msg = (
            "`columns` must be a mapping of column names of clean_products to names "
            f"in the table, got {type(columns).__name__}."
        )
        raise TypeError(msg)
    given = dict(columns or {})
    unknown = [name for name in given if name not in ROLES]
    if unknown:
        msg = (
            f"`columns` has {shown_list(unknown)}, which clean_products does "
            f"not clean. It cleans {', '.join(map(repr, ROLES))}."
        )
        raise ValueError(msg)
    available = f"Available: {shown_list(frame.columns)}."
    lost = [name for name in given.values() if name not in frame.columns]
    if lost:
        wanted = shown_list(lost)
        msg = f"`columns` has {wanted}, which is not in the table. {available}"
        raise ValueError(msg)
    taken = set(given.values())
    names = {
        role: given.get(role, role)
        for role in ROLES
        if role in given or (role in frame.columns and role not in taken)
    }
    if not names:
        msg = (
            "The table has none of the columns that clean_products cleans: "
            f"{', '.join(map(repr, ROLES))}. {available} Pass their names "
            'as columns={"title": ...}.'
        )
        raise ValueError(msg)
    twice = [n for n in dict.fromkeys(names.values()) if _n_columns(frame, n) > 1]
    if twice or len(set(names.values())) < len(names):
        msg = (
            f"The table has two columns {shown_list(twice)}. Rename one."
            if twice
            else f"`columns` names a column twice: {shown(given)}. Name each once."
        )
        raise ValueError(msg)
    return names


def _n_columns(frame: pd.DataFrame, name: str) -> int:
    return int((frame.columns == name).sum())


def check_required(
    required: Sequence[str] | None, frame: pd.DataFrame, names: Mapping[str, str]
) -> list[str]:
    """Return the columns whose cells must not be missing."""
    if required is None:
        return [names["category"]] if "category" in names else []
    if isinstance(required, str) or not isinstance(required, Iterable):
        msg = f"`required` must be a list of column names, got {shown(required)}."
        raise TypeError(msg)
    lost = [name for name in required if name not in frame.columns]
    if lost:
        msg = (
            f"`required` has {shown_list(lost)}, which is not in the table. "
            f"Available: {shown_list(frame.columns)}."
        )
        raise ValueError(msg)
    return list(dict.fromkeys(required))


def read_cells(column: pd.Series) -> list[str | None]:
    """Return the strings of a column, None for missing cells; raise for other types."""
    cells: list[Any] = column.astype(object).tolist()
    wrong: list[int] = []
    for row, cell in enumerate(cells):
        if type(cell) is not str:
            if isinstance(cell, str):
                cells[row] = str(cell)
            elif is_missing(cell):
                cells[row] = None
            else:
                wrong.append(row)
    if wrong:
        advice = (
            "Pass one string per cell; parts of a list can be joined with "
            '"\\n".join(parts).'
        )
        raise cell_type_error(str(column.name), "is not a string", wrong, cells, advice)
    return cells


def row_labels(
    frame: pd.DataFrame, names: Mapping[str, str]
) -> Callable[[int], str | int]:
    """Return a function from a position to the asin, or the index label, of a row."""
    asins = frame[names["asin"]] if "asin" in names else None
    index = frame.index

    def label(row: int) -> str | int:
        value: Any = None if asins is None else asins.iloc[row]
        if is_missing(value):
            value = index[row]
        whole = hasattr(value, "__index__") and not isinstance(value, bool | np.bool_)
        return int(value) if whole else str(value)

    return label
