"""Validation of the container in which a user passes samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MappingView, Set
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas.api.typing import DataFrameGroupBy, SeriesGroupBy
from scipy import sparse

from amzest.utils._tables import check_unique_names, column_names, is_table

_TABLE, _LIST = "Convert it to a table: pandas.DataFrame(X).", "Pass list(X)."


def check_rows(X: Any, expected: str, single: str = "row") -> None:
    """Raise if `X` is not a container of rows that can be counted and read repeatedly.

    `expected` and `single` describe, in messages, what `X` should be and one row of it.
    """
    if is_table(X):
        check_unique_names(column_names(X))
        return
    find = _problem_of_array if isinstance(X, np.ndarray) else _problem_of_object
    problem, remedy = find(X, single)
    if problem:
        raise TypeError(f"`X` is {problem}; expected {expected}. {remedy}".rstrip())


def _problem_of_array(X: NDArray[Any], single: str) -> tuple[str, str]:
    """Return why an array has no rows, and the remedy; empty texts if it has."""
    if X.ndim == 0:
        remedy = f"Wrap one {single} in a list: [X.item()]."
        return "an array without dimensions", remedy
    if X.dtype.names is not None:
        fields = ", ".join(X.dtype.names)
        return f"a structured array with the fields {fields}", _TABLE
    if np.ma.is_masked(X):
        raise ValueError(
            "`X` is a masked array, and its masked values would be used. "
            "Mark these cells as missing instead: X.astype(object).filled(None)."
        )
    return "", ""


def _problem_of_object(X: Any, single: str) -> tuple[str, str]:
    """Return why another object has no rows, and the remedy."""
    kind = type(X).__name__
    if X is None:
        return "None", ""
    if isinstance(X, DataFrameGroupBy | SeriesGroupBy):
        remedy = "Pass the table or column that was grouped."
        return f"a {kind}, which has groups and no rows", remedy
    if sparse.issparse(X):
        remedy = "Use '.toarray()' to pass it as a dense array."
        return f"a sparse matrix of numbers ({kind})", remedy
    if isinstance(X, Mapping):
        return f"a mapping ({kind}), of which only the keys would be read", _TABLE
    if isinstance(X, MappingView):
        return f"a view of a mapping ({kind})", _LIST
    if isinstance(X, Set):
        return f"a {kind}, whose order is arbitrary, unlike that of the labels", _LIST
    if isinstance(X, Iterator):
        return f"an iterator ({kind}), which can be read only once", _LIST
    # Torch tensors and the like are arrays by `__array__`; a class has the methods of
    # its instances.
    array = hasattr(X, "__array__")
    if isinstance(X, str | bytes | bytearray | memoryview | PurePath | type) or not (
        array or isinstance(X, Iterable) or hasattr(X, "__getitem__")
    ):
        return f"a single {kind}", f"Wrap one {single} in a list: [{single}]."
    if not array and not (hasattr(X, "__len__") and hasattr(X, "__getitem__")):
        return f"a {kind}, whose rows cannot be counted or indexed", _LIST
    return "", ""
