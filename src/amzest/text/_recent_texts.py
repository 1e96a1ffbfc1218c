"""Tokenized texts in the cache, for the next network that is given the same texts."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.text._tokens import TokenisedTexts, tokenise
from amzest.utils import CACHE

#: Fewer cells are tokenized faster than they are looked up.
MIN_CELLS = 64

#: Cells whose texts are joined at a time, to limit memory.
_CELLS_PER_UPDATE = 2**14


def recent_texts(cells: NDArray[np.object_], max_length: int) -> TokenisedTexts:
    """Tokenize cells of shape (n_rows, n_columns), unless the cache has their tokens.

    Candidates of a search share them: the tokens depend on `max_length` alone. The
    result is shared, and not to be changed.
    """
    flat = cells.ravel().tolist()
    lengths = np.fromiter(map(len, flat), dtype=np.int64, count=len(flat))
    if len(flat) < MIN_CELLS or lengths.sum() > CACHE.max_bytes:
        return tokenise(cells, max_length)
    # The lengths distinguish cells that join to the same text, such as "ab", "c" and
    # "a", "bc". A digest does not keep the texts themselves in memory.
    digest = blake2b(repr((max_length, cells.shape)).encode())
    digest.update(lengths.tobytes())
    for start in range(0, len(flat), _CELLS_PER_UPDATE):
        part = "".join(flat[start : start + _CELLS_PER_UPDATE])
        digest.update(part.encode("utf-8", "surrogatepass"))
    key = "texts", digest.digest()
    texts = CACHE.get(key)
    if texts is None:
        texts = replace(tokenise(cells, max_length), counted=_Counted(key))
        CACHE.put(key, texts, _n_bytes(texts))
    return texts


class _Counted(dict[Any, Any]):
    """Features counted in texts, which grow after the cache was given the texts."""

    def __init__(self, key: Hashable) -> None:
        super().__init__()
        self._key = key

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        texts = CACHE.get(self._key)
        if texts is not None and texts.counted is self:
            CACHE.resize(self._key, texts, _n_bytes(texts))


def _n_bytes(texts: TokenisedTexts) -> int:
    counted: int = sum(value.n_bytes for value in list(texts.counted.values()))
    return texts.words.n_bytes + texts.chunks.n_bytes + counted
