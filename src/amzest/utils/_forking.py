"""Locks that a forked process finds open."""

from __future__ import annotations

import os
import threading
from typing import Self
from weakref import WeakSet


class ForkSafeLock:
    """Reentrant lock that never waits for a thread that a fork left behind.

    A forked process has the locks of its parent, but only the thread that forked: what
    another thread held at that moment would stay locked for ever.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _LOCKS.add(self)

    def __enter__(self) -> Self:
        self._lock.acquire()
        return self

    def __exit__(self, *error: object) -> None:
        self._lock.release()

    def renew(self) -> None:
        """Open the lock, unless this thread is the one that holds it."""
        if self._lock.acquire(blocking=False):
            self._lock.release()
        else:
            self._lock = threading.RLock()


_LOCKS: WeakSet[ForkSafeLock] = WeakSet()


def _renew_locks() -> None:
    for lock in list(_LOCKS):
        lock.renew()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_renew_locks)
