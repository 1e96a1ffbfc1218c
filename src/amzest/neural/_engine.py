"""What the estimators ask of a deep-learning framework, and nothing more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Weights = dict[str, NDArray[Any]]
Output = Literal["logits", "features"]


class Batch(NamedTuple):
    """One training batch: what the network reads, class numbers and row weights."""

    inputs: Any
    targets: NDArray[np.int64]  # (batch,)
    weights: NDArray[np.float32]  # (batch,)


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained, in terms that hold for every framework.

    Parameters
    ----------
    learning_rate : float
        Peak learning rate of AdamW.

    weight_decay : float
        Decoupled weight decay of the matrices of AdamW; biases and normalisation
        parameters have none.

    label_smoothing : float
        Share of the target probability spread over all classes.

    seeds : dict of str to int
        One seed for each of ``amzest.utils.PURPOSES``.

    device : str
        Framework-neutral name: "auto", "cpu", "cuda", "cuda:1", "mps".

    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Arithmetic of matrix products in training.

    sparse_learning_rate : float, default=None
        Peak learning rate of tables of which a batch touches few rows; None for
        networks without such tables.
    """

    learning_rate: float
    weight_decay: float
    label_smoothing: float
    seeds: dict[str, int]
    device: str
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    sparse_learning_rate: float | None = None


class Engine(Protocol):
    """A live network of one framework.

    It is built from plain values (a builder and an architecture), trained an epoch at
    a time and read out as arrays. Everything that is not specific to a framework
    (labels, splits, early stopping, missing rows) is left to the estimator.
    """

    net: Any

    def run_epoch(
        self, batches: Iterable[Batch], learning_rates: Iterable[float]
    ) -> float:
        """Train on the batches; return the mean weighted loss over all rows."""

    def forward(self, batches: Iterable[Any], output: Output) -> NDArray[np.float32]:
        """Return logits or features of all rows, shape (n_rows, n_columns)."""

    def get_weights(self) -> Weights:
        """Copy parameters and buffers into arrays, by name."""

    def set_weights(self, weights: Weights) -> None:
        """Load arrays as given by `get_weights`."""

    def end_training(self) -> None:
        """Forget what only training needs, such as moments of the optimizer."""
