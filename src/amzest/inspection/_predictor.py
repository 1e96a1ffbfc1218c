"""Predicted probabilities of the explained category, for changed samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.inspection._samples import Samples

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Variant:
    """A sample with other cells, by position of their column."""

    row: int
    cells: dict[int, Any] = field(default_factory=dict)
    n_bytes: int = 0  # of large cells


@dataclass(frozen=True)
class Predictor:
    """The probability of one class for each sample, also with changed cells."""

    model: Any
    samples: Samples
    codes: NDArray[np.intp]  # column of the explained class, (n_samples,)
    batch_size: int
    max_bytes: int = 2**26

    def predict(self, variants: Iterable[Variant]) -> Floats:
        """Return the probability for each variant, predicted in large batches."""
        parts = [self._predict_batch(batch) for batch in self._batches(variants)]
        return np.concatenate([np.empty(0), *parts])

    def _batches(self, variants: Iterable[Variant]) -> Iterator[list[Variant]]:
        batch: list[Variant] = []
        n_bytes = 0
        for variant in variants:
            batch.append(variant)
            n_bytes += variant.n_bytes
            if len(batch) == self.batch_size or n_bytes > self.max_bytes:
                yield batch
                batch, n_bytes = [], 0
        if batch:
            yield batch

    def _predict_batch(self, batch: list[Variant]) -> Floats:
        rows = np.array([variant.row for variant in batch])
        new: dict[int, dict[int, Any]] = {}
        for position, variant in enumerate(batch):
            for column, cell in variant.cells.items():
                new.setdefault(column, {})[position] = cell
        proba = np.asarray(self.model.predict_proba(self.samples.with_cells(rows, new)))
        return proba[np.arange(len(rows)), self.codes[rows]].astype(np.float64)
