"""The features of some texts, as a matrix or in parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from amzest.text._linear_features import LinearFeatures, NumberedFeatures

#: Number of texts in a part of the matrix.
_ROWS_PER_MATRIX = 1024


@dataclass(frozen=True)
class TextRows:
    """The features of some texts, which are counted when they are needed."""

    features: LinearFeatures
    known: NumberedFeatures
    rows: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, places: NDArray[np.integer[Any]]) -> TextRows:
        """Return some of the texts."""
        return replace(self, rows=self.rows[places])

    @cached_property
    def n_values(self) -> int:
        """About the number of values that the matrix stores, and at least as many."""
        return self.known.n_values(self.rows)

    def matrix(self) -> sparse.csr_array:
        """Return the TF-IDF matrix, (n_rows, n_features), float32."""
        return self.features.matrix_of(self.known, self.rows)

    def matrices(self, n_rows: int = _ROWS_PER_MATRIX) -> Iterator[sparse.csr_array]:
        """Yield the same in parts, to limit memory."""
        for start in range(0, len(self), n_rows):
            rows = self.rows[start : start + n_rows]
            yield self.features.matrix_of(self.known, rows)
