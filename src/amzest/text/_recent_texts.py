"""Texts that were read lately, for the next network that is given the same."""

from __future__ import annotations

import threading
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from amzest.text._tokens import TokenisedTexts, tokenise

#: Cells that are remembered in all: some 200 MB of titles.
MAX_CELLS = 100_000

#: Fewer cells are read faster than looked up.
_MIN_CELLS = 64


class RecentTexts:
    """Columns of texts, cut and numbered; the least recently used are forgotten.

    A search fits one network after the other on the same folds, and what is read of a
    text depends on no parameter but `max_length`: candidates share it.

    Parameters
    ----------
    max_cells : int
        Cells that are remembered in all.
    """

    def __init__(self, max_cells: int = MAX_CELLS) -> None:
        self.max_cells = max_cells
        self._kept: OrderedDict[tuple[object, ...], TokenisedTexts] = OrderedDict()
        self._n_cells = 0
        self._lock = threading.Lock()

    def read(self, cells: NDArray[np.object_], max_length: int) -> TokenisedTexts:
        """Return what :func:`amzest.text._tokens.tokenise` does.

        Parameters
        ----------
        cells : ndarray of shape (n_rows, n_columns), dtype object
            Strings.

        max_length : int
            Words, and chunks, kept of each cell.

        Returns
        -------
        TokenisedTexts
            The rows; not to be changed.
        """
        if not _MIN_CELLS <= cells.size <= self.max_cells:
            return tokenise(cells, max_length)
        key = (max_length, cells.shape[1], *cells.ravel().tolist())
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        texts = tokenise(cells, max_length)
        with self._lock:
            if key not in self._kept:
                self._n_cells += cells.size
            self._kept[key] = texts
            while self._n_cells > self.max_cells:
                oldest, _ = self._kept.popitem(last=False)
                self._n_cells -= len(oldest) - 2
        return texts


#: What all text classifiers of a process share.
RECENT_TEXTS = RecentTexts()
