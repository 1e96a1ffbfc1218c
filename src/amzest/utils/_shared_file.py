"""A SQLite file in which processes keep results by key, and claim work.

A rollback journal instead of a write-ahead log: at rest there is one file, which can be
copied and read from a folder without permission to write, and the locks also work on
network drives. Writers wait for each other; a transaction takes milliseconds, computing
what it stores takes seconds.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar, TypeVar

T = TypeVar("T")

#: In the header of the file: bytes 0 to 16 are SQLite's, 60 to 64 the version of the
#: tables and 68 to 72 the program that made it (https://sqlite.org/fileformat.html).
_MAGIC = b"SQLite format 3\0"
_CLAIMS = (
    "CREATE TABLE claims (key BLOB PRIMARY KEY, owner TEXT NOT NULL, "
    "until REAL NOT NULL) WITHOUT ROWID"
)
#: Keys of one query: the limit of variables is 999 in old versions of SQLite.
_KEYS_PER_QUERY = 500
#: Seconds to wait for a process that writes.
_TIMEOUT = 60.0
#: Seconds after which a cell that another process works on is taken over.
_CLAIM_SECONDS = 300

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


class DamagedFile(Exception):
    """A file that is not ours, or of which a part is damaged."""


class SharedFile:
    """Results by key, in a table `cells` with a column `key`.

    A file that cannot be used is not changed: one warning names it, and its results
    count as missing.
    """

    #: What the header says: the program, and the version of the tables.
    application: ClassVar[int]
    version: ClassVar[int] = 1
    tables: ClassVar[tuple[str, ...]]  # statements that create them
    page_size: ClassVar[int] = 4096
    #: For messages: what the file is, and what happens without it.
    kind: ClassVar[str]
    consequence: ClassVar[str]

    def __init__(self, path: Path) -> None:
        self.path = path

    def claim(self, keys: Sequence[bytes]) -> list[bytes]:
        """Return the keys that are neither stored nor worked on elsewhere."""
        return self._run(
            lambda connection: _claim(connection, keys), list(keys), create=True
        )

    def release(self, keys: Sequence[bytes]) -> None:
        """Release claimed keys."""
        if not keys:
            return

        def release(connection: sqlite3.Connection) -> None:
            with transaction(connection):
                unclaim(connection, keys)

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
                self._check_header()
                mode = "rwc" if create else "rw"
                with closing(_connect(self.path, mode)) as connection:
                    if not _has_tables(connection):
                        if not create:
                            return otherwise
                        self._create_tables(connection)
                    return work(connection)
            except (OSError, sqlite3.Error, DamagedFile) as error:
                failure = error
                if _is_damage(error):
                    _damaged[path] = _state(path)
        self._warn(failure, "written" if create else "read")
        return otherwise

    def _check_header(self) -> None:
        """Raise if a file was not made here, before SQLite opens it."""
        try:
            with open(self.path, "rb") as file:
                header = file.read(72)
        except FileNotFoundError:
            return
        if not header:  # about to be created, or the process that did so was killed
            return
        if not header.startswith(_MAGIC) or header[68:72] != self.application.to_bytes(
            4
        ):
            raise DamagedFile(f"it is not a {self.kind}")
        if header[60:64] != self.version.to_bytes(4):
            raise DamagedFile("it was written by another version of amzest")

    def _create_tables(self, connection: sqlite3.Connection) -> None:
        connection.execute(f"PRAGMA page_size = {self.page_size}")
        with transaction(connection):
            if _has_tables(connection):  # another process may have created them
                return
            for statement in (*self.tables, _CLAIMS):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {self.application}")
            connection.execute(f"PRAGMA user_version = {self.version}")

    def _warn(self, error: BaseException, verb: str) -> None:
        """Warn of a file that cannot be used, once in a process for each reason."""
        path, reason = os.fspath(self.path), str(error)
        if (path, reason) in _warned:
            return
        _warned.add((path, reason))
        advice = "Make room, make the folder writable or pass another folder as `cache`"
        if _is_damage(error):
            advice = "It is left as it is; delete it or pass another folder as `cache`"
        warnings.warn(
            f"{path}: this {self.kind} cannot be {verb} ({reason}). {self.consequence} "
            f"{advice}.",
            UserWarning,
            stacklevel=2,
        )


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    # Without the isolation level of the sqlite3 module, which begins transactions.
    return sqlite3.connect(
        f"{path.as_uri()}?mode={mode}", _TIMEOUT, isolation_level=None, uri=True
    )


def _has_tables(connection: sqlite3.Connection) -> bool:
    found = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return found[0] > 0


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Wait for other writers; closing the connection undoes what was not committed."""
    connection.execute("BEGIN IMMEDIATE")
    yield
    connection.execute("COMMIT")


def select(
    connection: sqlite3.Connection, query: str, keys: Sequence[bytes]
) -> Iterator[Any]:
    """Select the rows of keys, given as the last part of a query."""
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        block = keys[start : start + _KEYS_PER_QUERY]
        yield from connection.execute(f"{query}({','.join('?' * len(block))})", block)


def _claim(connection: sqlite3.Connection, keys: Sequence[bytes]) -> list[bytes]:
    host, now = platform.node(), time.time()
    owner = f"{os.getpid()}@{host}"
    with transaction(connection):
        taken = {
            key
            for key, other, until in select(
                connection, "SELECT key, owner, until FROM claims WHERE key IN ", keys
            )
            # A clock that was set back must not block a cell.
            if now < until < now + 2 * _CLAIM_SECONDS
            and other != owner
            and _may_live(other, host)
        }
        # Another process may have stored them since they were looked up.
        query = "SELECT key FROM cells WHERE key IN "
        taken.update(key for (key,) in select(connection, query, keys))
        mine = [key for key in keys if key not in taken]
        connection.executemany(
            "INSERT OR REPLACE INTO claims VALUES (?, ?, ?)",
            ((key, owner, now + _CLAIM_SECONDS) for key in mine),
        )
        connection.execute("DELETE FROM claims WHERE until < ?", (now,))
    return mine


def unclaim(connection: sqlite3.Connection, keys: Sequence[bytes]) -> None:
    """Release claimed keys within a transaction."""
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
