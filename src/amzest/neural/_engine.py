"""The interfaces between estimators, inputs and deep-learning frameworks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Weights = dict[str, NDArray[Any]]
Output = Literal["logits", "features"]


class Batch(NamedTuple):
    """One training batch."""

    inputs: Any
    targets: NDArray[np.int64]  # (batch,)
    weights: NDArray[np.float32]  # (batch,)


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained, in terms common to all frameworks."""

    learning_rate: float  # peak, of AdamW
    weight_decay: float
    label_smoothing: float
    seeds: dict[str, int]  # one for each of amzest.utils.PURPOSES
    device: str  # "auto", "cpu", "cuda", "cuda:1", "mps"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    #: Peak for embedding tables of which a batch uses few rows; None without such.
    sparse_learning_rate: float | None = None


class Inputs(Protocol):
    """Encoded samples from which batches are taken."""

    present: NDArray[np.bool_]  # (n_samples,); missing samples never reach the network
    #: Lengths, where batches of samples of similar length are cheaper; else None.
    sizes: NDArray[np.intp] | None
    #: Augmented views of a sample over which its outputs are averaged.
    n_views: int

    def __len__(self) -> int:
        """Return the number of samples."""

    def batch(
        self,
        rows: NDArray[np.intp],
        rng: np.random.Generator | None = None,
        view: int = 0,
    ) -> Any:
        """Return samples as the network takes them; augmented if `rng` is passed."""


class Engine(Protocol):
    """A live network of one framework: built from plain values, trained, read out."""

    net: Any

    def run_epoch(
        self, batches: Iterable[Batch], learning_rates: Iterable[float]
    ) -> float:
        """Train on the batches; return the mean weighted loss over all samples."""

    def forward(self, batches: Iterable[Any], output: Output) -> NDArray[np.float32]:
        """Return logits or features of all samples, shape (n_samples, n_columns)."""

    def get_weights(self) -> Weights:
        """Copy parameters and buffers into arrays, by name."""

    def set_weights(self, weights: Weights) -> None:
        """Load arrays returned by `get_weights`."""

    def end_training(self) -> None:
        """Free what only training needs, such as the optimizer's moments."""
