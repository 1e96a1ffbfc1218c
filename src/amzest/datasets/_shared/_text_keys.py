"""Keys of texts: equal for equal texts, and different for different ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]

#: Number of rows whose texts are compared at a time.
_MAX_TEXTS = 1_000_000


def hash_texts(texts: Iterable[str | None]) -> Keys:
    """Hash texts to 8 bytes each, the same in every process; 0 if missing or empty.

    Two of n different texts collide with a probability of about n² / 2⁶⁵, 1 in 370,000
    for ten million products; see `separate_collisions`.
    """
    import pandas as pd

    cells = np.array([text or "" for text in texts], dtype=object)
    if not len(cells):
        return np.zeros(0, dtype=np.uint64)
    hashes: Keys = pd.util.hash_array(cells, categorize=False)
    hashes[hashes == 0] = 1
    hashes[cells == ""] = 0
    return hashes


def separate_collisions(
    keys: Keys, read_texts: Callable[[NDArray[np.intp]], Iterable[str | None]]
) -> Keys:
    """Return hashes in which equal hashes of different texts are made different.

    Only the texts of rows with equal hashes are compared, a million at a time.
    `read_texts` returns the texts of some rows, at increasing positions.
    """
    rows = np.flatnonzero(_occur_again(keys))
    n_parts = -(-len(rows) // _MAX_TEXTS)
    part_of = (keys[rows] % np.uint64(max(n_parts, 1))).astype(np.int64)
    different: dict[tuple[int, str | None], list[int]] = {}
    for part in range(n_parts):
        first: dict[int, str | None] = {}
        chosen = rows[part_of == part]
        numbers = keys[chosen].tolist()
        for row, key, text in zip(chosen, numbers, read_texts(chosen), strict=True):
            if first.setdefault(key, text) != text:
                different.setdefault((key, text), []).append(int(row))
    if different:
        keys = keys.copy()
        new = 1
        for same in different.values():
            while (keys == new).any():
                new += 1
            keys[same] = new
    return keys


def _occur_again(keys: Keys) -> NDArray[np.bool_]:
    """Mark the rows whose key, not 0, is that of another row."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    equal = (ordered[1:] == ordered[:-1]) & (ordered[1:] != 0)
    del ordered
    found = np.zeros(len(keys), dtype=bool)
    found[order[1:][equal]] = True
    found[order[:-1][equal]] = True
    return found
