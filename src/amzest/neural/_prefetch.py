"""Make the next batch while the network is busy with this one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def prefetch(items: Iterator[T], n_ahead: int = 2) -> Iterator[T]:
    """Draw from an iterator in a thread, a few items ahead.

    Items are made one after the other, in their order: what is drawn at random is the
    same as without the thread.

    Parameters
    ----------
    items : iterator
        Makes an item at each call of `next`; what it raises is raised here.

    n_ahead : int, default=2
        Items that may wait.

    Yields
    ------
    object
        The items.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="amzest-prefetch") as pool:
        end = object()
        waiting = deque(pool.submit(next, items, end) for _ in range(n_ahead))
        while (item := waiting.popleft().result()) is not end:
            waiting.append(pool.submit(next, items, end))
            yield item  # type: ignore[misc]
