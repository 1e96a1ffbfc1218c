"""Fits of single members on single folds: in any process, cached on request."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from typing import Any, NamedTuple

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _check_method_params, check_memory

from amzest.ensemble._input_fingerprint import input_fingerprints
from amzest.ensemble._presence import predict_with_presence
from amzest.ensemble._private_memory import private_memory
from amzest.utils import (
    CallbackDoor,
    as_pandas,
    file_states,
    has_listeners,
    installed_versions,
    keras_backend,
    quiet_workers,
    report_task,
    reported_task,
    run_in_order,
    runs_on_cluster,
)

#: What a fitted model depends on besides data and parameters.
_PACKAGES = (
    "amzest",
    "scikit-learn",
    "numpy",
    "torch",
    "skorch",
    "tensorflow",
    "keras",
)


class Fitted(NamedTuple):
    """A member fitted on some samples, and its predictions for others."""

    estimator: Any
    proba: NDArray[np.float64] | None
    present: NDArray[np.bool_] | None
    fit_seconds: float
    predict_seconds: float


class Task(NamedTuple):
    """A member, the samples to fit it on, and those to predict (None: no samples)."""

    name: str
    estimator: Any
    train: NDArray[np.intp]
    test: NDArray[np.intp] | None
    fit_params: dict[str, Any]  # of all samples


def run_tasks(
    tasks: Sequence[Task],
    X: Any,
    y: NDArray[Any],
    classes: NDArray[Any],
    *,
    memory: Any,
    n_jobs: int | None,
    verbose: bool,
    reported: tuple[Any, Any],
) -> list[Fitted]:
    """Run the tasks in parallel and return their results in order.

    `memory` is that of CrossFit; `reported` is the estimator whose fit this is and its
    callback context.
    """
    # X and y would be hashed for each task, and callbacks do not change a fit: what
    # counts of the ignored arguments is in `key`.
    memory = check_memory(private_memory(memory))
    fit = memory.cache(_fit, ignore=["X", "y", "fit_params", "reported"])
    keys, reports = _keys(tasks, X, y, memory), _subtasks(tasks, reported)
    on_cluster = has_listeners(reported[0]) and runs_on_cluster(n_jobs)
    done: list[Fitted] = []
    with CallbackDoor() if on_cluster else nullcontext() as door, quiet_workers():
        # Results arrive in order while later tasks still run, so that they can be
        # printed. Of a table only the rows are sent with a task to a cluster.
        results = run_in_order(
            _fit_and_report,
            [
                (task.estimator, task.train, task.test, task.fit_params, key, of_task)
                for task, key, of_task in zip(tasks, keys, reports, strict=True)
            ],
            shared=(fit, door, X, y, classes),
            n_jobs=n_jobs,
        )
        with closing(results):
            for task, of_task, (fitted, is_reported) in zip(
                tasks, reports, results, strict=True
            ):
                if not is_reported:
                    report_task(*of_task, X, y)
                done.append(fitted)
                if verbose:
                    seconds = f"{fitted.fit_seconds:.1f} s"
                    print(f"[CrossFit] {task.name}: {seconds}", flush=True)
    return done


def _subtasks(
    tasks: Sequence[Task], reported: tuple[Any, Any]
) -> list[tuple[Any, Any]]:
    """Create all callback contexts before the first is sent to another process."""
    # A subcontext is numbered by the number of its siblings, which other processes
    # would not know.
    caller, context = reported
    if not has_listeners(caller):
        return [(None, None)] * len(tasks)
    return [(caller, context.subcontext(task_name=task.name)) for task in tasks]


def _fit_and_report(
    fit: Callable[..., Fitted],
    door: CallbackDoor | None,
    X: Any,
    y: NDArray[Any],
    classes: NDArray[Any],
    estimator: Any,
    train: NDArray[np.intp],
    test: NDArray[np.intp] | None,
    fit_params: dict[str, Any],
    key: str,
    reported: tuple[Any, Any],
) -> tuple[Fitted, bool]:
    """Call the cached `_fit`; return whether it has been reported to callbacks."""
    is_reported = door is None or door.is_open()
    if not is_reported:
        reported = (None, None)
    fitted = fit(estimator, X, y, train, test, classes, fit_params, key, reported)
    return fitted, is_reported


def _fit(
    estimator: Any,
    X: Any,
    y: NDArray[Any],
    train: NDArray[np.intp],
    test: NDArray[np.intp] | None,
    classes: NDArray[Any],
    fit_params: dict[str, Any],
    key: str,
    reported: tuple[Any, Any],
) -> Fitted:
    """Fit a member on the training samples and predict the others."""
    start = time.perf_counter()
    # The clone keeps the task's member unfitted: it is part of the key of the cache.
    try:
        fitted, X_train = clone(estimator), _safe_indexing(X, train)
        params = _check_method_params(X, fit_params, indices=train)
        with reported_task(*reported, fitted, X_train, y[train]):
            fitted.fit(X_train, y[train], **params)
    except Exception as error:
        if len(train) < len(y):
            first = ", ".join(map(str, train[:3].tolist()))
            error.add_note(
                "This happened in a fold: its rows 0, 1, 2, ... are the rows "
                f"{first}, ... of X."
            )
        raise
    fit_seconds = time.perf_counter() - start
    if test is None:
        return Fitted(fitted, None, None, fit_seconds, 0.0)
    start = time.perf_counter()
    proba, present = predict_with_presence(fitted, _safe_indexing(X, test), classes)
    return Fitted(fitted, proba, present, fit_seconds, time.perf_counter() - start)


def _keys(tasks: Sequence[Task], X: Any, y: NDArray[Any], memory: Any) -> list[str]:
    """Return a hash of what each fit depends on besides the arguments in its key."""
    if getattr(memory, "location", memory) is None:
        return [""] * len(tasks)
    # A large X is hashed once, not once per task. Its content decides, not the library
    # that the table belongs to.
    software = installed_versions(_PACKAGES), keras_backend()
    common = joblib.hash((as_pandas(X), y, software, file_states(X)))
    keys: dict[int, str] = {}
    for task in tasks:
        member = id(task.estimator)
        if member not in keys:
            fingerprints = input_fingerprints(task.estimator, X)
            keys[member] = joblib.hash((common, fingerprints, task.fit_params))
    return [keys[id(task.estimator)] for task in tasks]
