"""Processes that joblib hands work to."""

from __future__ import annotations

import multiprocessing
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from joblib import cpu_count

#: Bytes by which a worker may grow: both frameworks, a full cache of decoded images and
#: what a fit needs. joblib allows 300 MB.
_WORKER_GROWTH = 2**32


def let_worker_grow() -> None:
    """Let this process, when it is one of joblib's workers, grow by what networks need.

    joblib replaces a worker that has grown, and warns in the thread that hands out the
    work. Where warnings are errors that thread ends, and a search of scikit-learn waits
    for ever; elsewhere the next worker imports its frameworks again. joblib has no
    public setting for this.
    """
    executor = sys.modules.get("joblib.externals.loky.process_executor")
    if multiprocessing.parent_process() is None or executor is None:
        return
    if getattr(executor, "_MAX_MEMORY_LEAK_SIZE", _WORKER_GROWTH) < _WORKER_GROWTH:
        executor._MAX_MEMORY_LEAK_SIZE = _WORKER_GROWTH  # type: ignore[attr-defined]


@contextmanager
def quiet_workers() -> Iterator[None]:
    """Keep joblib from warning that it replaces a process that has grown.

    A process that loads PyTorch or TensorFlow grows by more than joblib allows, and is
    replaced by another one; nothing is lost. Where warnings are errors, this one would
    end the thread that hands out the work, and the call would wait for ever.

    Yields
    ------
    None
        While the warning is off.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="A worker stopped while some jobs", category=UserWarning
        )
        yield


def worker_threads() -> int | None:
    """Return the share of threads that joblib left to this process.

    Returns
    -------
    int or None
        None where this is no worker process, or where nothing was divided.
    """
    share = os.environ.get("OMP_NUM_THREADS", "")
    if multiprocessing.parent_process() is None or not share.isdecimal():
        return None
    return max(1, int(share))


def available_threads() -> int:
    """Return how many threads may work here: all cores, or a worker's share of them.

    Cores that a container or an affinity mask takes away do not count.
    """
    return worker_threads() or int(cpu_count())
