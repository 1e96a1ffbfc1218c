"""Load a model for a command."""

from __future__ import annotations

from typing import Any

from amzest.serving._model_columns import model_columns
from amzest.serving._product_predictions import ProductPredictor


def load_predictor(options: Any) -> ProductPredictor:
    """Return the model of a command, with the columns that it reads of the table."""
    from amzest.persistence import load

    model = load(options.model, trusted=options.trust)
    columns = model_columns(model)
    if options.columns is not None:
        columns = columns.renamed(options.columns)
    return ProductPredictor(model, columns)
