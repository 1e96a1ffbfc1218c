"""Embeddings of cells by content: each distinct cell is encoded once.

The vector of a cell depends on its content and on the model, not on the other rows of a
table. It is therefore kept by a digest of the cell, so that folds, candidates of a
search and shuffled tables share it, which a cache by whole arrays cannot do.
"""

from __future__ import annotations

import os
from collections.abc import (
    Callable,
    Mapping,
    Sequence,
)
from contextlib import closing
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from amzest.pretrained._cell_digests import image_digest, text_digest
from amzest.utils import CACHE, ForkSafeLock, available_threads, claimed_parts

if TYPE_CHECKING:
    from amzest.pretrained._embedding_file import EmbeddingFile

__all__ = [
    "EmbeddingCache",
    "embed_cells",
    "image_digest",
    "open_cache",
    "text_digest",
]

Vectors = dict[bytes, NDArray[np.float32]]
Encode = Callable[[list[Any]], NDArray[np.float32]]

#: Bytes of the key and the array object of an entry in memory.
_ENTRY_BYTES = 400
#: Larger vectors of a folder are not kept in memory as well: feature maps of images.
_MAX_BYTES_IN_MEMORY = 2**14
#: Bytes that are looked up at a time.
_LOOK_UP_BYTES = 2**25
#: Cells of a part: at least, and for each thread.
_MIN_PART, _PART_PER_THREAD = 256, 64
#: Bytes of the vectors of a part, at most.
_PART_BYTES = 2**26

#: Held while cells are encoded, so that threads do not encode the same cells twice.
_ENCODING = ForkSafeLock()


class EmbeddingCache(Protocol):
    """Where vectors are kept, by a namespace (the model) and the digest of a cell."""

    def get_many(self, namespace: str, digests: Sequence[bytes]) -> Vectors:
        """Return the vectors that are there, not to be changed."""

    def put_many(self, namespace: str, rows: Mapping[bytes, NDArray[Any]]) -> None:
        """Keep vectors, and release the cells if they were claimed."""

    def claim(self, namespace: str, digests: Sequence[bytes]) -> list[bytes]:
        """Return the cells to encode here; the others are encoded by other processes.

        `get_many` finds those later, or `claim` returns them if that process died.
        """

    def release(self, namespace: str, digests: Sequence[bytes]) -> None:
        """Release claimed cells that were not encoded."""


def open_cache(cache: bool | str | os.PathLike[str]) -> EmbeddingCache:
    """Return the cache for the parameter `cache` of an estimator.

    True keeps vectors in the memory of this process, a folder in a file that processes
    share, False nowhere. The folder is created when the first vector is written.
    """
    if isinstance(cache, str | os.PathLike):
        from amzest.pretrained._embedding_file import FILE_NAME, EmbeddingFile

        folder = Path(cache).expanduser().absolute()
        if not str(cache) or (folder.exists() and not folder.is_dir()):
            raise ValueError(
                f"`cache`: {str(cache)!r} is not a folder. Pass the path of a folder, "
                "which is created if it does not exist, True or False."
            )
        return FolderCache(EmbeddingFile(folder / FILE_NAME))
    return MemoryCache() if cache else NoCache()


class NoCache:
    """Keeps nothing."""

    def get_many(self, namespace: str, digests: Sequence[bytes]) -> Vectors:
        """Return nothing."""
        return {}

    def put_many(self, namespace: str, rows: Mapping[bytes, NDArray[Any]]) -> None:
        """Do nothing."""

    def claim(self, namespace: str, digests: Sequence[bytes]) -> list[bytes]:
        """Return all cells."""
        return list(digests)

    def release(self, namespace: str, digests: Sequence[bytes]) -> None:
        """Do nothing."""


class MemoryCache(NoCache):
    """Vectors in the cache of this process, with its limit."""

    def get_many(self, namespace: str, digests: Sequence[bytes]) -> Vectors:
        """Return the vectors that are there."""
        found = ((d, CACHE.get(("embedding", namespace, d))) for d in digests)
        return {digest: vector for digest, vector in found if vector is not None}

    def put_many(self, namespace: str, rows: Mapping[bytes, NDArray[Any]]) -> None:
        """Keep copies: a view would keep all rows of its array in memory."""
        for digest, row in rows.items():
            vector = np.array(row, dtype=np.float32)
            vector.flags.writeable = False  # shared by all who find it
            key = "embedding", namespace, digest
            CACHE.put(key, vector, vector.nbytes + _ENTRY_BYTES)


