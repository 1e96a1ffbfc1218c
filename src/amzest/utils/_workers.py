"""Processes that joblib hands work to."""

from __future__ import annotations

import multiprocessing
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from joblib import cpu_count


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
