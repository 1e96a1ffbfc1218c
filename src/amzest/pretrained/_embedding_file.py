"""Vectors of cells in one SQLite file: shared by processes, bounded, never pickled.

A rollback journal instead of a write-ahead log: at rest there is one file, which can be
copied and read from a folder without permission to write, and the locks also work on
network drives. Writers wait for each other; a transaction takes milliseconds, encoding
what it stores takes seconds.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import threading
import time
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
Row = tuple[int, bytes, int, int, bytes]

FILE_NAME = "amzest-embeddings.sqlite3"
#: Limit of the file; above it the least recently used vectors are removed.
MAX_BYTES = 2**32

#: In the header of the file: bytes 0 to 16 are SQLite's, 60 to 64 the version of the
#: tables and 68 to 72 the program that made it (https://sqlite.org/fileformat.html).
_MAGIC, _VERSION, _APPLICATION = b"SQLite format 3\0", 1, 0x616D7A65
#: Large, so that little space is left on a page of vectors.
_PAGE_SIZE = 32768
_TABLES = (
    "CREATE TABLE cells (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, "
    "used INTEGER NOT NULL, checksum INTEGER NOT NULL, vector BLOB NOT NULL)",
    "CREATE INDEX cells_used ON cells (used)",
    "CREATE TABLE claims (key BLOB PRIMARY KEY, owner TEXT NOT NULL, "
    "until REAL NOT NULL) WITHOUT ROWID",
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {_VERSION}",
)
#: Keys of one query: the limit of variables is 999 in old versions of SQLite.
_KEYS_PER_QUERY = 500
#: Seconds to wait for a process that writes.
_TIMEOUT = 60.0
#: Seconds after which the time of last use is written again: reading rarely writes.
_USED_STEP = 3600
#: Seconds after which a cell that another process encodes is taken over.
_CLAIM_SECONDS = 300
#: Part of the vectors that is removed at a time.
_REMOVED = 16

#: Held while a connection is open, also by a thread that forks. A connection must not
#: be copied into another process (https://sqlite.org/howtocorrupt.html, 2.6): SQLite
#: there would count on locks that it does not have.
_CONNECTED = threading.RLock()

if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(
        before=_CONNECTED.acquire,
        after_in_parent=_CONNECTED.release,
        after_in_child=_CONNECTED.release,
    )

#: Failures that were warned of in this process, and damaged files with their state.
_warned: set[tuple[str, str]] = set()
_damaged: dict[str, tuple[int, ...]] = {}


class _Damaged(Exception):
    """A file that is not ours, or of which a part is damaged."""


class EmbeddingFile:
    """Vectors by key.

    A file that cannot be used is not changed: one warning names it, and its vectors
    count as missing.
    """

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        self.path = path
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

    def claim(self, keys: Sequence[bytes]) -> list[bytes]:
        """Return the keys that are neither stored nor encoded elsewhere."""
        return self._run(
            lambda connection: _claim(connection, keys), list(keys), create=True
        )

    def release(self, keys: Sequence[bytes]) -> None:
        """Release claimed keys."""
        if not keys:
            return

        def release(connection: sqlite3.Connection) -> None:
            with _transaction(connection):
                _unclaim(connection, keys)

        self._run(release, None)

    def _run(
        self,
        work: Callable[[sqlite3.Connection], T],
        otherwise: T,
        *,
        create: bool = False,
    ) -> T:
        """Return the result of some work with a connection, or else a default."""
        path = os.fspath(self.path)
        with _CONNECTED:
            if path in _damaged and _damaged[path] == _state(path):
                return otherwise
            try:
                if create:
                    self.path.parent.mkdir(parents=True, exist_ok=True)
                elif not self.path.exists():
                    return otherwise
                _check_header(path)
                mode = "rwc" if create else "rw"
                with closing(_connect(self.path, mode)) as connection:
                    if not _has_tables(connection):
                        if not create:
                            return otherwise
                        _create_tables(connection)
                    return work(connection)
            except (OSError, sqlite3.Error, _Damaged) as error:
                failure = error
                if _is_damage(error):
                    _damaged[path] = _state(path)
        _warn(path, failure, "written" if create else "read")
        return otherwise


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    # Without the isolation level of the sqlite3 module, which begins transactions.
    return sqlite3.connect(
        f"{path.as_uri()}?mode={mode}", _TIMEOUT, isolation_level=None, uri=True
    )


def _check_header(path: str) -> None:
    """Raise if a file was not made here, before SQLite opens it."""
    try:
        with open(path, "rb") as file:
            header = file.read(72)
    except FileNotFoundError:
        return
    if not header:  # about to be created, or the process that did so was killed
        return
    if not header.startswith(_MAGIC) or header[68:72] != _APPLICATION.to_bytes(4):
        raise _Damaged("it is not a cache of embeddings")
    if header[60:64] != _VERSION.to_bytes(4):
        raise _Damaged("it was written by another version of amzest")


def _has_tables(connection: sqlite3.Connection) -> bool:
    found = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return found[0] > 0


def _create_tables(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA page_size = {_PAGE_SIZE}")
    with _transaction(connection):
        if not _has_tables(connection):  # another process may have created them
            for statement in _TABLES:
                connection.execute(statement)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Wait for other writers; closing the connection undoes what was not committed."""
    connection.execute("BEGIN IMMEDIATE")
    yield
    connection.execute("COMMIT")


