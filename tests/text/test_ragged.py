"""Ragged arrays."""

import numpy as np
import pytest

from amzest.text import _ragged
from amzest.text._ragged import Growing, offsets_of, row_parts, spans

OFFSETS = np.array([0, 2, 2, 5, 6])
VALUES = np.array(list("aacccd"))


def test_offsets():
    assert offsets_of(np.array([2, 0, 3, 1])).tolist() == OFFSETS.tolist()
    assert offsets_of(np.array([], dtype=np.int64)).tolist() == [0]
    assert offsets_of(np.array([1, 2], dtype=np.int8)).dtype == np.int64
    assert offsets_of(np.full(3, 100, dtype=np.int8)).tolist() == [0, 100, 200, 300]


@pytest.mark.parametrize(
    ("rows", "found", "counts"),
    [
        ([0, 1, 2, 3], "aacccd", [2, 0, 3, 1]),
        ([3, 0], "daa", [1, 2]),
        ([2, 2, 1], "cccccc", [3, 3, 0]),
        ([1], "", [0]),
        ([1, 1], "", [0, 0]),
        ([], "", []),
    ],
)
def test_spans(rows, found, counts):
    places, lengths = spans(OFFSETS, np.array(rows, dtype=np.intp))
    assert "".join(VALUES[places]) == found
    assert lengths.tolist() == counts
    assert places.dtype == np.int64


@pytest.mark.parametrize("fractions", [(0.3, 0.6, 1), (1, 1, 1), (0.01, 0.02, 1)])
def test_an_array_grows_to_the_size_of_its_parts(fractions):
    growing = Growing(np.int32)
    parts = [[1, 2, 3], [], [4, 5]]
    for part, fraction in zip(parts, fractions, strict=True):
        growing.append(np.array(part, dtype=np.int32), fraction)
    assert growing.array().dtype == np.int32
    assert growing.array().tolist() == [1, 2, 3, 4, 5]
    assert Growing(np.float32).array().tolist() == []


@pytest.mark.parametrize(
    ("n_elements", "expected"),
    [
        (1, [(0, 1), (1, 2), (2, 3), (3, 4)]),
        (3, [(0, 2), (2, 3), (3, 4)]),
        (4, [(0, 2), (2, 4)]),
        (100, [(0, 4)]),
    ],
)
def test_rows_are_divided_into_parts_of_few_elements(n_elements, expected, monkeypatch):
    monkeypatch.setattr(_ragged, "_ELEMENTS_PER_PART", n_elements)
    assert list(row_parts(OFFSETS)) == expected
    assert list(row_parts(np.zeros(1, dtype=np.int64))) == []
