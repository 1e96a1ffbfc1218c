"""Tasks on a cluster of dask or Ray, to which their data is sent once."""

from __future__ import annotations

import copy
import uuid
import warnings
from collections.abc import Callable, Generator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import nullcontext
from functools import partial
from typing import Any, Protocol

import joblib


class ClusterTasks(Protocol):
    """Tasks whose data is sent first, and which are submitted one at a time."""

    def send(self) -> None:
        """Send the data to the cluster."""

    def submit(self, i: int) -> Future[Any]:
        """Submit a task."""

    def cancel(self, futures: list[Future[Any]]) -> None:
        """Cancel tasks, of which some may be running."""

    def waiting(self) -> Any:
        """Return the context in which a worker may wait for tasks of its own."""


def results_in_order(
    tasks: ClusterTasks, n_tasks: int, limit: int | None, max_waiting: int | None
) -> Generator[Any, None, None]:
    """Yield the results of all tasks in order; at most `limit` run at the same time.

    With `max_waiting`, no more tasks than that are submitted whose results have not
    been yielded.
    """
    futures: dict[int, Future[Any]] = {}
    submitted = 0
    try:
        with tasks.waiting():
            tasks.send()
            for head in range(n_tasks):
                while True:
                    end = n_tasks if max_waiting is None else head + max_waiting
                    n_running = sum(not future.done() for future in futures.values())
                    n_free = n_tasks if limit is None else limit - n_running
                    for i in range(submitted, min(submitted + n_free, end, n_tasks)):
                        futures[i] = tasks.submit(i)
                        submitted += 1
                    unfinished = [f for f in futures.values() if not f.done()]
                    # Any error, as later results are of no use.
                    for future in set(futures.values()).difference(unfinished):
                        _raise_error(future)
                    if futures[head] not in unfinished:
                        break
                    wait(unfinished, return_when=FIRST_COMPLETED)
                yield futures.pop(head).result()
    finally:
        tasks.cancel([future for future in futures.values() if not future.done()])


def _raise_error(future: Future[Any]) -> None:
    """Raise the error of a task, if it has failed."""
    if future.cancelled():
        raise RuntimeError(
            "The cluster has cancelled a task: the client was closed or restarted, or "
            "all workers that held data of `scatter` have ended. Data that is not "
            "scattered is sent again to new workers."
        )
    error = future.exception()
    if error is None:
        return
    # Ray's error contains the one that the task has raised.
    cause = getattr(error, "cause", None)
    if type(error).__module__.startswith("ray.") and isinstance(cause, Exception):
        raise cause from error
    if type(error).__name__ in ("KilledWorker", "WorkerCrashedError"):
        error.add_note(
            "Each worker process that ran this task has ended, such as for lack of "
            "memory. Look at the logs of the workers, and give them more memory or "
            "fewer threads."
        )
    raise error


def run_task(backend: str, i: int, held: dict[int, Any], *scattered: Any) -> Any:
    """Run a task in a worker, which keeps the data for the next one.

    `held` and `scattered` are the function and all tasks, and what the tasks share;
    `held` by position.
    """
    others = iter(scattered)
    (function, tasks), *shared = (
        held[position] if position in held else next(others)
        for position in range(len(held) + len(scattered))
    )
    # A copy, as a process that gets a task by itself has: what a task changes, such as
    # the state of a callback, is not that of another task.
    task = copy.deepcopy(tasks[i])
    # Tasks within tasks are distributed by dask. In a worker of Ray they run one after
    # the other: it has been assigned one core.
    with joblib.parallel_config(backend):
        return function(*shared, *task)


