"""Vectors of cells in one SQLite file: shared by processes, bounded, never pickled."""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.utils._shared_file import (
    DamagedFile,
    SharedFile,
    select,
    transaction,
    unclaim,
)

FILE_NAME = "amzest-embeddings.sqlite3"
#: Limit of the file; above it the least recently used vectors are removed.
MAX_BYTES = 2**32

#: Large, so that little space is left on a page of vectors.
_PAGE_SIZE = 32768
#: Seconds after which the time of last use is written again: reading rarely writes.
_USED_STEP = 3600
#: Part of the vectors that is removed at a time.
_REMOVED = 16


class EmbeddingFile(SharedFile):
    """Vectors by key."""

    application = 0x616D7A65
    tables = (
        "CREATE TABLE cells (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, "
        "used INTEGER NOT NULL, checksum INTEGER NOT NULL, vector BLOB NOT NULL)",
        "CREATE INDEX cells_used ON cells (used)",
    )
    page_size = _PAGE_SIZE
    kind = "cache of embeddings"
    consequence = (
        "Embeddings that it lacks are computed and not shared with other processes."
    )

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        super().__init__(path)
        self.max_bytes = max_bytes

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """Return the vectors that are there."""
        return self._run(lambda connection: _read(connection, keys), {})

    def put_many(self, rows: Mapping[bytes, NDArray[Any]]) -> None:
        """Store vectors; an existing one stays as it is."""
        if not rows:
            return
        blobs = {
            key: np.ascontiguousarray(row, dtype="<f4").tobytes()
            for key, row in rows.items()
        }
        # Vectors of a quarter of the limit would remove most others.
        if sum(map(len, blobs.values())) > self.max_bytes // 4:
            blobs = {}

        def write(connection: sqlite3.Connection) -> bool:
            _write(connection, blobs, self.max_bytes)
            return True

        if not blobs or not self._run(write, False, create=True):
            self.release(list(rows))  # for other processes, which wait for them


def _read(
    connection: sqlite3.Connection, keys: Sequence[bytes]
) -> dict[bytes, NDArray[np.float32]]:
    rows, now = {}, int(time.time())
    old = []
    query = "SELECT id, key, used, checksum, vector FROM cells WHERE key IN "
    for id_, key, used, checksum, vector in select(connection, query, keys):
        if zlib.crc32(vector) != checksum or len(vector) % 4:
            raise DamagedFile("a vector is damaged")
        rows[key] = np.frombuffer(vector, "<f4").astype(np.float32, copy=False)
        if used < now - _USED_STEP:
            old.append((now, id_))
    if old:
        # Reading must work where writing does not.
        with suppress(sqlite3.OperationalError), transaction(connection):
            connection.executemany("UPDATE cells SET used = ? WHERE id = ?", old)
    return rows


def _write(
    connection: sqlite3.Connection, blobs: Mapping[bytes, bytes], max_bytes: int
) -> None:
    now = int(time.time())
    with transaction(connection):
        _make_room(connection, blobs, max_bytes)
        connection.executemany(
            "INSERT OR IGNORE INTO cells (key, used, checksum, vector) "
            "VALUES (?, ?, ?, ?)",
            ((key, now, zlib.crc32(blob), blob) for key, blob in blobs.items()),
        )
        unclaim(connection, list(blobs))


def _make_room(
    connection: sqlite3.Connection, blobs: Mapping[bytes, bytes], max_bytes: int
) -> None:
    """Remove the least recently used vectors; new ones take the pages of these."""
    # At most this much is needed: of a page, nearly half may stay empty.
    needed = sum(2 * len(blob) + 200 for blob in blobs.values())
    while _used_bytes(connection) + needed > max_bytes:
        n_rows = connection.execute("SELECT count(*) FROM cells").fetchone()[0]
        if not n_rows:
            return
        connection.execute(
            "DELETE FROM cells WHERE id IN "
            "(SELECT id FROM cells ORDER BY used, id LIMIT ?)",
            (-(-n_rows // _REMOVED),),
        )


def _used_bytes(connection: sqlite3.Connection) -> int:
    names = ("page_count", "freelist_count", "page_size")
    n_pages, n_free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names
    )
    return int(n_pages - n_free) * int(size)
