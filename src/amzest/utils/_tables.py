"""Tables and columns of pandas and of other libraries.

polars, pyarrow and others are read through narwhals, which scikit-learn uses as well;
objects with only the Arrow PyCapsule interface through pyarrow. None of these libraries
is imported unless one of its objects is passed.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing

from amzest.utils._cells import object_array
from amzest.utils._messages import shown_list

_INTEGERS = (
    *(nw.Int8, nw.Int16, nw.Int32, nw.Int64),
    *(nw.UInt8, nw.UInt16, nw.UInt32, nw.UInt64),
)
#: pyarrow's name of the unnamed index of a pandas table.
_INDEX_COLUMN = re.compile(r"__index_level_\d+__")


def as_native(X: Any, name: str = "X") -> Any:
    """Return a table or column as one that can be indexed, anything else unchanged.

    A pyarrow RecordBatch or Array becomes a Table or ChunkedArray, as do objects with
    only the Arrow PyCapsule interface. A lazy table raises TypeError.
    """
    if isinstance(X, pd.DataFrame | pd.Series | np.ndarray | list | tuple):
        return X
    X = nw.to_native(X, pass_through=True)
    if sys.modules.get("pyarrow") is not None:
        X = _from_arrow(X, name)
    known = nw.from_native(X, pass_through=True, allow_series=True)
    if isinstance(known, nw.LazyFrame):
        raise TypeError(
            f"`{name}` is a lazy table ({type(X).__name__}), whose rows have not been "
            f"computed. Collect it first: {name}.collect(), or {name}.compute() in "
            "Dask."
        )
    if known is X and hasattr(X, "__arrow_c_stream__"):
        return _from_capsule(X, name)
    return X


def _from_arrow(X: Any, name: str) -> Any:
    """Convert a RecordBatch to a Table, and an Array to a ChunkedArray."""
    import pyarrow

    if isinstance(X, pyarrow.RecordBatch):
        X = pyarrow.Table.from_batches([X])
    elif isinstance(X, pyarrow.Array):
        X = pyarrow.chunked_array([X])
    if isinstance(X, pyarrow.Table):
        check_unique_names(X.column_names, name)
        fields = [field.with_type(_indexable(field.type)) for field in X.schema]
        if any(f.type != old for f, old in zip(fields, X.schema.types, strict=True)):
            return X.cast(pyarrow.schema(fields, X.schema.metadata))
    elif isinstance(X, pyarrow.ChunkedArray) and _indexable(X.type) != X.type:
        return X.cast(_indexable(X.type))
    return X


def _indexable(dtype: Any) -> Any:
    """Return a type with an implementation of `take`: pyarrow has none for views."""
    import pyarrow

    types = pyarrow.types
    if types.is_string_view(dtype):
        return pyarrow.large_string()
    if types.is_binary_view(dtype):
        return pyarrow.large_binary()
    if types.is_struct(dtype):
        return pyarrow.struct([f.with_type(_indexable(f.type)) for f in dtype])
    if types.is_list(dtype) or types.is_large_list(dtype):
        make = pyarrow.list_ if types.is_list(dtype) else pyarrow.large_list
        inner = dtype.value_field
        return make(inner.with_type(_indexable(inner.type)))
    return dtype


def _from_capsule(X: Any, name: str) -> Any:
    """Read an object that has only the Arrow PyCapsule interface."""
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError(
            f"`{name}` is a {type(X).__name__}, which is read with pyarrow; it cannot "
            f"be imported ({error}). Install it with: pip install pyarrow"
        ) from error
    # A stream of structs is a table, any other one a column.
    column = pyarrow.chunked_array(X)
    if pyarrow.types.is_struct(column.type):
        names = [field.name for field in column.type]
        check_unique_names(names, name)
        return _from_arrow(pyarrow.Table.from_struct_array(column), name)
    return _from_arrow(column, name)


def is_table(X: Any) -> bool:
    """Return whether `X` is a table with named columns that :func:`as_frame` reads."""
    return isinstance(X, pd.DataFrame) or nw.dependencies.is_into_dataframe(X)


def is_column(X: Any) -> bool:
    """Return whether `X` is a column of a library that :func:`as_series` reads."""
    return isinstance(X, pd.Series) or nw.dependencies.is_into_series(X)


def as_pandas(X: Any, name: str = "X") -> Any:
    """Return a table as a DataFrame, a column as a Series, anything else unchanged.

    pandas objects are not copied. Values keep their types: integers with missing values
    become nullable ones, strings the dtype str, lists, structs, bytes and decimals
    Python objects.
    """
    X = as_native(X, name)
    if isinstance(X, pd.DataFrame | pd.Series):
        return X
    if is_column(X):
        return _series(nw.from_native(X, series_only=True))
    if is_table(X):
        return _frame(X, name)
    return X


def as_series(column: Any, name: str = "y") -> Any:
    """Return a column, or a table of one that is not pandas', as a Series."""
    found = as_pandas(column, name)
    if isinstance(found, pd.DataFrame) and found is not column and found.shape[1] == 1:
        return found.iloc[:, 0]
    return found


