"""Predictions as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.distributed._product_predictions import ProductPredictions


def as_records(
    predictions: ProductPredictions,
    classes: NDArray[Any],
    *,
    top_k: int,
    ids: Sequence[Any] | None,
) -> list[dict[str, Any]]:
    """Return one JSON object per product."""
    categories = plain_labels(predictions.categories)
    confidence = predictions.confidence.tolist()
    best = predictions.top(top_k)
    proba = np.take_along_axis(predictions.proba, best, axis=1).tolist()
    names = iter(plain_labels(classes[best].ravel()))
    records: list[dict[str, Any]] = []
    for row, category in enumerate(categories):
        record: dict[str, Any] = {} if ids is None else {"id": ids[row]}
        record["category"] = category
        record["confidence"] = confidence[row]
        if predictions.review is not None:
            record["review"] = bool(predictions.review[row])
        record["missing"] = bool(predictions.missing[row])
        record["probabilities"] = [
            {"category": next(names), "probability": value} for value in proba[row]
        ]
        records.append(record)
    return records


def plain_labels(labels: NDArray[Any]) -> list[Any]:
    """Return labels as values of JSON; what it does not have becomes text."""
    values = np.asarray(labels).tolist()
    return [v if isinstance(v, str | int | float | bool) else str(v) for v in values]
