"""Work on several batches at a time: make the next, compute some side by side."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def prefetch(items: Iterator[T], n_ahead: int = 2) -> Generator[T, None, None]:
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
    pool = ThreadPoolExecutor(1, thread_name_prefix="amzest-prefetch")
    try:
        end = object()
        waiting = deque(pool.submit(next, items, end) for _ in range(n_ahead))
        while (item := waiting.popleft().result()) is not end:
            waiting.append(pool.submit(next, items, end))
            yield item  # type: ignore[misc]
    finally:
        pool.shutdown(cancel_futures=True)  # nobody waits for what is ahead


def map_in_threads(
    function: Callable[[T], R],
    items: Iterable[T],
    n_threads: int,
    start_thread: Callable[[], None] | None = None,
) -> Iterator[R]:
    """Apply a function to items in threads; results come in the order of the items.

    Parameters
    ----------
    function : callable
        Takes an item.

    items : iterable
        Made in the calling thread, a few ahead of the results.

    n_threads : int
        Threads that compute.

    start_thread : callable, default=None
        Called in each thread before its first item.

    Yields
    ------
    object
        Results.
    """
    with ThreadPoolExecutor(
        n_threads, thread_name_prefix="amzest-map", initializer=start_thread
    ) as pool:
        waiting = deque[Future[R]]()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 2 * n_threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
