"""Arrays that grow part by part, in a temporary file above a stated size."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Callable
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

#: Larger arrays are memory-mapped from a temporary file: the system reads its pages
#: when they are used, and drops them again when memory is short.
MAX_BYTES_IN_MEMORY = 2**26


def temporary_file() -> IO[bytes]:
    """Open a file without a name, which is removed when it is closed."""
    return tempfile.TemporaryFile(prefix="amzest-arrays-")


def write_array(file: IO[bytes], array: NDArray[Any]) -> None:
    """Append an array to a temporary file."""
    try:
        file.write(np.ascontiguousarray(array).data)
    except OSError as error:
        raise OSError(
            error.errno,
            f"encoded texts cannot be written ({error.strerror}); make room there, or "
            "set TMPDIR to another folder",
            tempfile.gettempdir(),
        ) from error


class ArrayParts:
    """A one-dimensional array that parts are appended to.

    Up to `MAX_BYTES_IN_MEMORY` it is in memory, above it in a temporary file, which is
    removed with the last reference to the array.
    """

    def __init__(self, dtype: DTypeLike) -> None:
        self._dtype = np.dtype(dtype)
        self._parts: list[NDArray[Any]] = []
        self._n_bytes = 0
        self._file: IO[bytes] | None = None

    def append(self, part: NDArray[Any]) -> None:
        """Append a part."""
        part = part.astype(self._dtype, copy=False)
        self._n_bytes += part.nbytes
        if self._file is None and self._n_bytes > MAX_BYTES_IN_MEMORY:
            self._file = temporary_file()
            for kept in self._parts:
                write_array(self._file, kept)
            self._parts.clear()
        if self._file is None:
            self._parts.append(part)
        elif len(part):
            write_array(self._file, part)

    def array(self) -> NDArray[Any]:
        """Return the array of all parts; one in a file is read-only."""
        if self._file is None:
            empty = np.empty(0, dtype=self._dtype)
            return np.concatenate([empty, *self._parts])
        with self._file as file:
            file.flush()
            mapped = np.memmap(file, dtype=self._dtype, mode="r")
        # The map keeps a file descriptor of its own, and the file with it.
        return mapped.view(np.ndarray)


def release_pages(array: NDArray[Any]) -> None:
    """Release the memory of a mapped array, which is read again when it is used.

    The system would keep its pages as long as memory is not short.
    """
    base: Any = array
    while base is not None and not isinstance(base, mmap.mmap):
        base = getattr(base, "base", None)
    if base is not None and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


def concatenated(
    function: Callable[[Any], NDArray[Any]], items: Any, dtype: DTypeLike
) -> NDArray[Any]:
    """Return the results of a function for several items as one array."""
    parts = ArrayParts(dtype)
    for item in items:
        parts.append(function(item))
    return parts.array()
