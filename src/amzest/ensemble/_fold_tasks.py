"""The work of cross-fitting: one member on one fold, in any process, at most once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_memory

from amzest.ensemble._callbacks import has_listeners, reported_task
from amzest.ensemble._input_fingerprint import input_fingerprints
from amzest.ensemble._presence import predict_with_presence
from amzest.ensemble._private_memory import private_memory
from amzest.utils import as_pandas, file_states, quiet_workers

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
    """A member that was fitted on some rows and asked about the others."""

    estimator: Any
    proba: NDArray[np.float64] | None
    present: NDArray[np.bool_] | None
    fit_seconds: float
    predict_seconds: float


class Task(NamedTuple):
    """A member, the rows to fit it on, and the rows to ask it about."""

    name: str
    estimator: Any
    train: NDArray[np.intp]
    test: NDArray[np.intp] | None


def run_tasks(
    tasks: Sequence[Task],
    X: Any,
    y: NDArray[Any],
    classes: NDArray[Any],
    *,
    memory: Any,
    n_jobs: int | None,
    verbose: bool,
    reported: tuple[Any, Any] | None = None,
) -> list[Fitted]:
    """Fit members, side by side if wanted; what `memory` has is not fitted again.

    Parameters
    ----------
    tasks : sequence of Task
        What to do.

    X, y : array-like, ndarray
        All rows and their labels.

    classes : ndarray of shape (n_classes,)
        All labels.

    memory : None, str, path-like or object with the interface of joblib.Memory
        Where results are kept, see :func:`private_memory`.

    n_jobs : int or None
        Number of processes.

    verbose : bool
        Whether to print a line for each task that has ended.

    reported : (estimator, CallbackContext), default=None
        Whose fit this is, and the task of it, of which callbacks are told.

    Returns
    -------
    list of Fitted
        One for each task, in their order.
    """
    memory = check_memory(private_memory(memory))
    fit = memory.cache(_fit, ignore=["X", "y", "reported"])
    keys = _keys(tasks, X, y, memory)
    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator")
    results = parallel(
        joblib.delayed(fit)(
            task.estimator, X, y, task.train, task.test, classes, key, of_task
        )
        for task, key, of_task in zip(
            tasks, keys, _subtasks(tasks, reported), strict=True
        )
    )
    done: list[Fitted] = []
    with quiet_workers():
        for task, fitted in zip(tasks, results, strict=True):
            done.append(fitted)
            if verbose:
                print(f"[CrossFit] {task.name}: {fitted.fit_seconds:.1f} s", flush=True)
    return done


def _subtasks(
    tasks: Sequence[Task], reported: tuple[Any, Any] | None
) -> list[tuple[Any, Any]]:
    """Make all contexts before the first is sent to another process."""
    if reported is None or not has_listeners(reported[0]):
        return [(None, None)] * len(tasks)
    caller, context = reported
    return [(caller, context.subcontext(task_name=task.name)) for task in tasks]


def _fit(
    estimator: Any,
    X: Any,
    y: NDArray[Any],
    train: NDArray[np.intp],
    test: NDArray[np.intp] | None,
    classes: NDArray[Any],
    key: str,
    reported: tuple[Any, Any],
) -> Fitted:
    start = time.perf_counter()
    try:
        fitted, X_train = clone(estimator), _safe_indexing(X, train)
        with reported_task(*reported, fitted, X_train, y[train]):
            fitted.fit(X_train, y[train])
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
    """Return the part of each task's key that joblib.Memory does not hash itself."""
    if getattr(memory, "location", memory) is None:
        return [""] * len(tasks)
    # Hashed once, not once per task.
    common = _digest(X, y)
    members = {id(task.estimator): task.estimator for task in tasks}
    of_members = {
        number: joblib.hash((common, input_fingerprints(member, X)))
        for number, member in members.items()
    }
    return [of_members[id(task.estimator)] for task in tasks]


def _digest(X: Any, y: NDArray[Any]) -> str:
    """Return a hash of all that a fit depends on besides the member and its rows."""
    # The content decides, not the library that the table belongs to.
    digest: str = joblib.hash((as_pandas(X), y, _versions(), file_states(X)))
    return digest


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
