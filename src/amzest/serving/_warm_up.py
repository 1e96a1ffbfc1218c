"""A first prediction, which imports frameworks and builds networks."""

from __future__ import annotations

import base64
from typing import Any

from amzest.distributed._product_predictions import ProductPredictor
from amzest.serving._prediction_queue import as_product_frame

#: A grey PNG image of 8 x 8 pixels.
_IMAGE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAAEElEQVR4nGOoh"
    "wIGahkAAIIsEAGl2LYxAAAAAElFTkSuQmCC"
)
_CELLS: dict[str, Any] = {"text": "first product", "image": _IMAGE, "other": 0}


def warm_up(predictor: ProductPredictor) -> None:
    """Predict one product."""
    columns = predictor.columns
    cells = {name: [_CELLS[kind]] for name, kind in columns.kinds.items()}
    predictor.predict(as_product_frame(cells, columns))
