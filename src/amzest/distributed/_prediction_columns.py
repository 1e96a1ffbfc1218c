"""Predictions as columns of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from amzest.distributed._product_predictions import ProductPredictions, ProductPredictor

if TYPE_CHECKING:
    import pandas as pd


def prediction_columns(
    predictions: ProductPredictions, predictor: ProductPredictor, top_k: int
) -> dict[str, Any]:
    """Return the predictions as columns by their names."""
    columns: dict[str, Any] = {
        "predicted_category": _as_column(predictions.categories),
        "predicted_confidence": predictions.confidence,
    }
    if predictions.review is not None:
        columns["predicted_review"] = predictions.review
    columns["predicted_missing"] = predictions.missing
    if top_k > 1:
        best = predictions.top(top_k)
        proba = np.take_along_axis(predictions.proba, best, axis=1)
        for place in range(1, best.shape[1]):
            labels = predictor.classes[best[:, place]]
            columns[f"predicted_category_{place + 1}"] = _as_column(labels)
            columns[f"predicted_confidence_{place + 1}"] = proba[:, place]
    return columns


def example_columns(predictor: ProductPredictor, top_k: int) -> dict[str, Any]:
    """Return the columns of one made-up prediction: their names and types."""
    n_classes = len(predictor.classes)
    flags = np.zeros(1, dtype=bool)
    predictions = ProductPredictions(
        predictor.classes[:1],
        np.full((1, n_classes), 1 / n_classes),
        flags,
        flags if predictor.has_review else None,
    )
    return prediction_columns(predictions, predictor, top_k)


def _as_column(labels: Any) -> pd.Series:
    import pandas as pd

    # Of Python objects, for a NumPy array of texts has their longest length.
    return pd.Series(np.asarray(labels).tolist())
