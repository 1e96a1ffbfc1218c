"""Processes that are replaced make no noise."""

import multiprocessing
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from joblib import Parallel, cpu_count, delayed

from amzest.utils import (
    _workers,
    available_threads,
    import_torch,
    quiet_workers,
    worker_threads,
)


def test_only_the_one_warning_is_off_and_only_inside():
    with quiet_workers():
        warnings.warn("A worker stopped while some jobs were given", stacklevel=1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with quiet_workers():
            warnings.warn("another", stacklevel=1)
        warnings.warn("A worker stopped while some jobs were given", stacklevel=1)
    assert [str(each.message)[:7] for each in caught] == ["another", "A worke"]


def grow(n_megabytes):
    """Keep memory, as a framework that was loaded does."""
    grow.kept = np.ones(n_megabytes * 2**17)
    return n_megabytes


def test_work_goes_on_where_processes_are_replaced():
    # Above 300 MB joblib replaces a process, and here warnings are errors.
    with quiet_workers():
        done = Parallel(n_jobs=2)(delayed(grow)(400) for _ in range(8))
    assert done == [400] * 8


def test_a_worker_has_its_share_of_threads_and_others_have_all(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert worker_threads() is None
    assert available_threads() == cpu_count()
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: "somebody")
    assert worker_threads() == available_threads() == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert worker_threads() is None


def limit_of_worker():
    """Return by how much joblib lets this worker grow once it has loaded torch."""
    from joblib.externals.loky import process_executor

    import_torch("a test")
    return process_executor._MAX_MEMORY_LEAK_SIZE


def test_a_worker_that_computes_with_networks_may_grow():
    """Else joblib warns, and where warnings are errors a search waits for ever."""
    from joblib.externals.loky import process_executor

    before = process_executor._MAX_MEMORY_LEAK_SIZE
    found = Parallel(n_jobs=2)(delayed(limit_of_worker)() for _ in range(2))
    assert found == [2**32, 2**32]
    import_torch("a test")
    assert before == process_executor._MAX_MEMORY_LEAK_SIZE < 2**32


@pytest.mark.parametrize("limit", [2**33, None])
def test_a_limit_that_is_larger_or_unknown_is_left_alone(monkeypatch, limit):
    executor = SimpleNamespace()
    if limit is not None:
        executor._MAX_MEMORY_LEAK_SIZE = limit
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: "somebody")
    name = "joblib.externals.loky.process_executor"
    monkeypatch.setitem(_workers.sys.modules, name, executor)
    _workers.let_worker_grow()
    assert getattr(executor, "_MAX_MEMORY_LEAK_SIZE", None) == limit
