"""The cache of the process during predictions in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from amzest.utils import cache_info, set_cache_limit

#: Added to twice the size of the cache after the first piece.
_RESERVE = 2**26


@contextmanager
def bounded_cache() -> Iterator[Any]:
    """Yield a function to be called after each piece, which bounds the cache.

    Texts and images of earlier pieces do not occur again, but would fill the cache up
    to its limit. After the first piece it contains the networks and one piece; with
    twice this size as the limit, the networks, which each piece uses, stay in it.
    """
    before = cache_info().max_bytes
    is_first = True

    def after_piece() -> None:
        nonlocal is_first
        if is_first:
            is_first = False
            set_cache_limit(min(before, 2 * cache_info().n_bytes + _RESERVE))

    try:
        yield after_piece
    finally:
        set_cache_limit(before)
