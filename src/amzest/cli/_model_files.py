"""Load a model for a command."""

from __future__ import annotations

from typing import Any

from amzest.distributed._model_reference import load_predictor as load
from amzest.distributed._product_predictions import ProductPredictor


def load_predictor(options: Any) -> ProductPredictor:
    """Return the model of a command, with the columns that it reads of the table."""
    return load(options.model, columns=options.columns, trusted=options.trust)
