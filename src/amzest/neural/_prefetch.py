"""Threads that prepare the next batches, or compute several batches in parallel."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def prefetch(items: Iterator[T], n_ahead: int = 2) -> Generator[T, None, None]:
    """Iterate in a thread, `n_ahead` items ahead.

    The items are computed one after the other and in order: random numbers are the same
    as without the thread. Exceptions are raised here.
    """
    pool = ThreadPoolExecutor(1, thread_name_prefix="amzest-prefetch")
    try:
        end = object()
        waiting = deque(pool.submit(next, items, end) for _ in range(n_ahead))
        while (item := waiting.popleft().result()) is not end:
            waiting.append(pool.submit(next, items, end))
            yield item  # type: ignore[misc]
    finally:
        pool.shutdown(cancel_futures=True)  # nothing ahead is needed any more


def map_in_threads(
    function: Callable[[T], R],
    items: Iterable[T],
    n_threads: int,
    start_thread: Callable[[], None] | None = None,
) -> Iterator[R]:
    """Apply a function to items in threads; the results keep the order of the items.

    Items are created in the calling thread, a few ahead of the results. `start_thread`
    is called in each thread before its first item.
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
