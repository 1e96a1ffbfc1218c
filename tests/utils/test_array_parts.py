"""Arrays that grow part by part, in memory and in a temporary file."""

import errno
import gc
import os
import tempfile

import numpy as np
import pytest

from amzest.utils import ArrayParts, _array_parts, concatenated, release_pages


@pytest.mark.parametrize("limit", [0, 20, 1000])
def test_parts_are_joined(monkeypatch, limit):
    monkeypatch.setattr(_array_parts, "MAX_BYTES_IN_MEMORY", limit)
    parts = ArrayParts(np.int32)
    for part in ([1, 2, 3], [], [4, 5], [6]):
        parts.append(np.array(part, dtype=np.int64))
    array = parts.array()
    assert type(array) is np.ndarray
    assert array.dtype == np.int32
    assert array.tolist() == [1, 2, 3, 4, 5, 6]
    assert array.flags.writeable == (limit == 1000)


def test_no_part_is_an_empty_array():
    assert ArrayParts(np.float32).array().shape == (0,)
    assert concatenated(np.array, [[1], [2, 3]], np.uint8).tolist() == [1, 2, 3]


def test_the_file_goes_with_the_array(monkeypatch, tmp_path):
    monkeypatch.setattr(_array_parts, "MAX_BYTES_IN_MEMORY", 8)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    parts = ArrayParts(np.int64)
    parts.append(np.arange(100))
    array = parts.array()
    del parts
    gc.collect()
    assert array.sum() == 4950
    del array
    assert not os.listdir(tmp_path)


def test_released_pages_are_read_again(monkeypatch):
    monkeypatch.setattr(_array_parts, "MAX_BYTES_IN_MEMORY", 0)
    mapped = concatenated(np.arange, [10, 20], np.int64)
    release_pages(mapped)
    assert mapped.sum() == 45 + 190
    release_pages(in_memory := np.arange(3))
    assert in_memory.sum() == 3


def test_a_full_disk_is_named():
    class Full:
        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="set TMPDIR to another folder"):
        _array_parts.write_array(Full(), np.zeros(3))