class FolderCache:
    """Vectors in a file that processes share, small ones also in memory."""

    def __init__(self, file: EmbeddingFile) -> None:
        self._file = file
        self._memory = MemoryCache()

    def get_many(self, namespace: str, digests: Sequence[bytes]) -> Vectors:
        """Return the vectors that are in memory or in the file."""
        found = self._memory.get_many(self._name(namespace), digests)
        keys = {_key(namespace, d): d for d in digests if d not in found}
        if keys:
            read = self._file.get_many(list(keys))
            rows = {keys[key]: vector for key, vector in read.items()}
            self._keep(namespace, rows)
            found |= rows
        return found

    def put_many(self, namespace: str, rows: Mapping[bytes, NDArray[Any]]) -> None:
        """Keep vectors."""
        self._file.put_many({_key(namespace, d): row for d, row in rows.items()})
        self._keep(namespace, rows)

    def claim(self, namespace: str, digests: Sequence[bytes]) -> list[bytes]:
        """Return the cells that no other process encodes."""
        keys = {_key(namespace, digest): digest for digest in digests}
        return [keys[key] for key in self._file.claim(list(keys))]

    def release(self, namespace: str, digests: Sequence[bytes]) -> None:
        """Release claimed cells."""
        self._file.release([_key(namespace, digest) for digest in digests])

    def _keep(self, namespace: str, rows: Mapping[bytes, NDArray[Any]]) -> None:
        """Keep small vectors in memory, also if the file cannot be used."""
        small = {d: v for d, v in rows.items() if v.nbytes <= _MAX_BYTES_IN_MEMORY}
        self._memory.put_many(self._name(namespace), small)

    def _name(self, namespace: str) -> str:
        # What is in memory for this folder is also in its file.
        return f"{namespace}\0{self._file.path}"


def _key(namespace: str, digest: bytes) -> bytes:
    """Return a key of a cell under a namespace."""
    state = blake2b(namespace.encode(), digest_size=20)
    return blake2b(state.digest() + digest, digest_size=20).digest()


def embed_cells(
    cells: Sequence[Any],
    digests: Sequence[bytes],
    namespace: str,
    encode: Encode,
    width: int,
    cache: EmbeddingCache,
    *,
    part_size: int | None = None,
    may_fail: bool = False,
    order: Callable[[Any], Any] | None = None,
) -> NDArray[np.float32]:
    """Return the vectors of cells, shape (n_cells, width), encoding what is not cached.

    `encode` turns a list of cells into an array of shape (n, width). It is called with
    distinct cells that the cache lacks, in parts of `part_size` whose vectors are
    stored at once, and not at all if none is lacking. The parts depend on the set of
    cells to encode, not on their order; `order` is the key by which they are sorted
    instead of the digest. With `may_fail`, a row of NaN is a cell that
    cannot be encoded: it is returned, but not kept.
    """
    first: dict[bytes, int] = {}
    for row, digest in enumerate(digests):
        first.setdefault(digest, row)
    rows = _Rows(list(first), namespace, width, cache)
    lacking = rows.look_up(list(first))
    if lacking:
        part_size = part_size or max(_MIN_PART, _PART_PER_THREAD * available_threads())
        part_size = max(1, min(part_size, _PART_BYTES // (4 * width)))
        by_order = None if order is None else lambda digest: order(cells[first[digest]])
        parts = claimed_parts(
            sorted(lacking, key=by_order),
            rows.look_up,
            partial(cache.claim, namespace),
            partial(cache.release, namespace),
            part_size,
        )
        with _ENCODING, closing(parts):
            for part in parts:
                encoded = encode([cells[first[digest]] for digest in part])
                encoded = _checked(encoded, len(part), width, may_fail)
                new = dict(zip(part, encoded, strict=True))
                rows.fill(new)
                failed = [digest for digest, row in new.items() if np.isnan(row[0])]
                cache.release(namespace, failed)
                cache.put_many(namespace, {d: new[d] for d in new.keys() - failed})
    return rows.of(digests)


class _Rows:
    """Vectors of distinct cells, filled in as they become known."""

    def __init__(
        self, digests: list[bytes], namespace: str, width: int, cache: EmbeddingCache
    ) -> None:
        self._position = {digest: i for i, digest in enumerate(digests)}
        self._vectors = np.empty((len(digests), width), dtype=np.float32)
        self._namespace, self._cache = namespace, cache

    def look_up(self, digests: list[bytes]) -> list[bytes]:
        """Fill in what the cache has; return what it lacks."""
        lacking: list[bytes] = []
        n_cells = max(1, _LOOK_UP_BYTES // (4 * self._vectors.shape[1]))
        for start in range(0, len(digests), n_cells):
            block = digests[start : start + n_cells]
            rows = self._cache.get_many(self._namespace, block)
            self.fill(rows)
            lacking += [digest for digest in block if digest not in rows]
        return lacking

    def fill(self, rows: Vectors) -> None:
        """Copy vectors."""
        shape = self._vectors.shape[1:]
        for digest, vector in rows.items():
            if vector.shape != shape:
                raise ValueError(
                    f"The cache holds {vector.size} features of a cell, but the model "
                    f"computes {shape[0]}. Delete the cache."
                )
            self._vectors[self._position[digest]] = vector

    def of(self, digests: Sequence[bytes]) -> NDArray[np.float32]:
        """Return the vectors of cells that may occur more than once."""
        if len(digests) == len(self._position):  # in the order of the cells
            return self._vectors
        return self._vectors[[self._position[digest] for digest in digests]]


def _checked(
    encoded: Any, n_cells: int, width: int, may_fail: bool
) -> NDArray[np.float32]:
    """Validate what the model computed; a vector that is not finite is not kept."""
    encoded = np.asarray(encoded, dtype=np.float32)
    if encoded.shape != (n_cells, width):
        raise ValueError(
            f"The model computed an array of shape {encoded.shape} for {n_cells} "
            f"cells; expected {(n_cells, width)}."
        )
    failed = np.isnan(encoded).all(axis=1) & may_fail
    if not np.isfinite(encoded[~failed]).all():
        raise ValueError(
            "The model computed values that are not finite. With a lower precision "
            'they overflow: pass precision="float32", or check the weights.'
        )
    return encoded
