"""Whether what a user passed as rows is a collection of rows in an order."""

from __future__ import annotations

from collections.abc import (
    Iterable,
    Iterator,
    Mapping,
    MappingView,
    Sequence,
    Set,
)
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from amzest.utils._tables import check_unique_names, column_names, is_table


def check_rows(X: Any, expected: str, single: str = "row") -> None:
    """Check that `X` holds rows that can be counted, and read more than once.

    Parameters
    ----------
    X : object
        What the user passed as rows.

    expected : str
        What it should have been, for messages: "a column of texts: a list or Series".

    single : str, default="row"
        What one row is, for messages.

    Raises
    ------
    TypeError
        If it is one row, None, a mapping, a set, an iterator, a sparse matrix, or an
        array that is structured or without dimensions.
    ValueError
        If it is an array with masked cells, or a table whose columns have several
        levels of names or one name twice.
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
            remedy = "Make a table of it: pandas.DataFrame(X)."
        elif np.ma.is_masked(X):
            raise ValueError(
                "`X` is a masked array, and the values behind its mask would be read. "
                "Mark these cells as missing instead: X.astype(object).filled(None)."
            )
    elif sparse.issparse(X):
        problem = f"a sparse matrix of numbers ({kind})"
        remedy = "Use '.toarray()' if the numbers are meant."
    elif isinstance(X, Mapping):
        problem = f"a mapping ({kind}), of which only the keys would be read"
        remedy = "Make a table of it: pandas.DataFrame(X)."
    elif isinstance(X, Set) and not isinstance(X, MappingView):
        problem = f"a {kind}, whose order has nothing to do with that of the labels"
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
        problem = f"a {kind}, whose rows cannot be counted or picked"
        remedy = "Pass list(X)."
    if problem:
        raise TypeError(f"`X` is {problem}; expected {expected}. {remedy}".rstrip())


def cell_matrix(rows: Sequence[Any]) -> NDArray[np.object_]:
    """Put rows into a 2-D array cell by cell, so that no cell becomes a dimension.

    Parameters
    ----------
    rows : sequence of sequences
        Rows of a table, each with its cells; at least one.

    Returns
    -------
    ndarray of shape (n_rows, n_columns), dtype object
        The cells, untouched.

    Raises
    ------
    ValueError
        If rows have different numbers of cells; names the first one that differs.
    """
    width = len(rows[0])
    for number, row in enumerate(rows):
        if len(row) != width:
            raise ValueError(
                f"`X` row {number} has length {len(row)}, but row 0 has length {width}."
                " Give each row a cell for each column; None is a missing one."
            )
    cells = np.empty((len(rows), width), dtype=object)
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            cells[i, j] = cell
    return cells


def is_row(row: Any) -> bool:
    """Return whether a row of a list is made of cells: a list, tuple or 1-D array."""
    return isinstance(row, list | tuple) or (
        isinstance(row, np.ndarray | pd.Series) and row.ndim == 1
    )
