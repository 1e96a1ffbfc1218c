"""From any accepted image column to an array of cells, and what a cell refers to."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.utils import (
    MAX_PIXELS,
    ImageReference,
    as_native,
    as_pandas,
    cell_matrix,
    check_rows,
    object_array,
    shown_list,
)


def image_cells(X: Any) -> tuple[NDArray[np.object_], str | None]:
    """Return the cells of a column, list or numeric array, and the column's name.

    A numeric array has the shape (n, height, width) or (n, height, width, channels).
    """
    X = as_native(X)
    check_rows(X, "a column of images: a list, Series, array or table", "image")
    X = as_pandas(X)
    name: str | None = None
    if isinstance(X, pd.DataFrame):
        _check_one_column(X.shape[1], list(X.columns))
        X = X.iloc[:, 0]
    if isinstance(X, pd.Series):
        name = X.name if isinstance(X.name, str) else None
        X = X.to_numpy(dtype=object)
    if not isinstance(X, Iterable):
        X = np.asarray(X)
    if isinstance(X, np.ndarray):
        cells = _cells_of_array(X)
    else:
        rows = list(X)
        if rows and all(isinstance(row, list | tuple) for row in rows):
            table = cell_matrix(rows)
            _check_one_column(table.shape[1], None)
            cells = table[:, 0]
        else:
            cells = object_array(rows)
    if len(cells) == 0:
        raise ValueError("`X` has 0 rows; a minimum of 1 is required.")
    return cells, name


def _check_one_column(n_columns: int, names: list[Any] | None) -> None:
    if n_columns != 1:
        listed = f" ({shown_list(names)})" if names else ""
        raise ValueError(
            f"`X` has {n_columns} columns{listed}, but an image classifier expects one."
            ' Select it with ColumnSelector("image") in front.'
        )


def _cells_of_array(array: NDArray[Any]) -> NDArray[np.object_]:
    if array.dtype.kind == "S":
        raise ValueError(
            "`X` is an array of fixed-width bytes, which drops trailing NUL bytes of "
            "image files. Pass a list of bytes or an array of dtype object."
        )
    if array.dtype.kind in "OUT":
        if array.ndim == 2:
            _check_one_column(array.shape[1], None)
            array = array[:, 0]
        if array.ndim != 1:
            raise ValueError(
                f"`X` is an object array of shape {array.shape}; expected one column "
                "of cells."
            )
        return object_array(array)
    if array.ndim in (3, 4):
        return object_array(array)
    raise ValueError(
        f"`X` is a numeric array of shape {array.shape}, which holds no images. "
        "Expected (n, height, width) or (n, height, width, channels)."
    )


def image_key(
    cell: Any, root: Path | None, size: int, max_pixels: int = MAX_PIXELS
) -> Hashable | None:
    """Return a key of the decoded image of a file or bytes; None for all other cells.

    An image within a larger file has the key of its reference.

    The key of a file has its size and times, so that a changed file is decoded again.
    `max_pixels` is part of it: an image decoded under a higher limit is not found under
    a lower one, where it is an error.
    """
    if isinstance(cell, bytes | bytearray | memoryview):
        digest = hashlib.blake2b(cell, digest_size=20).digest()
        return "image", digest, size, max_pixels
    if isinstance(cell, ImageReference):
        return "image", cell.key, size, max_pixels
    if not isinstance(cell, str | os.PathLike):
        return None
    try:
        path = os.fspath(cell if root is None else os.path.join(root, cell))
        found = os.stat(path)
    except (OSError, ValueError):  # the error that decoding raises explains it
        return None
    return (
        "image",
        os.path.abspath(path),
        found.st_dev,
        found.st_ino,
        found.st_size,
        found.st_mtime_ns,
        found.st_ctime_ns,
        size,
        max_pixels,
    )


def reading_order(cells: NDArray[np.object_], rows: list[int]) -> list[int]:
    """Sort rows so that images within a larger file are read from its start to its end.

    Shuffled rows would decompress the same part of a Parquet file again and again.
    """
    keys = {r: c.key for r in rows if isinstance(c := cells[r], ImageReference)}
    others = [row for row in rows if row not in keys] if keys else rows
    return others + sorted(keys, key=keys.__getitem__)
