"""Predictions in threads; requests that wait at the same time are predicted together.

A prediction has a fixed cost, of about a millisecond, besides that of its products.
While a thread predicts, other requests arrive; the next call predicts all of them.
Nothing waits for a batch to fill, so that a single request is answered as soon as it
would be without batches.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, NamedTuple

from amzest.distributed._model_columns import ModelColumns
from amzest.distributed._product_predictions import ProductPredictions, ProductPredictor

if TYPE_CHECKING:
    import pandas as pd

Columns = dict[str, list[Any]]


class QueueFull(Exception):
    """More requests wait than the limit allows."""


class _Task(NamedTuple):
    """What a thread has to do: predict products, or call a function."""

    future: Future[Any]
    columns: Columns
    n_products: int
    call: Callable[[], Any] | None = None


class PredictionQueue:
    """Threads that predict, and the requests that wait for them."""

    def __init__(
        self,
        predictor: ProductPredictor,
        *,
        n_threads: int,
        max_waiting: int,
        max_batch_size: int,
    ) -> None:
        self._predictor = predictor
        self._max_waiting = max_waiting
        self._max_batch_size = max_batch_size
        self._waiting: deque[_Task] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"amzest-predict-{i}", daemon=True)
            for i in range(n_threads)
        ]
        for thread in self._threads:
            thread.start()

    def predict(self, columns: Columns, n_products: int) -> Future[ProductPredictions]:
        """Predict products; the future has their predictions."""
        return self._put(_Task(Future(), columns, n_products))

    def call(self, function: Callable[[], Any]) -> Future[Any]:
        """Call a function in one of the threads."""
        return self._put(_Task(Future(), {}, 0, function))

    def close(self) -> None:
        """Finish what waits, and end the threads."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _put(self, task: _Task) -> Future[Any]:
        with self._changed:
            if self._closed or len(self._waiting) >= self._max_waiting:
                raise QueueFull
            self._waiting.append(task)
            self._changed.notify()
        return task.future

    def _take(self) -> list[_Task]:
        """Wait for requests; return as many as one batch may have, none at the end."""
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            if not self._waiting:
                return []
            batch = [self._waiting.popleft()]
            n_products = batch[0].n_products
            while self._waiting and batch[0].call is None:
                n_products += self._waiting[0].n_products
                is_call = self._waiting[0].call is not None
                if is_call or n_products > self._max_batch_size:
                    break
                batch.append(self._waiting.popleft())
            return batch

    def _work(self) -> None:
        while batch := self._take():
            # A request whose client has gone may have been cancelled.
            batch = [t for t in batch if t.future.set_running_or_notify_cancel()]
            if len(batch) > 1 and self._answer_together(batch):
                continue
            for task in batch:
                self._answer(task)

    def _answer(self, task: _Task) -> None:
        try:
            if task.call is not None:
                result = task.call()
            else:
                frame = as_product_frame(task.columns, self._predictor.columns)
                result = self._predictor.predict(frame)
        except BaseException as error:
            task.future.set_exception(error)
        else:
            task.future.set_result(result)

    def _answer_together(self, batch: list[_Task]) -> bool:
        """Answer several requests by one prediction; return whether it succeeded."""
        columns = {
            name: [cell for task in batch for cell in task.columns[name]]
            for name in self._predictor.columns.names
        }
        try:
            frame = as_product_frame(columns, self._predictor.columns)
            predictions = self._predictor.predict(frame)
        except Exception:
            return False  # one of them is to blame: each is predicted by itself
        start = 0
        for task in batch:
            stop = start + task.n_products
            task.future.set_result(predictions.rows(start, stop))
            start = stop
        return True


def as_product_frame(columns: Columns, of_model: ModelColumns) -> pd.DataFrame:
    """Return products as a table; texts and images are Python objects."""
    import pandas as pd

    return pd.DataFrame(
        {
            name: pd.Series(columns[name], dtype=None if kind == "other" else object)
            for name, kind in of_model.kinds.items()
        }
    )
