"""Positions of hashes among sorted hashes."""

from __future__ import annotations

from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

#: Number of hashes that are searched at a time, to limit memory.
_BLOCK_SIZE = 2**16


def sorted_distinct(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the sorted distinct hashes.

    `numpy.unique` uses a hash table, which is many times slower for as many of them.
    """
    hashes = np.sort(hashes)
    first = np.ones(len(hashes), dtype=bool)
    np.not_equal(hashes[1:], hashes[:-1], out=first[1:])
    return hashes[first]


class DistinctHashes:
    """Collects the sorted distinct hashes of several parts."""

    def __init__(self) -> None:
        self._runs: list[NDArray[np.uint64]] = []

    def add(self, hashes: NDArray[np.uint64]) -> None:
        """Add the hashes of a part."""
        run = sorted_distinct(hashes)
        # Runs of similar size are merged, so that each hash is merged few times.
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = sorted_distinct(np.concatenate([self._runs.pop(), run]))
        self._runs.append(run)

    def all(self) -> NDArray[np.uint64]:
        """Return the sorted distinct hashes of all parts."""
        while len(self._runs) > 1:
            two = [self._runs.pop(), self._runs.pop()]
            self._runs.append(sorted_distinct(np.concatenate(two)))
        return self._runs[0] if self._runs else np.empty(0, dtype=np.uint64)


class HashIndex:
    """Finds hashes among sorted distinct keys by their highest bits.

    The bits of a hash are uniformly distributed, so that about one key has the same
    highest bits. The time for a hash does not depend on the number of keys.
    """

    def __init__(self, keys: NDArray[np.uint64]) -> None:
        self._keys = keys
        n_bits = len(keys).bit_length()
        self._shift = np.uint64(64 - n_bits)
        self._n_buckets = 2**n_bits

    @cached_property
    def _first(self) -> NDArray[np.int32]:
        """Index of the first key whose highest bits are i or more."""
        first = np.empty(self._n_buckets, dtype=np.int32)
        for start in range(0, self._n_buckets, _BLOCK_SIZE):
            end = min(start + _BLOCK_SIZE, self._n_buckets)
            buckets = np.arange(start, end, dtype=np.uint64) << self._shift
            first[start:end] = np.searchsorted(self._keys, buckets)
        return first

    def build(self) -> Self:
        """Compute the index of the highest bits, for many hashes in several calls."""
        _ = self._first
        return self

    def find(self, hashes: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Return the index of each hash among the keys, or -1."""
        found = np.full(len(hashes), -1, dtype=np.int32)
        if len(self._keys) == 0:
            return found
        # For few hashes the index of the highest bits would take longer.
        few = 4 * len(hashes) < len(self._keys) and "_first" not in self.__dict__
        for start in range(0, len(hashes), _BLOCK_SIZE):
            block = hashes[start : start + _BLOCK_SIZE]
            places = np.searchsorted(self._keys, block) if few else self._search(block)
            places[places == len(self._keys)] = 0
            equal = self._keys[places] == block
            found[start : start + _BLOCK_SIZE][equal] = places[equal]
        return found

    def _search(self, hashes: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Return the same as `np.searchsorted(keys, hashes)`."""
        places = self._first[hashes >> self._shift]
        behind = np.arange(len(hashes))  # whose key may be further on
        while len(behind):
            behind = behind[places[behind] < len(self._keys)]
            behind = behind[self._keys[places[behind]] < hashes[behind]]
            places[behind] += 1
        return places
