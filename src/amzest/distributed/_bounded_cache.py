"""The cache of the process during predictions in pieces."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from amzest.utils import ForkSafeLock, cache_info, set_cache_limit

#: Added to twice the size of the cache after the first piece.
_RESERVE = 2**26


class BoundedCache:
    """Context manager within which `after_piece` bounds the cache.

    Texts and images of earlier pieces do not occur again, but would fill the cache up
    to its limit. After the first piece it contains the networks and one piece; with
    twice this size as the limit, the networks, which each piece uses, stay in it.

    Several threads can be in the context at the same time, and it can be entered again:
    the limit is found once.
    """

    def __init__(self) -> None:
        self._limit: int | None = None
        self._before = 0
        self._n_users = 0
        self._lock = ForkSafeLock()

    def __enter__(self) -> Self:
        with self._lock:
            if self._n_users == 0:
                self._before = cache_info().max_bytes
                self._lower()
            self._n_users += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            self._n_users -= 1
            if self._n_users == 0:
                set_cache_limit(self._before)

    def after_piece(self) -> None:
        """Find the limit after the first piece."""
        with self._lock:
            if self._limit is None:
                self._limit = 2 * cache_info().n_bytes + _RESERVE
                self._lower()

    def _lower(self) -> None:
        if self._limit is not None:
            set_cache_limit(min(self._before, self._limit))
