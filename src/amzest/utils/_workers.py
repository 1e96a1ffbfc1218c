"""Worker processes of joblib: memory, warnings and threads."""

from __future__ import annotations

import multiprocessing
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from joblib import cpu_count

#: Bytes by which a worker may grow: both frameworks, a full cache and the memory of a
#: fit. joblib allows 300 MB.
_WORKER_GROWTH = 2**32


def let_worker_grow() -> None:
    """Allow this process, if it is a worker of joblib, the memory that networks need.

    joblib replaces a worker that has grown, and warns in the thread that distributes
    the tasks. Where warnings are errors that thread ends, and a search waits forever;
    elsewhere the next worker imports its frameworks again. joblib has no public setting
    (https://github.com/joblib/joblib/issues/883).
    """
    executor = sys.modules.get("joblib.externals.loky.process_executor")
    if multiprocessing.parent_process() is None or executor is None:
        return
    if getattr(executor, "_MAX_MEMORY_LEAK_SIZE", _WORKER_GROWTH) < _WORKER_GROWTH:
        executor._MAX_MEMORY_LEAK_SIZE = _WORKER_GROWTH  # type: ignore[attr-defined]


@contextmanager
def quiet_workers() -> Iterator[None]:
    """Ignore joblib's warnings about workers that have grown and results of no use.

    Nothing is lost with a worker that has grown, but where warnings are errors the call
    would wait forever, see :func:`let_worker_grow`. Results are of no use when a call
    ends with an error.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="A worker stopped while some jobs", category=UserWarning
        )
        warnings.filterwarnings(
            "ignore",
            message=r"\d+ tasks (have been successfully executed|which were still)",
            category=UserWarning,
        )
        yield


def worker_threads() -> int | None:
    """Return the threads that joblib assigned to this worker; None elsewhere."""
    share = os.environ.get("OMP_NUM_THREADS", "")
    if multiprocessing.parent_process() is None or not share.isdecimal():
        return None
    return max(1, int(share))


def available_threads() -> int:
    """Return the threads that may be used: all cores, or a worker's share of them.

    Cores that a container or an affinity mask excludes do not count.
    """
    return worker_threads() or int(cpu_count())
