"""Images beyond `max_memory` are in a file, which threads and processes share."""

import errno
import os
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from amzest.image._pixel_file import PixelFile, pixels_of


def test_a_file_goes_with_its_last_image():
    file = PixelFile((2, 2, 3))
    images = [file.write(i, np.full((2, 2, 3), i, np.uint8)) for i in range(3)]
    handle = file._file
    del file
    assert [int(pixels_of(image).max()) for image in images[::-1]] == [2, 1, 0]
    assert not handle.closed
    del images
    assert handle.closed


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
def test_forked_processes_read_their_own_images():
    """They share the position in the file, and so may not depend on it."""
    n = 64
    file = PixelFile((16, 16, 3))
    images = [file.write(i, np.full((16, 16, 3), i, np.uint8)) for i in range(n)]
    readers = []
    for seed in (1, 2):
        with warnings.catch_warnings():
            # Python 3.12 warns of what is tested here.
            warnings.simplefilter("ignore", DeprecationWarning)
            number = os.fork()
        if number == 0:
            wrong = 1
            try:
                rows = np.random.default_rng(seed).integers(0, n, 20_000)
                wrong = sum(bool((pixels_of(images[i]) != i).any()) for i in rows)
            finally:
                os._exit(min(wrong, 100))
        readers.append(number)
    codes = [os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) for number in readers]
    assert codes == [0, 0]
    assert [int(pixels_of(image).max()) for image in images] == list(range(n))


@pytest.mark.parametrize("with_offsets", [True, False])
def test_threads_read_and_write_one_file(monkeypatch, with_offsets):
    if not with_offsets:  # as on Windows
        monkeypatch.delattr(os, "pread", raising=False)
        monkeypatch.delattr(os, "pwrite", raising=False)
    file = PixelFile((8, 8, 3))

    def work(start):
        images = {
            index: file.write(index, np.full((8, 8, 3), index, np.uint8))
            for index in range(start, 200, 4)
        }
        return all((pixels_of(images[i]) == i).all() for i in [*images] * 5)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4)))


def test_short_reads_and_writes_are_continued(monkeypatch):
    read, write = os.pread, os.pwrite
    monkeypatch.setattr(os, "pread", lambda f, n, at: read(f, min(n, 7), at))
    monkeypatch.setattr(os, "pwrite", lambda f, data, at: write(f, data[:5], at))
    file = PixelFile((2, 5, 3))
    pixels = np.arange(30, dtype=np.uint8).reshape(2, 5, 3)
    file.write(3, pixels)
    np.testing.assert_array_equal(file.read(3), pixels)


def test_a_full_disk_is_reported(monkeypatch):
    def fail(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", fail)
    with pytest.raises(OSError, match=r"decoded images .*No space.*TMPDIR") as error:
        PixelFile((2, 2, 3)).write(0, np.zeros((2, 2, 3), np.uint8))
    assert error.value.filename == tempfile.gettempdir()
