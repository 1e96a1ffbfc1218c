"""Tables as arrays, for files of results that contain no objects of pandas."""

from __future__ import annotations

from typing import Any

import pandas as pd

#: Key of the state of a table, by which it is recognised.
_TABLE = "table_columns"


def as_state(value: Any) -> Any:
    """Return the columns of a table as arrays with their dtypes, others unchanged."""
    if not isinstance(value, pd.DataFrame):
        return value
    return {
        _TABLE: [
            {"name": name, "dtype": str(column.dtype), "values": _array(column)}
            for name, column in value.items()
        ],
        "index": {
            "name": value.index.name,
            "dtype": str(value.index.dtype),
            "values": _array(value.index),
        },
    }


def _array(column: Any) -> Any:
    # Arrays of text have a dtype of pandas; NumPy's are arrays of objects.
    return column.to_numpy(dtype=None if column.dtype.kind in "biuf" else object)


def from_state(value: Any) -> Any:
    """Return the table of a state, others unchanged."""
    if not (isinstance(value, dict) and _TABLE in value):
        return value
    of_rows = value["index"]
    index = pd.Index(of_rows["values"], dtype=of_rows["dtype"], name=of_rows["name"])
    columns = {
        column["name"]: pd.Series(column["values"], index, dtype=column["dtype"])
        for column in value[_TABLE]
    }
    return pd.DataFrame(columns, index=index)
