"""The time that a candidate takes, measured on a sample and predicted for all rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from amzest.automl._budget import DeadlineCallback, last_step, listen
from amzest.automl._candidates import Candidate
from amzest.neural import BaseNeuralClassifier, plan_splits, stratified_splits
from amzest.neural._batches import resolve_batch_size
from amzest.text import TextLinearClassifier

#: Size of the sample: a tenth of the rows, within these bounds.
_SAMPLE_FRACTION, _MIN_SAMPLE, _MAX_SAMPLE = 0.1, 100, 1000
#: Largest exponent of the number of rows with which the time of a fit grows.
_MAX_EXPONENT = 1.5
#: Folds in several processes slow each other down.
_PARALLEL_FACTOR = 1.2


@dataclass(frozen=True)
class Cost:
    """Seconds of a candidate; `rows` is the size of the sample.

    A fit takes ``fit * (n / rows) ** exponent``, a prediction ``predict * n / rows``.
    `once` precedes all folds, `start` is needed in each process.
    """

    rows: int
    fit: float
    predict: float
    exponent: float = 1.0
    once: float = 0.0
    start: float = 0.0
    processes: bool = True

    def of_fit(self, n_rows: int) -> float:
        """Return the seconds of one fit."""
        return self.fit * (n_rows / self.rows) ** self.exponent

    def of_folds(self, n_rows: int, n_folds: int, n_jobs: int | None) -> float:
        """Return the seconds of a cross-validation."""
        n_train = n_rows - n_rows // n_folds
        seconds = n_folds * self.of_fit(n_train) + self.predict * n_rows / self.rows
        n_workers = min(joblib.effective_n_jobs(n_jobs), n_folds)
        if not self.processes or n_workers == 1:
            return self.once + seconds
        rounds = -(-n_folds // n_workers)
        share = rounds / n_folds * _PARALLEL_FACTOR
        return self.once + self.start + seconds * share


def choose_sample(targets: NDArray[np.int64], seed: int) -> NDArray[np.intp]:
    """Return the positions of a stratified sample, in random order."""
    n_rows = len(targets)
    size = np.clip(_SAMPLE_FRACTION * n_rows, _MIN_SAMPLE, _MAX_SAMPLE)
    rows = np.arange(n_rows)
    if size < n_rows / 2:
        # The samples to be held out are as many as wanted; rare classes have none.
        rows = stratified_splits(targets, size / n_rows, 1, seed)[0][1]
        if len(np.unique(targets[rows])) < 2:
            rows = np.arange(n_rows)
    return np.random.default_rng(seed).permutation(rows)


def measure_cost(
    candidate: Candidate,
    table: pd.DataFrame,
    labels: NDArray[Any],
    n_rows: int,
    callback: DeadlineCallback | None,
    seed: int,
) -> Cost:
    """Measure a candidate on a sample; `n_rows` are all rows."""
    estimator = _seeded(candidate.estimator, seed)
    if callback is not None:
        listen(estimator, callback)
    if candidate.encoder is not None:
        return _measure_pretrained(candidate, estimator, table, labels, n_rows)
    if isinstance(last_step(estimator), BaseNeuralClassifier):
        return _measure_network(estimator, table, labels, n_rows)
    cost = _measure_any(estimator, table, labels)
    if isinstance(last_step(estimator), TextLinearClassifier):
        # It holds samples out up to three times in small data, and once in large ones.
        share = _linear_fits(n_rows) / _linear_fits(len(labels))
        return replace(cost, fit=cost.fit * share, exponent=1.0)
    return cost


def _linear_fits(n_rows: int) -> int:
    """Return the time of a fit relative to that of one without held-out samples."""
    return 1 + 2 * plan_splits(0.1, n_rows)[1]


def _measure_any(estimator: Any, table: pd.DataFrame, labels: NDArray[Any]) -> Cost:
    """Fit on half of the sample and on all of it: the rest is extrapolated."""
    half = _first_rows(labels, len(labels) // 2)
    first = _seconds(lambda: estimator.fit(table.iloc[half], labels[half]))
    second = _seconds(lambda: estimator.fit(table, labels))
    ratio = np.log2(max(second, 1e-3) / max(first, 1e-3))
    return Cost(
        rows=len(labels),
        fit=second,
        predict=_seconds(lambda: estimator.predict_proba(table)),
        exponent=float(np.clip(ratio, 1.0, _MAX_EXPONENT)),
    )


def _measure_network(
    estimator: Any, table: pd.DataFrame, labels: NDArray[Any], n_rows: int
) -> Cost:
    """Fit for one and for three epochs, in batches of the size that all rows have."""
    network = last_step(estimator)
    params = network.get_params(deep=False)
    batch_size = resolve_batch_size(
        network.batch_size,
        n_rows,
        smallest=network._smallest_auto_batch,
        largest=network._largest_auto_batch,
        n_steps=network._n_auto_steps,
    )
    network.set_params(batch_size=batch_size, calibrate=False, early_stopping=False)

    def fit(n_epochs: int, rows: NDArray[np.intp]) -> float:
        network.set_params(max_epochs=min(n_epochs, params["max_epochs"]))
        X, y = table.iloc[rows], labels[rows]
        return _seconds(lambda: estimator.fit(X, y))

    everything = np.arange(len(labels))
    start = fit(1, _first_rows(labels, 16))  # loads the framework, compiles
    one, three = fit(1, everything), fit(3, everything)
    epoch = max(three - one, 0.0) / 2
    n_fits = 1
    if params["calibrate"] and not params["early_stopping"]:
        n_fits = 1 + network._max_first_fits
    of_all = max(one - epoch, 0.0) + epoch * params["max_epochs"]
    return Cost(
        rows=len(labels),
        fit=n_fits * of_all,
        predict=_seconds(lambda: estimator.predict_proba(table)),
        start=start,
    )


def _measure_pretrained(
    candidate: Candidate,
    estimator: Any,
    table: pd.DataFrame,
    labels: NDArray[Any],
    n_rows: int,
) -> Cost:
    """Encode half of the sample, after the first has loaded the encoder."""
    half = len(labels) // 2
    encoder = clone(candidate.encoder)
    start = _seconds(lambda: encoder.fit_transform(table[:half]))
    encoding = _seconds(lambda: encoder.transform(table[half:]))
    of_head = _measure_any(estimator, table, labels)
    return Cost(
        rows=len(labels),
        fit=of_head.fit,
        predict=of_head.predict,
        once=encoding * n_rows / (len(labels) - half),
        start=start,
        processes=False,  # other processes would encode everything again
    )


def encode_in_parts(
    candidate: Candidate, table: pd.DataFrame, callback: DeadlineCallback | None
) -> None:
    """Encode all rows for the cache, a part at a time; raise after the deadline."""
    encoder = clone(candidate.encoder).fit(table[:_MIN_SAMPLE])
    for start in range(0, len(table), _MIN_SAMPLE):
        encoder.transform(table[start : start + _MIN_SAMPLE])
        if callback is not None:
            callback.check()


def _seeded(estimator: Any, seed: int) -> Any:
    """Return a clone with all seeds set, so that no global generator is used."""
    copied = clone(estimator)
    seeds = {
        name: seed
        for name in copied.get_params(deep=True)
        if name == "random_state" or name.endswith("__random_state")
    }
    return copied.set_params(**seeds)


def _first_rows(labels: NDArray[Any], n_rows: int) -> NDArray[np.intp]:
    """Return the first rows, and the first one of each class."""
    first = np.unique(labels, return_index=True)[1]
    return np.union1d(np.arange(n_rows), first)


def _seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
