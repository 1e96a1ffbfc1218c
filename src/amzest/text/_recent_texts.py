"""Texts that were read lately, for the next network that is given the same."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.text._tokens import TokenisedTexts, tokenise
from amzest.utils import ForkSafeLock

#: Bytes that are remembered in all: those of some 150,000 titles.
MAX_BYTES = 512 * 2**20

#: Fewer cells are read faster than looked up.
_MIN_CELLS = 64


class RecentTexts:
    """Columns of texts, tokenized and numbered; the least recently used are forgotten.

    A search fits one network after the other on the same folds, and what is read of a
    text depends on no parameter but `max_length`: candidates share it. The texts
    themselves are not kept, only a digest of them.

    Parameters
    ----------
    max_bytes : int
        Bytes that are remembered in all: tokens, words, and what was counted in them.
        Columns that need more alone, or have more characters, are not remembered.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self._kept: OrderedDict[bytes, TokenisedTexts] = OrderedDict()
        self._lock = ForkSafeLock()

    @property
    def n_bytes(self) -> int:
        """Bytes of what is remembered."""
        with self._lock:
            return sum(map(_n_bytes, self._kept.values()))

    def read(self, cells: NDArray[np.object_], max_length: int) -> TokenisedTexts:
        """Return what :func:`amzest.text._tokens.tokenise` does.

        Parameters
        ----------
        cells : ndarray of shape (n_rows, n_columns), dtype object
            Strings.

        max_length : int
            Words, and chunks, kept of each cell.

        Returns
        -------
        TokenisedTexts
            The rows; not to be changed.
        """
        flat = cells.ravel().tolist()
        lengths = np.fromiter(map(len, flat), dtype=np.int64, count=len(flat))
        if len(flat) < _MIN_CELLS or lengths.sum() > self.max_bytes:
            return tokenise(cells, max_length)
        key = blake2b(repr((max_length, cells.shape)).encode())
        key.update(lengths.tobytes())
        key.update("".join(flat).encode("utf-8", "surrogatepass"))
        digest = key.digest()
        with self._lock:
            found = self._kept.get(digest)
            if found is not None:
                self._kept.move_to_end(digest)
        if found is not None:
            return found
        texts = tokenise(cells, max_length)
        texts = replace(texts, counted=_Counted(self._forget))
        with self._lock:
            texts = self._kept.setdefault(digest, texts)
        self._forget()
        return texts

    def _forget(self) -> None:
        """Forget the least recently used texts that are above the limit."""
        with self._lock:
            excess = sum(map(_n_bytes, self._kept.values())) - self.max_bytes
            # What is too large alone goes first; it would not leave room for others.
            for digest, texts in list(self._kept.items()):
                if _n_bytes(texts) > self.max_bytes:
                    excess -= _n_bytes(self._kept.pop(digest))
            while excess > 0:
                excess -= _n_bytes(self._kept.popitem(last=False)[1])


class _Counted(dict[Any, Any]):
    """What was counted in texts: they grow after they were remembered."""

    def __init__(self, grown: Callable[[], None]) -> None:
        super().__init__()
        self._grown = grown

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        self._grown()


def _n_bytes(texts: TokenisedTexts) -> int:
    counted: int = sum(value.n_bytes for value in list(texts.counted.values()))
    return texts.words.n_bytes + texts.chunks.n_bytes + counted


#: What all text classifiers of a process share.
RECENT_TEXTS = RecentTexts()
