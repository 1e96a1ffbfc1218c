"""What is to be explained."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.inspection._model_columns import (
    Kind,
    Reader,
    kinds_of_columns,
    readers_of,
)
from amzest.inspection._predictor import Predictor
from amzest.inspection._samples import Samples
from amzest.utils import shown_list


@dataclass(frozen=True)
class Task:
    """What is explained: model, samples, classes and columns."""

    predictor: Predictor
    readers: list[Reader]
    kinds: dict[int, Kind]  # of the columns to explain

    @classmethod
    def of(
        cls,
        model: Any,
        samples: Samples,
        codes: NDArray[np.intp],
        columns: Any,
        batch_size: int,
    ) -> Task:
        every = tuple(range(len(samples.names)))
        readers = list(readers_of(model, every, samples.names))
        kinds = kinds_of_columns(readers, samples)
        if columns is not None:
            scalar = isinstance(columns, str | Integral)
            wanted = [samples.position(c) for c in ([columns] if scalar else columns)]
            kinds = {c: kind for c, kind in kinds.items() if c in wanted}
        if not kinds:
            raise ValueError(
                "`X` has no column of texts or images that the model reads. Columns: "
                f"{shown_list(samples.names)}."
            )
        return cls(Predictor(model, samples, codes, batch_size), readers, kinds)

    @property
    def samples(self) -> Samples:
        """The samples to explain."""
        return self.predictor.samples

    def readers_of_column(self, column: int) -> list[Reader]:
        """Return the estimators that read a column."""
        return [reader for reader in self.readers if column in reader.columns]
