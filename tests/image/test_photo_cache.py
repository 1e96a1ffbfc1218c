"""Photos are decoded once in a process, and again when their file has changed."""

import errno
import os
import pickle
import signal
import tempfile
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector
from amzest.image import ImageCNNClassifier, _photo_cache, _store
from amzest.image._photo_cache import PhotoCache, PhotoFile, photo_key, pixels_of
from amzest.image._store import decode_column

SETTINGS = {
    "name": "photo",
    "size": 32,
    "root": None,
    "on_error": "raise",
    "max_memory": 2**20,
    "augmentation": False,
    "reader": "ImageCNNClassifier",
}
N_BYTES = 3 * 32**2


@pytest.fixture(autouse=True)
def caches(monkeypatch):
    """Start without photos, and leave those of other tests alone."""
    fresh = {"IN_MEMORY": PhotoCache(), "STORED": PhotoCache()}
    for name, cache in fresh.items():
        monkeypatch.setattr(_store, name, cache)
    return fresh


@pytest.fixture
def decoded(monkeypatch):
    """Cells in the order in which they were decoded."""
    cells = []

    def decode(cell, *settings):
        cells.append(cell)
        return _decode(cell, *settings)

    _decode = _store.decode
    monkeypatch.setattr(_store, "decode", decode)
    return cells


@pytest.fixture
def paths(tmp_path):
    made = [str(tmp_path / f"{i}.png") for i in range(12)]
    for i, path in enumerate(made):
        save(path, 20 * i)
    return made


def save(path, grey):
    Image.fromarray(np.full((40, 30, 3), grey, np.uint8)).save(path)


def read(cells, **changes):
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return decode_column(column, **{**SETTINGS, **changes})


def all_pixels(images):
    return images.batch(np.arange(len(images)))


def test_a_search_decodes_each_photo_once(paths, decoded):
    X = pd.DataFrame({"image": paths})
    network = ImageCNNClassifier(filters=(4,), image_size=32, max_epochs=1)
    search = GridSearchCV(
        make_pipeline(ColumnSelector("image"), network.set_params(random_state=0)),
        {"imagecnnclassifier__dropout": [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]},
        cv=3,
    )
    search.fit(X, ["a", "b"] * 6).predict(X)
    assert sorted(decoded) == sorted(paths)


def test_the_second_time_the_pixels_are_the_same(paths, decoded):
    first, second = read(paths), read(paths[::-1])
    assert len(decoded) == 12
    np.testing.assert_array_equal(all_pixels(first), all_pixels(second)[::-1])


def test_another_size_is_another_photo(paths, decoded):
    read(paths)
    assert read(paths, size=48).batch(np.array([0])).shape == (1, 48, 48, 3)
    assert len(decoded) == 24


def test_a_changed_file_is_decoded_again(paths, decoded):
    read(paths)
    before = os.stat(paths[3])
    save(paths[3], 255)  # as many bytes
    os.utime(paths[3], ns=(before.st_atime_ns, before.st_mtime_ns))
    images = read(paths)
    assert decoded[12:] == [paths[3]]
    assert images.batch(np.array([3])).min() == 255


def test_a_file_that_went_is_missing(paths):
    read(paths)
    os.remove(paths[5])
    with pytest.warns(UserWarning, match="1 of 12 images in `photo` lead to no file"):
        assert read(paths).present.tolist() == [i != 5 for i in range(12)]


def test_one_file_by_relative_and_absolute_path(paths, decoded, tmp_path):
    read(paths)
    read([os.path.basename(path) for path in paths], root=tmp_path)
    assert len(decoded) == 12


def test_bytes_are_known_by_what_they_hold(paths, decoded):
    files = []
    for path in paths:
        with open(path, "rb") as file:
            files.append(file.read())
    np.testing.assert_array_equal(all_pixels(read(files)), all_pixels(read(paths)))
    read([bytearray(file) for file in files])
    assert len(decoded) == 24  # bytes and paths once each


def test_broken_files_stay_broken(tmp_path, decoded):
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    for _ in range(2):
        with pytest.raises(ValueError, match="row 0"):
            read([tmp_path / "broken.jpg"])
    assert len(decoded) == 2


def test_arrays_of_the_right_form_are_not_copied(decoded):
    X = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype(np.uint8)
    for max_memory in (2**20, 0):
        images = read(list(X), max_memory=max_memory)
        assert all(np.shares_memory(picture, X) for picture in images.pictures)
        np.testing.assert_array_equal(all_pixels(images), X)
    assert X.flags.writeable


def test_memory_holds_no_more_than_the_last_budget(paths, caches):
    memory, stored = caches["IN_MEMORY"], caches["STORED"]
    read(paths)
    assert (memory.n_bytes, len(memory), len(stored)) == (12 * N_BYTES, 12, 0)
    read(paths[:3], size=48, max_memory=9 * N_BYTES)
    assert memory.n_bytes <= 9 * N_BYTES
    assert len(stored) == 0
    read(paths[:6], size=64, max_memory=9 * N_BYTES)
    assert len(stored) == 6


