"""What a network reads, seen from the floor that knows neither text nor images."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Inputs(Protocol):
    """Rows that were read and encoded once, and are handed out in batches.

    Attributes
    ----------
    present : ndarray of shape (n_rows,), dtype bool
        Rows that have something to read. Other rows never reach a network.

    sizes : ndarray of shape (n_rows,), dtype int, or None
        How long each row is where batches of similar rows are cheaper; else None.

    n_views : int
        Ways to look at a row; outputs for them are averaged.
    """

    present: NDArray[np.bool_]
    sizes: NDArray[np.intp] | None
    n_views: int

    def __len__(self) -> int:
        """Return the number of rows."""

    def batch(
        self,
        rows: NDArray[np.intp],
        rng: np.random.Generator | None = None,
        view: int = 0,
    ) -> Any:
        """Return the given rows as the network takes them.

        A generator is given in training only, to draw augmentations from.
        """
