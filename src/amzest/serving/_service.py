"""What all requests share: the model, the limits and the threads that predict."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from amzest.distributed._product_predictions import ProductPredictor
from amzest.serving._answers import as_records, plain_labels
from amzest.serving._explanations import explain_products
from amzest.serving._prediction_queue import PredictionQueue
from amzest.serving._requests import Limits, PredictionRequest, read_request
from amzest.serving._warm_up import warm_up
from amzest.utils import installed_versions

_LOGGER = logging.getLogger("amzest.serving")
#: Bodies of more bytes, or with images, are read by a thread, so that other requests
#: are accepted in the meantime.
_SMALL_BODY = 2**16
#: Packages whose versions are part of the metadata, if the model has loaded them.
_PACKAGES = ("amzest", "scikit-learn", "numpy", "torch", "tensorflow", "onnxruntime")
_MODULES = {"scikit-learn": "sklearn"}


class Service:
    """What the routes share: the model, the limits and the threads."""

    def __init__(
        self,
        predictor: ProductPredictor,
        limits: Limits,
        *,
        image_root: str | None,
        body_timeout: float,
        top_k: int,
        n_threads: int,
        max_waiting: int,
        max_batch_size: int,
        metadata: dict[str, Any],
    ) -> None:
        self.predictor = predictor
        self.limits = limits
        self.body_timeout = body_timeout
        self.not_ready: str | None = "The model is being loaded."
        self._read = partial(
            read_request,
            columns=predictor.columns,
            limits=limits,
            image_root=image_root,
            default_top_k=top_k,
        )
        self._start_queue = partial(
            PredictionQueue,
            predictor,
            n_threads=n_threads,
            max_waiting=max_waiting,
            max_batch_size=max_batch_size,
        )
        # An explanation takes longer than a prediction, and must not delay others.
        self._start_explaining = partial(
            PredictionQueue,
            predictor,
            n_threads=1,
            max_waiting=max_waiting,
            max_batch_size=1,
        )
        self._metadata = metadata
        self._queue: PredictionQueue | None = None
        self._explaining: PredictionQueue | None = None

    @asynccontextmanager
    async def running(self, _app: Any = None) -> AsyncIterator[None]:
        """Start the threads and the first prediction; finish all requests at the end.

        Requests are accepted during the first prediction, which imports frameworks.
        """
        self._queue = self._start_queue()
        self._explaining = self._start_explaining()
        first = asyncio.create_task(self._warm_up(self._queue))
        try:
            yield
        finally:
            self.not_ready = "The service is being stopped."
            first.cancel()
            await asyncio.to_thread(self._queue.close)
            await asyncio.to_thread(self._explaining.close)

    async def _warm_up(self, queue: PredictionQueue) -> None:
        call = partial(warm_up, self.predictor)
        try:
            await asyncio.wrap_future(queue.call(call))
        except Exception:
            # Models of other libraries may reject the product that is predicted.
            _LOGGER.warning("The first prediction failed.", exc_info=True)
        self.not_ready = None

    async def answer(self, body: bytes) -> dict[str, Any]:
        """Return the answer to a request."""
        has_images = bool(self.predictor.columns.of_kind("image"))
        if len(body) <= _SMALL_BODY and not has_images:
            request = self._read(body)
        else:
            request = await asyncio.to_thread(self._read, body)
        queue = self._queue
        if queue is None:
            raise RuntimeError("The application was not started; use its lifespan.")
        future = queue.predict(request.columns, request.n_products)
        predictions = await asyncio.wrap_future(future)
        classes = self.predictor.classes
        records = as_records(predictions, classes, top_k=request.top_k, ids=request.ids)
        if request.explain:
            await self._explain(request, records)
        return {"predictions": records}

    async def _explain(
        self, request: PredictionRequest, records: list[dict[str, Any]]
    ) -> None:
        if self._explaining is None:
            raise RuntimeError("The application was not started; use its lifespan.")
        call = partial(explain_products, self.predictor, request.columns)
        explained = await asyncio.wrap_future(self._explaining.call(call))
        for record, explanation in zip(records, explained, strict=True):
            record["explanation"] = explanation

    def describe(self) -> dict[str, Any]:
        """Return what is known about the model."""
        columns = self.predictor.columns
        return {
            "model": type(self.predictor.model).__name__,
            "classes": plain_labels(self.predictor.classes),
            "columns": [
                {"name": name, "kind": kind} for name, kind in columns.kinds.items()
            ],
            "review": self.predictor.has_review,
            "versions": _loaded_versions(),
            "limits": {
                "body_bytes": self.limits.body_bytes,
                "products": self.limits.products,
                "pixels": self.limits.pixels,
                "explained": self.limits.explained,
            },
            **self._metadata,
        }


def _loaded_versions() -> dict[str, str]:
    return installed_versions(
        name for name in _PACKAGES if _MODULES.get(name, name) in sys.modules
    )
