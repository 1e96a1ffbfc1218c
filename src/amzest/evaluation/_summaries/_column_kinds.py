"""Kinds of columns: texts, images, numbers and categories."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from amzest.utils import (
    is_image_path,
    is_missing_image,
    is_url,
    may_be_image,
    plain_image_cell,
)

Kind = Literal["text", "image", "numeric", "categorical", "other"]
KINDS = ("text", "image", "numeric", "categorical")

#: Cells whose type is compared.
_MAX_CELLS = 1_000
#: Texts are categories if each occurs this often on average.
_MIN_ROWS_PER_CATEGORY = 10


def find_kind(column: pd.Series) -> Kind | None:
    """Return the kind of a column, None if all of its cells are missing."""
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype) or pd.api.types.is_bool_dtype(dtype):
        return "categorical"
    if pd.api.types.is_numeric_dtype(dtype) or is_time(dtype):
        return "numeric"
    cells = [cell for cell in column if not is_missing_image(cell)]
    if not cells:
        return None
    some = [plain_image_cell(cell) for cell in cells[:_MAX_CELLS]]
    if all(isinstance(cell, str) for cell in some):
        return _kind_of_texts(cells, some)
    if all(isinstance(cell, bool | np.bool_) for cell in some):
        return "categorical"
    if all(_is_number(cell) for cell in some):
        return "numeric"
    return "image" if all(map(may_be_image, some)) else "other"


def is_time(dtype: Any) -> bool:
    """Return whether a dtype is one of dates, times or durations."""
    types = pd.api.types
    return bool(
        types.is_datetime64_any_dtype(dtype) or types.is_timedelta64_dtype(dtype)
    )


def _kind_of_texts(cells: list[str], some: list[str]) -> Kind:
    # Addresses cannot be read, and every one has other words.
    if all(is_url(text) for text in some):
        return "other"
    if all(map(is_image_path, some)):
        return "image"
    n_distinct = len(set(cells))
    return (
        "categorical" if n_distinct * _MIN_ROWS_PER_CATEGORY <= len(cells) else "text"
    )


def _is_number(cell: Any) -> bool:
    # Decimal has no type in common with float.
    return hasattr(cell, "__float__") and not hasattr(cell, "__array__")
