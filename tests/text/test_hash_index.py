"""Hashes are found among sorted keys."""

import numpy as np
import pytest

from amzest.text import _hash_index
from amzest.text._hash_index import DistinctHashes, HashIndex, sorted_distinct


def hashes(n, seed=0):
    return np.random.default_rng(seed).integers(0, 2**64, n, dtype=np.uint64)


#: Keys of different numbers and distributions, among them the extremes.
KEYS = {
    "none": hashes(0),
    "one": hashes(1),
    "few": np.append(hashes(7), np.array([0, 2**64 - 1], dtype=np.uint64)),
    "power of two": hashes(1024),
    "many": hashes(5000),
    "half of the range": hashes(3000) | np.uint64(2**63),
    "small numbers": np.arange(300, dtype=np.uint64),
}


@pytest.mark.parametrize("n", [0, 1, 100, 20_000])
@pytest.mark.parametrize("name", KEYS)
def test_known_hashes_are_found_and_others_are_not(name, n, monkeypatch):
    monkeypatch.setattr(_hash_index, "_BLOCK_SIZE", 1000)
    keys = sorted_distinct(KEYS[name])
    index = HashIndex(keys)
    rng = np.random.default_rng(1)
    unknown = np.append(hashes(n, 2), hashes(n, 3) >> np.uint64(60))
    unknown = unknown[~np.isin(unknown, keys)]
    known = rng.integers(0, len(keys), n) if len(keys) else np.empty(0, dtype=int)
    order = rng.permutation(len(known) + len(unknown))
    found = index.find(np.append(keys[known], unknown)[order])
    assert found.dtype == np.int32
    expected = np.append(known, np.full(len(unknown), -1))[order]
    np.testing.assert_array_equal(found, expected)


def test_few_hashes_are_found_like_many():
    index = HashIndex(sorted_distinct(KEYS["many"]))
    few = np.append(KEYS["many"][:10], hashes(10, 4))
    before = index.find(few)
    index.find(np.tile(few, 1000))
    np.testing.assert_array_equal(index.find(few), before)


@pytest.mark.parametrize("name", KEYS)
def test_distinct_hashes_are_those_of_numpy(name):
    repeated = np.tile(KEYS[name], 2)
    np.testing.assert_array_equal(sorted_distinct(repeated), np.unique(repeated))


def test_distinct_hashes_of_parts_are_those_of_the_whole():
    numbers = hashes(5000) % np.uint64(1000)
    distinct = DistinctHashes()
    assert distinct.all().tolist() == []
    for part in np.split(numbers, [10, 10, 3000, 3100, 4900]):
        distinct.add(part)
    np.testing.assert_array_equal(distinct.all(), np.unique(numbers))
    np.testing.assert_array_equal(distinct.all(), np.unique(numbers))
