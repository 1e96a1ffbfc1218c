"""What fits and predictions of one process share: one cache with one limit.

A search or a cross-validation fits many networks on the same rows. Decoded images,
tokenized texts, embeddings of pretrained networks and the live networks of fitted
estimators are therefore kept here, by keys that identify what they were computed from.
They can be computed again at any time: predictions depend neither on the limit nor on
what the cache holds.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from numbers import Integral
from typing import Any, NamedTuple

from sklearn.utils._param_validation import Interval

from amzest.utils._forking import ForkSafeLock
from amzest.utils._param_validation import validate_params

#: 1 GiB of decoded images, the default `max_memory`, and 512 MiB of all else.
DEFAULT_MAX_BYTES = 3 * 2**29
#: Bytes of decoded images that are kept in temporary files.
MAX_BYTES_ON_DISK = 2**32


class LRUCache:
    """Values by key, of which the least recently used are dropped above a limit."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._n_bytes = 0
        self._entries: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._lock = ForkSafeLock()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def n_bytes(self) -> int:
        """Bytes of all values."""
        return self._n_bytes

    @property
    def max_bytes(self) -> int:
        """Limit in bytes; lowering it drops what no longer fits."""
        return self._max_bytes

    @max_bytes.setter
    def max_bytes(self, max_bytes: int) -> None:
        with self._lock:
            self._max_bytes = max_bytes
            dropped = self._drop_excess()
        del dropped  # see `put`

    def get(self, key: Hashable) -> Any:
        """Return a value, now the most recently used one, or None."""
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            return self._entries[key][0]

    def put(self, key: Hashable, value: Any, n_bytes: int) -> None:
        """Keep a value; one that exceeds the limit alone leaves all others in place."""
        with self._lock:
            dropped = self._replace(key, value, n_bytes)
        # Values are freed after the lock is released: the destructor of a network may
        # wait for a thread that waits for the cache.
        del dropped

    def resize(self, key: Hashable, value: Any, n_bytes: int) -> None:
        """Note that a value has grown, unless another one has replaced it."""
        with self._lock:
            if key not in self._entries or self._entries[key][0] is not value:
                return
            dropped = self._replace(key, value, n_bytes)
        del dropped  # see `put`

    def discard(self, key: Hashable) -> None:
        """Drop a value if it is there."""
        with self._lock:
            dropped = self._pop(key)
        del dropped  # see `put`

    def clear(self) -> None:
        """Drop all values."""
        with self._lock:
            dropped, self._entries = self._entries, OrderedDict()
            self._n_bytes = 0
        del dropped  # see `put`

    def _replace(self, key: Hashable, value: Any, n_bytes: int) -> list[Any]:
        dropped = [self._pop(key)]
        if n_bytes <= self._max_bytes:
            self._entries[key] = value, n_bytes
            self._n_bytes += n_bytes
            dropped += self._drop_excess()
        return dropped

    def _drop_excess(self) -> list[Any]:
        dropped = []
        while self._n_bytes > self._max_bytes:
            dropped.append(self._pop(next(iter(self._entries))))
        return dropped

    def _pop(self, key: Hashable) -> Any:
        value, n_bytes = self._entries.pop(key, (None, 0))
        self._n_bytes -= n_bytes
        return value


#: The cache of this process, and the decoded images that it keeps in temporary files:
#: these take no memory and have a limit of their own.
CACHE, CACHE_ON_DISK = LRUCache(DEFAULT_MAX_BYTES), LRUCache(MAX_BYTES_ON_DISK)


class CacheInfo(NamedTuple):
    """Size of the cache of this process.

    Parameters
    ----------
    n_bytes : int
        Bytes in memory.

    max_bytes : int
        Limit of `n_bytes`.

    n_entries : int
        Number of images, columns of texts, embeddings of cells and networks in memory.

    n_bytes_on_disk : int
        Bytes of decoded images in temporary files, at most 4 GiB.
    """

    n_bytes: int
    max_bytes: int
    n_entries: int
    n_bytes_on_disk: int


def cache_info() -> CacheInfo:
    """Return the size of the cache that all estimators of this process share.

    The cache holds decoded images, tokenized texts, embeddings of pretrained networks
    and the networks of fitted estimators, so that a search or a cross-validation
    decodes each image, tokenizes each text and computes each embedding once. A network
    counts with the bytes of its weights. Each process has a cache of its own.

    Returns
    -------
    CacheInfo
        Named tuple of `n_bytes`, `max_bytes`, `n_entries` and `n_bytes_on_disk`.

    See Also
    --------
    set_cache_limit : Set the limit of the cache.
    clear_cache : Empty the cache.

    Examples
    --------
    >>> import amzest
    >>> amzest.clear_cache()
    >>> amzest.cache_info().n_bytes
    0
    """
    return CacheInfo(CACHE.n_bytes, CACHE.max_bytes, len(CACHE), CACHE_ON_DISK.n_bytes)


@validate_params({"max_bytes": [Interval(Integral, 0, None, closed="left")]})
def set_cache_limit(max_bytes: int) -> None:
    """Set the limit of the cache that all estimators of this process share.

    Above the limit the least recently used entries are dropped. Predictions do not
    depend on the limit, only the time they take. Worker processes start with the
    default, 1.5 GiB.

    Parameters
    ----------
    max_bytes : int
        Bytes kept in memory; 0 keeps nothing.

    Raises
    ------
    InvalidParameterError
        If `max_bytes` is not a non-negative integer. It is a `ValueError`.

    See Also
    --------
    cache_info : Return the size of the cache.
    clear_cache : Empty the cache.

    Examples
    --------
    >>> import amzest
    >>> limit = amzest.cache_info().max_bytes
    >>> amzest.set_cache_limit(256 * 2**20)
    >>> amzest.cache_info().max_bytes
    268435456
    >>> amzest.set_cache_limit(limit)
    """
    CACHE.max_bytes = int(max_bytes)


def clear_cache() -> None:
    """Empty the cache that all estimators of this process share.

    Fitted estimators stay fitted: their networks are rebuilt from the fitted weights
    when they next predict. Temporary files of decoded images are removed.

    See Also
    --------
    cache_info : Return the size of the cache.
    set_cache_limit : Set the limit of the cache.

    Examples
    --------
    >>> import amzest
    >>> amzest.clear_cache()
    """
    CACHE.clear()
    CACHE_ON_DISK.clear()
