"""Processes that are replaced make no noise."""

import multiprocessing
import warnings

import numpy as np
from joblib import Parallel, cpu_count, delayed

from amzest.utils import available_threads, quiet_workers, worker_threads


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
