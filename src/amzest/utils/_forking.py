"""Locks that are open in a forked process."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from threading import RLock
else:
    RLock = type(threading.RLock())  # threading.RLock is a function


class ForkSafeLock(RLock):  # type: ignore[misc]
    """Reentrant lock that a forked process can acquire.

    A fork copies the locks of the parent, but only the thread that forked: a lock held
    by another thread would never be released (https://bugs.python.org/issue6721).

    The methods of the ``with`` statement are those of RLock, which no signal can
    interrupt. In a method of Python, Ctrl+C can raise after the lock was acquired and
    before the ``with`` block begins; the lock would then never be released.
    """

    def __init__(self) -> None:
        super().__init__()
        _LOCKS.add(self)

    def renew(self) -> None:
        """Release the lock, unless this thread holds it or nobody does."""
        if self.acquire(blocking=False):
            self.release()
        else:
            self._at_fork_reinit()  # type: ignore[attr-defined]


_LOCKS: WeakSet[ForkSafeLock] = WeakSet()


def _renew_locks() -> None:
    for lock in list(_LOCKS):
        lock.renew()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_renew_locks)
