"""Validation of the container in which a user passes samples."""

from __future__ import annotations

from collections.abc import (
    Iterable,
    Iterator,
    Mapping,
    MappingView,
    Set,
)
from pathlib import PurePath
from typing import Any

import numpy as np
from pandas.api.typing import DataFrameGroupBy, SeriesGroupBy
from scipy import sparse

from amzest.utils._tables import check_unique_names, column_names, is_table


def check_rows(X: Any, expected: str, single: str = "row") -> None:
    """Raise if `X` is not a container of rows that can be counted and read repeatedly.

    `expected` and `single` describe, in messages, what `X` should be and one row of it.
    """
    kind = type(X).__name__
    problem = remedy = ""
    if is_table(X):
        check_unique_names(column_names(X))
    elif X is None:
        problem = "None"
    elif isinstance(X, np.ndarray):
        if X.ndim == 0:
            problem = "an array without dimensions"
            remedy = f"Wrap one {single} in a list: [X.item()]."
        elif X.dtype.names is not None:
            problem = f"a structured array with the fields {', '.join(X.dtype.names)}"
            remedy = "Convert it to a table: pandas.DataFrame(X)."
        elif np.ma.is_masked(X):
            raise ValueError(
                "`X` is a masked array, and its masked values would be used. "
                "Mark these cells as missing instead: X.astype(object).filled(None)."
            )
    elif isinstance(X, DataFrameGroupBy | SeriesGroupBy):
        problem = f"a {kind}, which has groups and no rows"
        remedy = "Pass the table or column that was grouped."
    elif sparse.issparse(X):
        problem = f"a sparse matrix of numbers ({kind})"
        remedy = "Use '.toarray()' to pass it as a dense array."
    elif isinstance(X, Mapping):
        problem = f"a mapping ({kind}), of which only the keys would be read"
        remedy = "Convert it to a table: pandas.DataFrame(X)."
    elif isinstance(X, Set) and not isinstance(X, MappingView):
        problem = f"a {kind}, whose order is arbitrary, unlike that of the labels"
        remedy = "Pass a list."
    elif isinstance(X, MappingView):
        problem, remedy = f"a view of a mapping ({kind})", "Pass list(X)."
    elif isinstance(X, Iterator):
        problem = f"an iterator ({kind}), which can be read only once"
        remedy = "Pass list(X)."
    elif isinstance(X, str | bytes | bytearray | memoryview | PurePath | type) or not (
        isinstance(X, Iterable) or hasattr(X, "__getitem__") or hasattr(X, "__array__")
    ):
        problem, remedy = (
            f"a single {kind}",
            f"Wrap one {single} in a list: [{single}].",
        )
    elif not hasattr(X, "__array__") and not (
        hasattr(X, "__len__") and hasattr(X, "__getitem__")
    ):
        problem = f"a {kind}, whose rows cannot be counted or indexed"
        remedy = "Pass list(X)."
    if problem:
        raise TypeError(f"`X` is {problem}; expected {expected}. {remedy}".rstrip())
