"""The state of the files that cells name, as part of a key of cached results."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

import numpy as np

from amzest.utils._image_cells import plain_image_cell
from amzest.utils._image_references import ImageReference
from amzest.utils._tables import as_pandas

# Titles and descriptions are not looked up in the file system: on a network drive each
# lookup is a request.
_SUFFIX = re.compile(r"\.\w{1,5}")

FileState = tuple[str, int, int]


def file_states(X: Any, root: str | os.PathLike[str] | None = None) -> list[FileState]:
    """Return path, size and time of last change of each existing file named in X."""
    paths = set()
    for cell in _cells(X):
        if isinstance(cell, ImageReference):
            paths.add(cell.path)
            continue
        plain = plain_image_cell(cell)
        if isinstance(plain, str | PurePath) and _SUFFIX.fullmatch(
            os.path.splitext(plain)[1]
        ):
            paths.add(os.path.join(root or "", plain))
    states = []
    for path in sorted(paths):
        try:
            state = os.stat(path)
        except (OSError, ValueError):  # not a file, or not a path
            continue
        states.append((path, state.st_size, state.st_mtime_ns))
    return states


def _cells(X: Any) -> Iterator[Any]:
    """Iterate over the cells of a list, or of a table or array of objects."""
    X = as_pandas(X)
    if hasattr(X, "to_numpy"):
        X = X.to_numpy(dtype=object)
    if isinstance(X, np.ndarray):
        X = X.ravel() if X.dtype.kind in "OUT" else []
    return iter(X if isinstance(X, list | np.ndarray) else [])