class DaskTasks:
    """Tasks on the cluster of joblib's dask backend."""

    def __init__(
        self,
        backend: Any,
        function: Callable[..., Any],
        tasks: list[tuple[Any, ...]],
        shared: tuple[Any, ...],
    ) -> None:
        self._backend, self._client = backend, backend.client
        self._name, self._n_tasks = function.__name__, len(tasks)
        self._pieces = [(function, tasks), *shared]
        self._sent: dict[Future[Any], Any] = {}

    def send(self) -> None:
        """Send the data to as many workers as there are tasks."""
        from distributed.protocol import pickle

        scattered = getattr(self._backend, "data_futures", {})  # by the user
        held = {i: p for i, p in enumerate(self._pieces) if id(p) not in scattered}
        # The data is the result of a task, which is run again if all workers that had
        # the result are lost. `Client.scatter` would lose the data with the worker
        # (https://github.com/dask/distributed/issues/3149).
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            sent = self._client.submit(
                pickle.loads,
                pickle.dumps(held),
                key=f"data-of-{self._name}-{uuid.uuid4().hex}",
                pure=False,
            )
        # dask runs few tasks only where their data is. Were it with one worker, the
        # others would wait for the first task to end.
        n_workers = len(self._client.ncores())
        if n_workers > 1:
            self._client.replicate([sent], n=min(self._n_tasks, n_workers))
        others = [scattered[id(p)] for p in self._pieces if id(p) in scattered]
        self._data = [sent, *others]

    def submit(self, i: int) -> Future[Any]:
        """Submit a task."""
        sent = self._client.submit(
            run_task,
            "dask",
            i,
            *self._data,
            key=f"{self._name}-{i}-{uuid.uuid4().hex}",
            pure=False,
            **self._backend.submit_kwargs,
        )
        future: Future[Any] = Future()
        self._sent[future] = sent  # without a reference, dask cancels the task
        future.add_done_callback(self._forget)
        sent.add_done_callback(partial(_pass_on, future))
        return future

    def cancel(self, futures: list[Future[Any]]) -> None:
        """Cancel tasks; a running one ends by itself."""
        sent = [self._sent.pop(future, None) for future in futures]
        self._client.cancel([each for each in sent if each is not None])

    def _forget(self, future: Future[Any]) -> None:
        """Let the workers free a result, which has arrived."""
        self._sent.pop(future, None)

    def waiting(self) -> Any:
        """Return a context in which a worker gives its thread to other tasks."""
        return self._backend.retrieval_context()


def _pass_on(future: Future[Any], sent: Any) -> None:
    """Pass what has become of a future of dask on to one of Python."""
    try:
        result = sent.result()
    except CancelledError:
        future.cancel()
        future.set_running_or_notify_cancel()  # wakes up those who wait
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)


class RayTasks:
    """Tasks on the cluster of Ray's joblib backend."""

    def __init__(
        self,
        backend: Any,
        function: Callable[..., Any],
        tasks: list[tuple[Any, ...]],
        shared: tuple[Any, ...],
    ) -> None:
        import ray

        if not ray.is_initialized():
            ray.init()
        self._ray = ray
        self._pieces = dict(enumerate([(function, tasks), *shared]))
        options = {"num_cpus": 1, **(getattr(backend, "ray_remote_args", None) or {})}
        self._run = ray.remote(**options)(run_task)
        self._references: dict[Future[Any], Any] = {}

    def send(self) -> None:
        """Put the data into the memory of this host, from which others copy it."""
        self._data = self._ray.put(self._pieces)

    def submit(self, i: int) -> Future[Any]:
        """Submit a task."""
        reference = self._run.remote("sequential", i, self._data)
        future: Future[Any] = reference.future()
        self._references[future] = reference
        future.add_done_callback(self._forget)
        return future

    def cancel(self, futures: list[Future[Any]]) -> None:
        """Cancel tasks; a running one is interrupted."""
        for future in futures:
            reference = self._references.pop(future, None)
            if reference is not None:
                self._ray.cancel(reference)

    def _forget(self, future: Future[Any]) -> None:
        """Let the workers free a result, which has arrived."""
        self._references.pop(future, None)

    def waiting(self) -> Any:
        """Return a context that does nothing."""
        return nullcontext()
