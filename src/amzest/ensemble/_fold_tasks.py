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

from amzest.ensemble._presence import predict_with_presence

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

    memory : None, str or object with the interface of joblib.Memory
        Where results are kept.

    n_jobs : int or None
        Number of processes.

    verbose : bool
        Whether to print a line for each task that has ended.

    Returns
    -------
    list of Fitted
        One for each task, in their order.
    """
    memory = check_memory(memory)
    fit = memory.cache(_fit, ignore=["X", "y"])
    # Digested once, and not once for each task.
    kept = getattr(memory, "location", memory) is not None
    key = _digest(X, y) if kept else ""
    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator")
    results = parallel(
        joblib.delayed(fit)(task.estimator, X, y, task.train, task.test, classes, key)
        for task in tasks
    )
    done: list[Fitted] = []
    for task, fitted in zip(tasks, results, strict=True):
        done.append(fitted)
        if verbose:
            print(f"[CrossFit] {task.name}: {fitted.fit_seconds:.1f} s", flush=True)
    return done


def _fit(
    estimator: Any,
    X: Any,
    y: NDArray[Any],
    train: NDArray[np.intp],
    test: NDArray[np.intp] | None,
    classes: NDArray[Any],
    key: str,
) -> Fitted:
    start = time.perf_counter()
    try:
        fitted = clone(estimator).fit(_safe_indexing(X, train), y[train])
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


def _digest(X: Any, y: NDArray[Any]) -> str:
    digest: str = joblib.hash((X, y, _versions()))
    return digest


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
