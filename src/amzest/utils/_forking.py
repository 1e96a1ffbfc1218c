"""Locks that are open in a forked process."""

from __future__ import annotations

import os
import threading
from typing import Self
from weakref import WeakSet


class ForkSafeLock:
    """Reentrant lock that a forked process can acquire.

    A fork copies the locks of the parent, but only the thread that forked: a lock held
    by another thread would never be released (https://bugs.python.org/issue6721).
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
        """Replace the lock, unless this thread holds it or nobody does."""
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
