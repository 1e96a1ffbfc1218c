"""Training titles, and the training loop of a text classifier."""

from __future__ import annotations

import os
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pandas as pd
from rivals.torch_loop import Tables, train_epoch_by_hand

from amzest.datasets import make_products

#: Maximum number of epochs of a trainer.
MAX_EPOCHS = 200


class Epochs:
    """Epochs of one text classifier, by amzest and by a hand-written loop.

    Parameters
    ----------
    classifier : text classifier
        Not fitted.

    X, y : sequence
        Training data.

    precision : {"float32", "bfloat16"}
        Floating-point precision of the hand-written loop.
    """

    def __init__(self, classifier: Any, X: Any, y: Any, precision: str) -> None:
        classifier.set_params(max_epochs=MAX_EPOCHS)
        data = classifier._check_training_data(X, y)
        self._trainer = classifier._start_training(data, data.rows, data.rows[:0])
        self._batches = list(self._trainer._batches())
        self._rates = self._trainer._schedule[0]
        self._factor = classifier.embedding_learning_rate / classifier.learning_rate
        self._precision = precision
        self._n_rows = len(X)

    def with_amzest(self) -> int:
        """Train for one epoch; return the number of rows."""
        self._trainer.run_epoch()
        return self._n_rows

    def by_hand(
        self,
        tables: Tables = "rowwise",
        n_batches: int | None = None,
        *,
        ready: bool = False,
    ) -> Callable[[], int]:
        """Return a function that trains a copy for one epoch or some batches.

        Parameters
        ----------
        tables : {"rowwise", "sparse_adam", "dense_adam"}, default="rowwise"
            Optimizer of the tables.

        n_batches : int, default=None
            Number of prepared batches; None for all batches of an epoch.

        ready : bool, default=False
            Whether batches are prepared in advance or created during training.

        Returns
        -------
        callable
            Trains and returns the number of rows.
        """
        module = deepcopy(self._trainer.engine.net.module_)
        batches, rates = self._batches[:n_batches], self._rates[:n_batches]

        def train() -> int:
            train_epoch_by_hand(
                module,
                batches if ready or n_batches else self._trainer._batches(),
                learning_rates=rates,
                precision=self._precision,
                table_factor=self._factor,
                tables=tables,
            )
            return sum(len(batch.targets) for batch in batches)

        return train


def titles_and_categories(
    n_rows: int, *, real: bool = True
) -> tuple[list[str], list[str], str]:
    """Return titles, categories and the name of their source.

    Real ones are used if `real` and if the folder AMZEST_DATA exists; synthetic ones
    otherwise.
    """
    folder = os.environ.get("AMZEST_DATA") if real else None
    if folder and (path := Path(folder, "amazon10", "products.csv")).is_file():
        products = pd.read_csv(path)
        products = products.sample(min(n_rows, len(products)), random_state=0)
        return list(products["title"]), list(products["category"]), "Amazon's titles"
    products = make_products(n_rows, random_state=0).frame
    products = products[products["title"].notna()]
    return list(products["title"]), list(products["category"]), "made titles"
