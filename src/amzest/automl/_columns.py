"""What the columns of a table contain, and which of them members can use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from amzest.utils import (
    as_native,
    as_pandas,
    cell_matrix,
    check_rows,
    check_unique_names,
    describe_text,
    is_image_path,
    is_missing_image,
    is_row,
    may_be_image,
    object_array,
    plain_image_cell,
    shown,
    shown_list,
)

#: What a column may be used as.
KINDS = ("text", "image", "number", "ignore")

#: Number of cells by which a column is recognised.
_N_CELLS = 1000

#: Two letters or more without digits: identifiers such as "B01MQDZ9L7" have none.
_WORD = re.compile(r"\b[^\W\d_]{2,}\b")


def table_of(X: Any) -> pd.DataFrame:
    """Return samples of any form as a pandas table whose column names are strings.

    A single column without a name is called "x0"; so is the column of a list of images
    or an array of them. Values are not converted.
    """
    if sparse.issparse(X):
        raise TypeError(
            "`X` is a sparse matrix; expected a table of texts, images and numbers, or "
            "a column of texts or images."
        )
    X = as_native(X)
    check_rows(X, "a table, or a column of texts or images")
    X = as_pandas(X)
    if isinstance(X, pd.Series):
        X = X.to_frame(name="x0" if X.name is None else X.name)
    if not isinstance(X, pd.DataFrame):
        X = _frame_of_cells(X)
    if 0 in X.shape:
        what = "sample(s)" if len(X) == 0 else "column(s)"
        raise ValueError(f"`X` has 0 {what}; a minimum of 1 is required.")
    names = [str(name) for name in X.columns]
    check_unique_names(names)
    return X if names == list(X.columns) else X.set_axis(names, axis=1)


def _frame_of_cells(X: Any) -> pd.DataFrame:
    """Return a list or an array as a table with the columns "x0", "x1" and so on."""
    if isinstance(X, np.ndarray) and X.ndim == 2:
        return pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])
    if not isinstance(X, np.ndarray):
        X = list(X)
        if X and all(map(is_row, X)):
            return _frame_of_cells(cell_matrix(X)).infer_objects()
    return pd.DataFrame({"x0": object_array(X)}).infer_objects()


def describe_columns(
    table: pd.DataFrame,
    column_kinds: Mapping[str, str] | None = None,
    group_column: str | None = None,
) -> pd.DataFrame:
    """Return the kind of each column, and why it is ignored if it is.

    The index are the names of the columns; `column_kinds` overrides what is recognised.
    """
    known = dict(column_kinds or {})
    unknown = [name for name in known if name not in table.columns]
    if unknown:
        raise ValueError(
            f"`column_kinds` has {shown_list(unknown)}, but the columns of `X` are "
            f"{shown_list(list(table.columns))}."
        )
    for name, kind in known.items():
        if kind not in KINDS:
            raise ValueError(
                f"`column_kinds` has {shown(kind)} for the column {shown(name)}; "
                f"expected one of {', '.join(map(repr, KINDS))}."
            )
    rows = {}
    for name in table.columns:
        if name == group_column:
            rows[name] = ("ignore", "contains the groups")
        elif name in known:
            rows[name] = (known[name], "set by `column_kinds`")
        else:
            rows[name] = _recognise(table[name])
    described = pd.DataFrame.from_dict(rows, orient="index", columns=["kind", "reason"])
    return described.rename_axis("column")


def _recognise(column: pd.Series) -> tuple[str, str]:
    """Return the kind of a column, and the reason why it is ignored."""
    present = column[column.notna()]
    if pd.api.types.is_numeric_dtype(column.dtype):
        return _recognise_numbers(present)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return "ignore", "contains dates"
    # Evenly spaced: the first rows of a sorted table are alike.
    places = np.linspace(0, len(present) - 1, min(len(present), _N_CELLS)).astype(int)
    cells = [c for c in present.iloc[places] if not is_missing_image(c)]
    if not cells:
        return "ignore", "all cells are missing"
    if all(isinstance(cell, str) for cell in cells):
        return _recognise_texts(cells)
    if all(may_be_image(plain_image_cell(cell)) for cell in cells):
        return "image", ""
    types = sorted({type(cell).__name__ for cell in cells})
    if all(isinstance(cell, Number) for cell in cells):
        return "ignore", "numbers as Python objects: convert with pandas.to_numeric"
    if set(types) <= {"list", "tuple", "ndarray"}:
        return "ignore", "cells are lists: join their items into one text"
    return "ignore", f"cells are of type {', '.join(types)}"


def _recognise_numbers(present: pd.Series) -> tuple[str, str]:
    if pd.api.types.is_complex_dtype(present.dtype):
        return "ignore", "contains complex numbers"
    n_values = present.nunique()
    if n_values < 2:
        return "ignore", "all values are equal or missing"
    if n_values == len(present) and pd.api.types.is_integer_dtype(present.dtype):
        # A running number is known of no new product, and reveals the category of
        # tables that are sorted by it.
        return "ignore", "distinct integers: an identifier"
    return "number", ""


def _recognise_texts(cells: Sequence[str]) -> tuple[str, str]:
    half = len(cells) / 2
    problems = [describe_text(cell) or "" for cell in cells]
    if sum("URL" in problem for problem in problems) > half:
        return "ignore", "contains URLs: download images first (download_images)"
    if sum("decode it" in problem for problem in problems) > half:
        return "ignore", "contains encoded images as text: decode them to bytes first"
    if sum(map(is_image_path, cells)) > half:
        return "image", ""
    if len(set(cells)) < 2:
        return "ignore", "all texts are equal or missing"
    if sum(_WORD.search(cell) is not None for cell in cells) < half:
        return "ignore", "identifiers or numbers as text, no words"
    return "text", ""


def select_columns(X: Any, names: Sequence[str]) -> pd.DataFrame:
    """Return the columns that a fitted model uses, of samples of any form."""
    table = table_of(X)
    lost = [name for name in names if name not in table.columns]
    if lost:
        raise ValueError(
            f"`X` lacks the columns {shown_list(lost)} that `fit` used; it has "
            f"{shown_list(list(table.columns))}."
        )
    return table[list(names)]
