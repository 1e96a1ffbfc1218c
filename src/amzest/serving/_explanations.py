"""Explanations of predictions as JSON: shares of words, columns and members."""

from __future__ import annotations

import math
from typing import Any

from amzest.distributed._product_predictions import ProductPredictor
from amzest.serving._prediction_queue import Columns, as_product_frame


def explain_products(
    predictor: ProductPredictor, columns: Columns
) -> list[dict[str, list[dict[str, Any]]]]:
    """Return the tables of the explanation of each product."""
    from amzest.inspection import explain

    frame = as_product_frame(columns, predictor.columns)
    explanation = explain(predictor.model, predictor.samples(frame))
    tables = {
        "words": explanation.frame(),
        "columns": explanation.columns_frame(),
        "members": explanation.members_frame(),
    }
    found: list[dict[str, list[dict[str, Any]]]] = [
        {name: [] for name in tables} for _ in range(len(frame))
    ]
    for name, table in tables.items():
        for record in table.to_dict("records"):
            row = int(record.pop("row"))
            found[row][name].append(
                {str(k): _plain(cell) for k, cell in record.items()}
            )
    return found


def _plain(value: Any) -> Any:
    """Return a cell as a value of JSON."""
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value)
