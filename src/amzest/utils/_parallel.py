"""One way to run tasks in parallel, on every backend that joblib knows.

joblib's own backends run on this machine. Those of dask and Ray run on a cluster, where
joblib would send the data with every task (Ray) or lose a task with the worker that
held the only copy of its data (dask): there, tasks are submitted to the cluster itself.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import Any

import joblib
from joblib.parallel import get_active_backend
from sklearn import config_context, get_config

from amzest.utils._clusters import (
    ClusterTasks,
    DaskTasks,
    RayTasks,
    results_in_order,
)

#: Backends of joblib, by module and class, and what submits tasks to their clusters.
#: The modules are loaded if and only if the backend has been created.
_CLUSTERS: tuple[tuple[str, str, Callable[..., ClusterTasks]], ...] = (
    ("joblib._dask", "DaskDistributedBackend", DaskTasks),
    ("ray.util.joblib.ray_backend", "RayBackend", RayTasks),
)


def run_in_order(
    function: Callable[..., Any],
    tasks: Iterable[tuple[Any, ...]],
    *,
    shared: tuple[Any, ...] = (),
    n_jobs: int | None = None,
    few_waiting: bool = False,
) -> Generator[Any, None, None]:
    """Yield ``function(*shared, *task)`` for all tasks, in order, as they are there.

    The backend is that of ``joblib.parallel_config``, and `n_jobs` that of joblib. On a
    cluster `shared` is sent once for all tasks, and at most `n_jobs` tasks run at the
    same time, if it is a positive number. With `few_waiting`, only one task more is
    started than run at the same time, before the caller asks for the next result.

    Tasks that have not ended are cancelled when the iterator is closed, such as by an
    exception in the loop around it, Ctrl+C included.
    """
    if runs_in_caller(n_jobs):
        # joblib's dask backend would use the cluster for n_jobs=1 as well.
        for task in tasks:
            yield function(*shared, *task)
        return
    function = _Configured(function)
    cluster = _active_cluster(n_jobs)
    if cluster is not None:
        limit = n_jobs if n_jobs is not None and n_jobs > 0 else None
        tasks = list(tasks)
        submitted = cluster(function, tasks, shared)
        max_waiting = n_workers(n_jobs) + 1 if few_waiting else None
        yield from results_in_order(submitted, len(tasks), limit, max_waiting)
        return
    backend, _ = get_active_backend()
    streams = backend.supports_return_generator  # multiprocessing only has lists
    options = {"pre_dispatch": n_workers(n_jobs) + 1} if few_waiting else {}
    parallel = joblib.Parallel(
        n_jobs=n_jobs, return_as="generator" if streams else "list", **options
    )
    yield from parallel(joblib.delayed(function)(*shared, *task) for task in tasks)


class _Configured:
    """Calls a function with scikit-learn's configuration of the caller.

    Workers have the default one: there, metadata routing would not be enabled.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function, self._config = function, get_config()
        self.__name__ = getattr(function, "__name__", "task").strip("_")

    def __call__(self, *arguments: Any) -> Any:
        with config_context(**self._config):
            return self._function(*arguments)


def runs_in_caller(n_jobs: int | None) -> bool:
    """Return whether tasks would run one after the other in this thread."""
    return _active_cluster(n_jobs) is None and n_workers(n_jobs) == 1


def n_workers(n_jobs: int | None) -> int:
    """Return how many tasks run at the same time, as far as the backend knows."""
    return int(joblib.effective_n_jobs(n_jobs))


def runs_on_cluster(n_jobs: int | None) -> bool:
    """Return whether tasks would run in workers that may be on other hosts."""
    return _active_cluster(n_jobs) is not None


def _active_cluster(n_jobs: int | None) -> Callable[..., ClusterTasks] | None:
    """Return how tasks are submitted to a cluster; None if they run on this machine."""
    backend, configured = get_active_backend()
    if n_jobs is None:
        n_jobs = backend.default_n_jobs if configured is None else configured
    if n_jobs == 1:
        return None
    for module, name, tasks in _CLUSTERS:
        kind = getattr(sys.modules.get(module), name, None)
        if kind is not None and isinstance(backend, kind):
            return partial(tasks, backend)
    return None
