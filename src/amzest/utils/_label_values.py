"""Labels of any container as an array of one type."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Set
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import DataConversionWarning

from amzest.utils._cells import object_array
from amzest.utils._messages import describe_rows, shown
from amzest.utils._tables import as_pandas

#: Types that are one kind of label. bool comes first, as it is a subclass of int.
_KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "bool": (bool, np.bool_),
    "int": (int, np.integer),
    "float": (float, np.floating),
}
#: The same by `dtype.kind`, for arrays of a NumPy type.
_KINDS_OF_ARRAYS = {"U": "str", "b": "bool", "i": "int", "u": "int", "f": "float"}


def label_values(y: Any, name: str = "y", *, warn: bool = True) -> NDArray[Any]:
    """Return labels of shape (n_samples,) as strings, booleans, integers or floats.

    Arrays and lists of strings keep NumPy's type; other strings have the dtype object.
    Integers that fit into no NumPy type remain Python's. With `warn`, a column of two
    dimensions gets scikit-learn's warning. Raises TypeError if `y` is not a sequence,
    ValueError if a label is missing or types are mixed.
    """
    given = _column(y, name)
    if given.ndim == 2 and given.shape[1] == 1:
        given = given.ravel()
        if warn:
            warnings.warn(
                "A column-vector y was passed when a 1d array was expected. Please "
                "change the shape of y to (n_samples,), for example using ravel().",
                DataConversionWarning,
                stacklevel=2,
            )
    if given.ndim != 1:
        raise ValueError(
            f"`{name}` should be a 1d array of labels, got an array of shape "
            f"{given.shape} instead."
        )
    missing = np.flatnonzero(pd.isna(given))
    if len(missing):
        raise ValueError(
            f"`{name}` has no label in {describe_rows(missing)} (NaN or None). Drop "
            "these rows or label them."
        )
    kind = _KINDS_OF_ARRAYS.get(given.dtype.kind) or _kind_of_cells(given, name)
    values = given if given.dtype != object else _of_one_kind(given, kind)
    if kind == "float":
        _check_finite(values, name)
    return values


def partial_label_values(
    y: Any, name: str = "y"
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the labels that are there, as `label_values` does, and where they are.

    A missing label is None, NaN or ``pd.NA``.
    """
    given = _column(y, name)
    if given.ndim == 2 and given.shape[1] == 1:
        given = given.ravel()
    labelled = ~np.asarray(pd.isna(given), dtype=bool)
    if given.ndim != 1 or labelled.all():
        return label_values(given, name), labelled
    return label_values(given[labelled], name), labelled


def _column(y: Any, name: str) -> NDArray[Any]:
    """Return cells as an array; of dtype object where NumPy would convert them."""
    if y is None:
        # The message that scikit-learn's common checks expect.
        raise ValueError(
            f"`fit` requires {name} to be passed, but the target {name} is None."
        )
    if isinstance(y, str | bytes | Mapping | Set | Iterator) or sparse.issparse(y):
        raise TypeError(
            f"`{name}` must be a list, an array or a column of labels, in the order of "
            f"the samples, got {type(y).__name__}."
        )
    if isinstance(y, np.ma.MaskedArray):
        cells: NDArray[Any] = y.data.astype(object)
        cells[np.ma.getmaskarray(y)] = None
        return cells
    if isinstance(y, np.ndarray):
        # scikit-learn does not know NumPy's variable-width strings (StringDType).
        return y.astype(object) if y.dtype.kind == "T" else y
    if isinstance(y, list | tuple):
        return _cells_of_list(y)
    y = as_pandas(y, name)  # polars, pyarrow and others
    if isinstance(y, pd.DataFrame | pd.Series | pd.Index):
        return _pandas_column(y, name)
    if isinstance(y, pd.api.extensions.ExtensionArray):
        return np.asarray(y, dtype=object)
    if not hasattr(y, "__array__") and not hasattr(y, "__len__"):
        raise TypeError(
            f"`{name}` must be a list, an array or a column of labels, got "
            f"{type(y).__name__}."
        )
    return np.asarray(y) if hasattr(y, "__array__") else _cells_of_list(list(y))


