"""Weighted rows of a table, many bags of them, as a network sums them up."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.text._ragged import offsets_of, spans


class Bags:
    """Bags of rows of a table, one after the other.

    Parameters
    ----------
    rows : ndarray of shape (n,), dtype int32
        Rows of all bags.

    weights : ndarray of shape (n,), dtype float32
        What each is multiplied with.

    offsets : ndarray of shape (n_bags + 1,), dtype int64
        Where each bag begins.

    n_rows : int
        Rows of the table.
    """

    def __init__(
        self,
        rows: NDArray[np.int32],
        weights: NDArray[np.float32],
        offsets: NDArray[np.int64],
        n_rows: int,
    ) -> None:
        self.rows, self.weights, self.offsets = rows, weights, offsets
        self._distinct = DistinctNumbers(n_rows)

    def take(
        self, bags: NDArray[np.integer[Any]], prefix: str, *, with_gradient: bool
    ) -> dict[str, NDArray[Any]]:
        """Return some bags, and where their gradients go.

        Parameters
        ----------
        bags : ndarray of shape (n_taken,), dtype int
            Bags to take.

        prefix : str
            Begins the names of the arrays.

        with_gradient : bool
            Whether the last four arrays are wanted.

        Returns
        -------
        dict of str to ndarray
            "rows" and "weights" of the bags and the "starts" of each among them; then
            the same the other way round: the "distinct" rows, sorted, the "owners"
            (bags, by their place in `bags`) and "shares" (weights) of each, and its
            "owner_starts" among those.
        """
        places, counts = spans(self.offsets, bags)
        rows, weights = self.rows[places], self.weights[places]
        arrays: dict[str, NDArray[Any]] = {
            "rows": rows,
            "weights": weights,
            "starts": offsets_of(counts)[:-1].astype(np.int32),
        }
        if with_gradient:
            distinct, position = self._distinct.find(rows)
            if len(distinct) <= 2**16:  # then NumPy sorts by radix
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
    """Find the distinct ones among whole numbers below a bound, without sorting.

    Parameters
    ----------
    bound : int
        Numbers go from 0 to `bound` - 1.
    """

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._seen: NDArray[np.bool_] | None = None
        self._place: NDArray[np.int64]

    def find(
        self, numbers: NDArray[np.integer[Any]]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the distinct numbers, sorted, and the place of each among them.

        Parameters
        ----------
        numbers : ndarray of int
            Numbers, of any shape.

        Returns
        -------
        distinct : ndarray of shape (n_distinct,), dtype int64
            Sorted.
        place : ndarray of the shape of `numbers`, dtype int64
            Places in `distinct`.
        """
        if 16 * numbers.size < self._bound:  # then sorting is cheaper
            distinct, place = np.unique(numbers, return_inverse=True)
            return distinct.astype(np.int64), place.reshape(numbers.shape)
        if self._seen is None:
            self._seen = np.zeros(self._bound, dtype=bool)
            self._place = np.empty(self._bound, dtype=np.int64)
        self._seen[numbers] = True
        distinct = np.flatnonzero(self._seen)
        self._seen[distinct] = False
        self._place[distinct] = np.arange(len(distinct))
        return distinct, self._place[numbers]
