"""The schema of requests, for ``GET /openapi.json``."""

from __future__ import annotations

from typing import Any

from amzest.distributed._product_predictions import ProductPredictor
from amzest.serving._requests import Limits

_IMAGE = {
    "oneOf": [
        {
            "type": "object",
            "properties": {"bytes": {"type": "string", "format": "byte"}},
            "required": ["bytes"],
        },
        {
            "type": "object",
            "properties": {"path": {"type": "string"}},
            "required": ["path"],
        },
        {"type": "string", "description": "A path within the folder of images."},
        {"type": "null"},
    ]
}
_CELLS: dict[str, Any] = {
    "text": {"type": ["string", "null"]},
    "image": _IMAGE,
    "other": {"type": ["number", "string", "boolean", "null"]},
}


def prediction_schema(predictor: ProductPredictor, limits: Limits) -> dict[str, Any]:
    """Return the description of the body of ``POST /predict``."""
    product = {
        "type": "object",
        "properties": {
            "id": {"type": ["string", "integer", "null"]},
            **{name: _CELLS[kind] for name, kind in predictor.columns.kinds.items()},
        },
        "additionalProperties": False,
    }
    schema = {
        "type": "object",
        "required": ["products"],
        "additionalProperties": False,
        "properties": {
            "products": {
                "type": "array",
                "items": product,
                "minItems": 1,
                "maxItems": limits.products,
            },
            "top_k": {"type": "integer", "minimum": 1},
            "explain": {"type": "boolean", "default": False},
        },
    }
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    }