def as_frame(table: Any, name: str = "frame") -> pd.DataFrame:
    """Return a table of any library as a DataFrame; raise TypeError for others."""
    table = as_native(table, name)
    if isinstance(table, pd.DataFrame):
        if isinstance(table.columns, pd.MultiIndex):
            raise ValueError(multi_index_message(name))
        return table
    if not is_table(table):
        hint = (
            " Make one with pandas.DataFrame(...)."
            if isinstance(table, dict | list | tuple | np.ndarray)
            else ""
        )
        raise TypeError(
            f"`{name}` must be a table with named columns, such as a pandas or polars "
            f"DataFrame or a pyarrow Table, got {type(table).__name__}.{hint}"
        )
    return _frame(table, name)


def column_names(table: Any, name: str = "X") -> list[Any]:
    """Return the names of the columns of a table of any library."""
    if isinstance(table, pd.DataFrame):
        if isinstance(table.columns, pd.MultiIndex):
            raise ValueError(multi_index_message(name))
        return list(table.columns)
    return list(nw.from_native(as_native(table, name), eager_only=True).columns)


def check_unique_names(names: Sequence[Any], name: str = "X") -> None:
    """Raise a ValueError if a name of a column occurs more than once."""
    twice = [n for n, n_columns in Counter(names).items() if n_columns > 1]
    if twice:
        raise ValueError(
            f"`{name}` has more than one column named {shown_list(twice)}. "
            "Rename or drop columns."
        )


def multi_index_message(name: str) -> str:
    """Return the message for column names with several levels."""
    return (
        f"The columns of `{name}` have names with several levels (a MultiIndex). Join "
        f'them into one: {name}.columns = [" ".join(map(str, c)) for c in '
        f"{name}.columns]."
    )


def take_rows(table: Any, rows: NDArray[Any]) -> Any:
    """Return rows of a table or column, by positions or a mask, in its own library."""
    if isinstance(table, pd.DataFrame | pd.Series):
        return table.iloc[rows]
    if rows.dtype == bool:
        rows = np.flatnonzero(rows)
    return _safe_indexing(as_native(table, "frame"), rows)


def replace_columns(table: Any, columns: dict[str, list[str | None]]) -> Any:
    """Return a table of a library other than pandas with some columns replaced."""
    frame = nw.from_native(as_native(table), eager_only=True)
    new = [
        nw.new_series(name, texts, nw.String(), backend=frame.implementation)
        for name, texts in columns.items()
    ]
    return frame.with_columns(*new).to_native()


def _frame(table: Any, name: str) -> pd.DataFrame:
    names = column_names(table, name)
    frame = nw.from_native(table, eager_only=True)
    if frame.implementation.is_pandas_like():
        return frame.to_pandas()
    read = {
        column: _series(frame.get_column(column))
        for column in names
        if not _INDEX_COLUMN.fullmatch(column)
    }
    # The index keeps the number of rows of a table without columns.
    return pd.DataFrame(read, index=pd.RangeIndex(len(frame)))


def _series(column: Any) -> pd.Series:
    """Convert a column of narwhals, without a type that cannot represent its values.

    The libraries' own conversions return floats for integers with missing values (2**53
    + 1 becomes 2**53), and pyarrow's arrays of dictionary-encoded columns have another
    value where one is missing.
    """
    if column.implementation.is_pandas_like():
        return column.to_pandas()
    dtype, name = column.dtype, column.name or None
    values: Any
    if isinstance(dtype, (*_INTEGERS, nw.Boolean)):
        mask = column.is_null().to_numpy()
        if not mask.any():
            values = column.to_numpy()
        elif isinstance(dtype, nw.Boolean):
            values = pd.arrays.BooleanArray(column.fill_null(False).to_numpy(), mask)
        else:
            values = pd.arrays.IntegerArray(column.fill_null(0).to_numpy(), mask)
    elif isinstance(dtype, nw.Float32 | nw.Float64 | nw.Duration) or (
        isinstance(dtype, nw.Datetime) and dtype.time_zone is None
    ):
        values = column.to_numpy()
    elif isinstance(dtype, nw.String):
        return pd.Series(column.to_list(), name=name, dtype="str")
    elif isinstance(dtype, nw.Categorical | nw.Enum):
        cells = column.to_list()
        texts = all(cell is None or isinstance(cell, str) for cell in cells)
        values = pd.Categorical(cells) if texts else object_array(cells)
    else:
        values = object_array(column.to_list())
    return pd.Series(values, name=name)