def _pandas_column(y: Any, name: str) -> NDArray[Any]:
    if isinstance(y, pd.DataFrame):
        _check_one_column(y.columns, name)
        return _pandas_column(y.iloc[:, 0], name)[:, None]
    if isinstance(y.dtype, np.dtype):
        return np.asarray(y)
    # Nullable, Arrow-backed and categorical columns: `to_numpy` alone would make
    # floats of integers, and merge those above 2**53.
    return np.asarray(y.astype(object), dtype=object)


def _check_one_column(columns: Any, name: str) -> None:
    if len(columns) != 1:
        raise ValueError(
            f"`{name}` should be a 1d array of labels, got a table with "
            f"{len(columns)} columns. Pass the column of the labels."
        )


def _cells_of_list(cells: list[Any] | tuple[Any, ...]) -> NDArray[Any]:
    """Do the same for a list of labels or rows; strings have NumPy's type."""
    nested = all(isinstance(c, list | tuple) or np.ndim(c) == 1 for c in cells)
    widths = {len(cell) for cell in cells} if nested else set()
    if len(widths) == 1:  # rows of a table
        return object_array([c for row in cells for c in row]).reshape(len(cells), -1)
    array = object_array(cells)
    text = bool(cells) and all(type(cell) is str for cell in cells)
    return array.astype(str) if text else array


def _kind_of_cells(cells: NDArray[Any], name: str) -> str:
    """Return the type of the labels; raise if there are several."""
    first_of: dict[str, int] = {}
    names: dict[type, str] = {}
    for row, cell_type in enumerate(map(type, cells)):
        if cell_type not in names:
            names[cell_type] = _kind_name(cell_type)
            first_of.setdefault(names[cell_type], row)
    if len(first_of) > 1:
        found = ", ".join(
            f"{kind} in row {row} ({shown(cells[row], 40)})"
            for kind, row in sorted(first_of.items())
        )
        raise ValueError(
            f"`{name}` mixes labels of different types ({', '.join(sorted(first_of))}):"
            f" {found}. Convert them to one type, for example all to str."
        )
    (kind,) = first_of or {"float": 0}
    if kind not in _KINDS:
        hint = "Decode them" if kind == "bytes" else "Convert them to str"
        # The message that scikit-learn's common checks expect.
        number = kind.startswith("complex")
        what = "Complex data not supported" if number else "Unknown label type"
        raise ValueError(
            f"{what}: `{name}` has labels of type {kind}, the first is "
            f"{shown(cells[0], 40)} in row 0. Labels must be strings, integers or "
            f"booleans. {hint}."
        )
    return kind


def _kind_name(cell_type: type) -> str:
    for kind, types in _KINDS.items():
        if issubclass(cell_type, types):
            return kind
    return "bytes" if issubclass(cell_type, bytes) else cell_type.__name__


def _of_one_kind(cells: NDArray[Any], kind: str) -> NDArray[Any]:
    """Return an array of the dtype of a kind of labels."""
    if kind == "str":
        return np.fromiter(map(str.__str__, cells), dtype=object, count=len(cells))
    if kind == "bool":
        return cells.astype(bool)
    if kind == "float":
        return cells.astype(np.float64)
    whole = [int(cell) for cell in cells]
    low, high = min(whole), max(whole)
    for dtype in (np.int64, np.uint64):
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return np.array(whole, dtype=dtype)
    return np.fromiter(whole, dtype=object, count=len(whole))


def _check_finite(values: NDArray[Any], name: str) -> None:
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise ValueError(
            f"`{name}` contains infinity in {describe_rows(wrong)}; labels must be "
            "finite."
        )
