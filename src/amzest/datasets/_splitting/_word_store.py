"""Arrays of the words of many texts, in a temporary file if there are very many."""

from __future__ import annotations

import tempfile
from array import array
from typing import Any

import numpy as np
from numpy.typing import NDArray

Int32 = NDArray[np.int32]

#: Number of words that are kept in memory, 1 GiB of them.
MAX_IN_MEMORY = 1 << 28


class WordStore:
    """Numbers of words that are appended, and then read as one array.

    The temporary file is mapped into memory: the system reads and drops its pages as
    needed. It is removed when the array is no longer used.
    """

    def __init__(self) -> None:
        self._words = array("i")
        self._file: Any = None
        self._n_written = 0

    def extend(self, words: Int32 | array[int]) -> None:
        """Append words."""
        self._words.frombytes(words.tobytes())
        if self._n_written + len(self._words) > MAX_IN_MEMORY:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="amzest-")  # noqa: SIM115
            self._words.tofile(self._file)
            self._n_written += len(self._words)
            self._words = array("i")

    def read(self) -> Int32:
        """Return all words."""
        if self._file is None:
            return np.frombuffer(self._words, dtype=np.int32)
        self._words.tofile(self._file)
        self._n_written += len(self._words)
        self._words = array("i")
        with self._file as file:  # the array keeps it open
            file.flush()
            return np.memmap(file, np.int32, "r", shape=(self._n_written,))


def empty_words(n_words: int) -> Int32:
    """Return an array to be filled, in a temporary file if it is very large."""
    if n_words <= MAX_IN_MEMORY:
        return np.empty(n_words, dtype=np.int32)
    with tempfile.TemporaryFile(prefix="amzest-") as file:
        return np.memmap(file, np.int32, "w+", shape=(n_words,))
