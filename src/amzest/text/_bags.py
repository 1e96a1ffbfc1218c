"""Bags of weighted table rows, with the indices that their gradients need."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.text._ragged import offsets_of, spans


class Bags:
    """Ragged arrays of row indices and weights: bag i is at `offsets[i:i + 2]`."""

    def __init__(
        self,
        rows: NDArray[np.int32],  # (n,)
        weights: NDArray[np.float32],  # (n,)
        offsets: NDArray[np.int64],  # (n_bags + 1,)
        n_rows: int,  # of the table
    ) -> None:
        self.rows, self.weights, self.offsets = rows, weights, offsets
        self._distinct = DistinctNumbers(n_rows)

    def take(
        self, bags: NDArray[np.integer[Any]], prefix: str, *, with_gradient: bool
    ) -> dict[str, NDArray[Any]]:
        """Return the arrays of some bags, with `prefix` in their names.

        "rows", "weights" and "starts" describe each bag. For the gradient, "owners"
        (bags), "shares" (weights) and "owner_starts" describe each of the "distinct"
        rows: the transpose of the same sparse matrix.
        """
        index, counts = spans(self.offsets, bags)
        rows, weights = self.rows[index], self.weights[index]
        arrays: dict[str, NDArray[Any]] = {
            "rows": rows,
            "weights": weights,
            "starts": offsets_of(counts)[:-1].astype(np.int32),
        }
        if with_gradient:
            distinct, position = self._distinct.find(rows)
            if len(distinct) <= 2**16:  # NumPy uses radix sort for 16-bit integers
                position = position.astype(np.uint16)
            order = np.argsort(position, kind="stable")
            owners = np.repeat(np.arange(len(bags), dtype=np.int32), counts)
            arrays |= {
                "distinct": distinct,
                "owners": owners[order],
                "shares": weights[order],
                "owner_starts": offsets_of(np.bincount(position))[:-1].astype(np.int32),
            }
        return {f"{prefix}_{name}": array for name, array in arrays.items()}


class DistinctNumbers:
    """`np.unique` of integers from 0 to `bound` - 1, usually without sorting."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._seen: NDArray[np.bool_] | None = None
        self._place: NDArray[np.int64]

    def find(
        self, numbers: NDArray[np.integer[Any]]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the sorted distinct numbers, and the index of each number in them."""
        if 16 * numbers.size < self._bound:  # sorting few numbers is cheaper
            distinct, place = np.unique(numbers, return_inverse=True)
            return distinct.astype(np.int64), place.reshape(numbers.shape)
        # A table of marks, kept between calls: it is reset only where it was set.
        if self._seen is None:
            self._seen = np.zeros(self._bound, dtype=bool)
            self._place = np.empty(self._bound, dtype=np.int64)
        self._seen[numbers] = True
        distinct = np.flatnonzero(self._seen)
        self._seen[distinct] = False
        self._place[distinct] = np.arange(len(distinct))
        return distinct, self._place[numbers]