def _read(
    connection: sqlite3.Connection, keys: Sequence[bytes]
) -> dict[bytes, NDArray[np.float32]]:
    rows, now = {}, int(time.time())
    old = []
    query = "SELECT id, key, used, checksum, vector FROM cells WHERE key IN "
    for id_, key, used, checksum, vector in _select(connection, query, keys):
        if zlib.crc32(vector) != checksum or len(vector) % 4:
            raise _Damaged("a vector is damaged")
        rows[key] = np.frombuffer(vector, "<f4").astype(np.float32, copy=False)
        if used < now - _USED_STEP:
            old.append((now, id_))
    if old:
        # Reading must work where writing does not.
        with suppress(sqlite3.OperationalError), _transaction(connection):
            connection.executemany("UPDATE cells SET used = ? WHERE id = ?", old)
    return rows


def _write(
    connection: sqlite3.Connection, blobs: Mapping[bytes, bytes], max_bytes: int
) -> None:
    now = int(time.time())
    with _transaction(connection):
        _make_room(connection, blobs, max_bytes)
        connection.executemany(
            "INSERT OR IGNORE INTO cells (key, used, checksum, vector) "
            "VALUES (?, ?, ?, ?)",
            ((key, now, zlib.crc32(blob), blob) for key, blob in blobs.items()),
        )
        _unclaim(connection, list(blobs))


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


def _claim(connection: sqlite3.Connection, keys: Sequence[bytes]) -> list[bytes]:
    host, now = platform.node(), time.time()
    owner = f"{os.getpid()}@{host}"
    with _transaction(connection):
        taken = {
            key
            for key, other, until in _select(
                connection, "SELECT key, owner, until FROM claims WHERE key IN ", keys
            )
            # A clock that was set back must not block a cell.
            if now < until < now + 2 * _CLAIM_SECONDS
            and other != owner
            and _may_live(other, host)
        }
        # Another process may have stored them since they were looked up.
        query = "SELECT key FROM cells WHERE key IN "
        taken.update(key for (key,) in _select(connection, query, keys))
        mine = [key for key in keys if key not in taken]
        connection.executemany(
            "INSERT OR REPLACE INTO claims VALUES (?, ?, ?)",
            ((key, owner, now + _CLAIM_SECONDS) for key in mine),
        )
        connection.execute("DELETE FROM claims WHERE until < ?", (now,))
    return mine


def _unclaim(connection: sqlite3.Connection, keys: Sequence[bytes]) -> None:
    connection.executemany("DELETE FROM claims WHERE key = ?", ((key,) for key in keys))


def _may_live(owner: str, host: str) -> bool:
    """Return False if a process of this machine has ended."""
    number, _, its_host = owner.partition("@")
    if os.name != "posix" or its_host != host:  # elsewhere, os.kill would kill it
        return True
    try:
        os.kill(int(number), 0)
        # One that was killed keeps its number until its parent asks for the result,
        # which the first process of a container may never do.
        state = Path(f"/proc/{number}/stat").read_bytes().rpartition(b") ")[2]
        return not state.startswith((b"Z", b"X"))
    except ProcessLookupError:
        return False
    except OSError:  # a process of another user, or a system without /proc
        return True


def _select(
    connection: sqlite3.Connection, query: str, keys: Sequence[bytes]
) -> Iterator[Any]:
    """Select the rows of keys, given as the last part of a query."""
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        block = keys[start : start + _KEYS_PER_QUERY]
        yield from connection.execute(f"{query}({','.join('?' * len(block))})", block)


def _state(path: str) -> tuple[int, ...]:
    """Return what changes when a file is replaced."""
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _is_damage(error: BaseException) -> bool:
    """Return whether a file is damaged, rather than locked, full or read-only."""
    return not isinstance(error, OSError | sqlite3.OperationalError)


def _warn(path: str, error: BaseException, verb: str) -> None:
    """Warn of a file that cannot be used, once in a process for each reason."""
    reason = str(error)
    if (path, reason) in _warned:
        return
    _warned.add((path, reason))
    advice = "Make room, make the folder writable or pass another folder as `cache`."
    if _is_damage(error):
        advice = "It is left as it is; delete it or pass another folder as `cache`."
    warnings.warn(
        f"{path}: this cache of embeddings cannot be {verb} ({reason}). Embeddings that"
        f" it lacks are computed and not shared with other processes. {advice}",
        UserWarning,
        stacklevel=2,
    )
