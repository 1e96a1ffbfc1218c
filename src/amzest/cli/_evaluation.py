"""Predictions of a model, and the categories that they are compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.distributed._product_predictions import ProductPredictions


@dataclass(frozen=True)
class Evaluation:
    """Predictions of a model for rows of a table whose categories are known."""

    model: str
    table: str
    n_rows: int  # of the table, of which a sample may have been predicted
    rows: NDArray[np.intp]
    y_true: list[Any]
    predictions: ProductPredictions
    classes: NDArray[Any]
    titles: list[Any] | None

    @property
    def codes(self) -> NDArray[np.int64]:
        """Position of each true category in the classes, -1 if the model lacks it."""
        known = {label: code for code, label in enumerate(self.classes.tolist())}
        codes = [known.get(label, -1) for label in self.y_true]
        return np.array(codes, dtype=np.int64)
