"""Types of the columns of a table: texts, identifiers and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from amzest.datasets._shared._row_listing import cell_type_error
from amzest.utils import is_missing

if TYPE_CHECKING:
    import pandas as pd

#: Without leading zeros, and with at most the 15 digits that a float64 keeps.
_NUMBER = (
    r"[+-]?(?:(?:0|[1-9][0-9]{0,14})(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?"
)
#: A float64 represents every integer up to this one.
_LARGEST_EXACT = 2**53
_CODE_NAME = re.compile(
    r"(?i:(?:.*[_ -])?(?:id|asin|sku|ean|gtin|upc|isbn|barcode|code))|.*[a-z]I[dD]"
)


def convert_columns(
    frame: pd.DataFrame, texts: Iterable[str | None], kept: set[str | None]
) -> pd.DataFrame:
    """Convert columns to text, and others to numbers if all of their cells are."""
    import pandas as pd

    frame = frame.copy()
    names = [name for name in texts if name in frame.columns]
    for name in names:
        frame[name] = pd.Series(_as_texts(frame[name]), dtype="str")
    for name in frame.columns:
        is_categorical = isinstance(frame[name].dtype, pd.CategoricalDtype)
        if name in kept or name in names or is_categorical:
            continue
        cells = frame[name].dropna()
        if len(cells) > 0 and all(isinstance(cell, str) for cell in cells):
            is_number = all(re.fullmatch(_NUMBER, cell) for cell in cells)
            if is_number and not _CODE_NAME.fullmatch(name):
                frame[name] = pd.to_numeric(frame[name])
        elif frame[name].dtype == object:
            frame[name] = _inferred(frame[name])
    return frame


def _as_texts(column: pd.Series) -> list[str | None]:
    """Return the cells as strings, None for missing ones; raise for other types."""
    cells = [None if is_missing(c) and not isinstance(c, str) else c for c in column]
    texts = [_as_text(c) for c in cells]
    wrong = [
        row for row, c in enumerate(texts) if c is not None and not isinstance(c, str)
    ]
    if wrong:
        advice = (
            "Each cell must hold one string; the items of a list can be joined with "
            '" ".join(items).'
        )
        raise cell_type_error(str(column.name), "is not a string", wrong, cells, advice)
    return texts


def _as_text(cell: Any) -> Any:
    """Return a number as text if all of its digits are certain."""
    # Decimal columns of Parquet: 1.50 keeps its zero, 2.00 becomes "2".
    if isinstance(cell, Decimal) and cell.is_finite():
        return str(int(cell)) if cell == int(cell) else format(cell, "f")
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell)) if abs(float(cell)) < _LARGEST_EXACT else cell
    # Any integer type, of Python or NumPy.
    is_integer = hasattr(cell, "__index__") and not isinstance(cell, bool | np.bool_)
    return str(int(cell)) if is_integer else cell


def _inferred(column: pd.Series) -> pd.Series:
    """Infer the dtype of a column of objects, without loss of digits of integers."""
    import pandas as pd

    cells = column.dropna()
    integers: list[int] = [cell for cell in cells if type(cell) is int]
    if 0 < len(integers) == len(cells) < len(column):
        # pandas would infer float64 for integers and missing cells.
        mask = column.isna().to_numpy()
        try:
            values = column.mask(mask, 0).to_numpy(dtype=np.int64)
        except OverflowError:
            return column
        return pd.Series(pd.arrays.IntegerArray(values, mask), name=column.name)
    if any(abs(cell) > _LARGEST_EXACT for cell in integers) and (
        len(integers) < len(column)
    ):
        return column
    return column.infer_objects()