def test_photos_in_files_are_found_again(paths, decoded):
    first, second = read(paths, max_memory=0), read(paths, max_memory=0)
    assert len(decoded) == 12
    np.testing.assert_array_equal(all_pixels(first), all_pixels(second))


def test_a_file_goes_with_its_last_photo():
    file = PhotoFile((2, 2, 3))
    photos = [file.write(i, np.full((2, 2, 3), i, np.uint8)) for i in range(3)]
    handle = file._file
    del file
    assert [int(pixels_of(photo).max()) for photo in photos[::-1]] == [2, 1, 0]
    assert not handle.closed
    del photos
    assert handle.closed


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
def test_forked_processes_read_their_own_photos():
    """They share the position in the file, and so may not depend on it."""
    n = 64
    file = PhotoFile((16, 16, 3))
    photos = [file.write(i, np.full((16, 16, 3), i, np.uint8)) for i in range(n)]
    readers = []
    for seed in (1, 2):
        number = fork()
        if number == 0:
            wrong = 1
            try:
                rows = np.random.default_rng(seed).integers(0, n, 20_000)
                wrong = sum(bool((pixels_of(photos[i]) != i).any()) for i in rows)
            finally:
                os._exit(min(wrong, 100))
        readers.append(number)
    codes = [os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) for number in readers]
    assert codes == [0, 0]
    assert [int(pixels_of(photo).max()) for photo in photos] == list(range(n))


@pytest.mark.parametrize("with_places", [True, False])
def test_threads_read_and_write_one_file(monkeypatch, with_places):
    if not with_places:  # as on Windows
        monkeypatch.delattr(os, "pread", raising=False)
        monkeypatch.delattr(os, "pwrite", raising=False)
    file = PhotoFile((8, 8, 3))

    def work(start):
        photos = {
            place: file.write(place, np.full((8, 8, 3), place, np.uint8))
            for place in range(start, 200, 4)
        }
        return all((pixels_of(photos[i]) == i).all() for i in [*photos] * 5)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4)))


def test_short_reads_and_writes_are_continued(monkeypatch):
    read, write = os.pread, os.pwrite
    monkeypatch.setattr(os, "pread", lambda f, n, at: read(f, min(n, 7), at))
    monkeypatch.setattr(os, "pwrite", lambda f, data, at: write(f, data[:5], at))
    file = PhotoFile((2, 5, 3))
    pixels = np.arange(30, dtype=np.uint8).reshape(2, 5, 3)
    file.write(3, pixels)
    np.testing.assert_array_equal(file.read(3), pixels)


def test_a_full_disk_is_named(monkeypatch):
    def fail(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", fail)
    with pytest.raises(OSError, match=r"decoded images .*No space.*TMPDIR") as error:
        PhotoFile((2, 2, 3)).write(0, np.zeros((2, 2, 3), np.uint8))
    assert error.value.filename == tempfile.gettempdir()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
def test_a_forked_process_finds_the_caches_unlocked():
    held, done = threading.Event(), threading.Event()

    def hold():
        with _photo_cache.STORED._lock:
            held.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    number = fork()
    if number == 0:
        signal.alarm(10)  # what waits for the lock is killed
        _photo_cache.STORED.get("nothing")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) == 0
    done.set()
    thread.join()


def fork():
    with warnings.catch_warnings():
        # Python 3.12 warns of what is tested here.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def test_a_lower_pixel_limit_is_another_photo(paths, decoded):
    read(paths)
    with pytest.raises(ValueError, match="`max_pixels` is 1199"):
        read(paths, max_pixels=1199)


def test_photos_not_used_for_longest_go_first():
    cache = PhotoCache()
    for name in "abc":
        cache.put(name, np.zeros((2, 2, 3), np.uint8))
    cache.get("a")
    cache.shrink(24)
    assert [name for name in "abc" if cache.get(name) is not None] == ["a", "c"]
    assert cache.n_bytes == 24


def test_kept_photos_cannot_be_written_to(paths):
    with pytest.raises(ValueError, match="read-only"):
        read(paths).pictures[0][:] = 0


def test_no_photo_travels_with_a_pickle(paths):
    model = ImageCNNClassifier(filters=(4,), image_size=32, max_epochs=1)
    before = len(pickle.dumps(model.fit(paths, ["a", "b"] * 6)))
    model.predict(paths)
    assert len(pickle.dumps(model)) == before


def test_what_is_no_file_has_no_key(tmp_path):
    for cell in (np.zeros((8, 8)), Image.new("L", (4, 4)), tmp_path / "no.jpg", "\0"):
        assert photo_key(cell, None, 8) is None
