"""Decoded images in a folder: shared by processes, checked, never silently wrong."""

import contextlib
import os
import re
import sqlite3
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from image_tars import png, write_shards
from killing import Starter, files, finish, kill, wait_for_change
from PIL import Image

from amzest.datasets import read_image_shards
from amzest.image import ImageCNNClassifier, _image_store, _shared_decoding
from amzest.image._decoded_images import decode_column
from amzest.image._image_store import FILE_NAME, ImageStore, open_store
from amzest.image._pixel_file import StoredImage, pixels_of
from amzest.utils import _shared_file

SIZE = 8


@pytest.fixture(autouse=True)
def new_warnings(monkeypatch):
    monkeypatch.setattr(_shared_file, "_warned", set())
    monkeypatch.setattr(_shared_file, "_damaged", {})


@pytest.fixture
def decoded(monkeypatch):
    """Cells in the order in which they were decoded for a folder."""
    cells, decode = [], _shared_decoding.decode

    def record(cell, *settings):
        cells.append(cell)
        return decode(cell, *settings)

    monkeypatch.setattr(_shared_decoding, "decode", record)
    return cells


def read(cells, cache, **changes):
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    settings = {
        "name": "image",
        "size": SIZE,
        "root": None,
        "on_error": "raise",
        "max_memory": 2**20,
        "augmentation": False,
        "reader": "ImageCNNClassifier",
        "cache": cache,
    }
    return decode_column(column, **{**settings, **changes})


def greys(images):
    rows = np.flatnonzero(images.present)
    return images.batch(rows)[:, 0, 0, 0].astype(int).tolist()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def key(i):
    return i.to_bytes(20)


def pixels(*numbers):
    return {key(i): np.full((SIZE, SIZE, 3), i, np.uint8) for i in numbers}


def numbers(store, upto=250):
    found = store.get_many([key(i) for i in range(upto)])
    for name, image in found.items():
        assert (pixels_of(image) == int.from_bytes(name)).all()
    return sorted(int.from_bytes(name) for name in found)


@pytest.fixture
def store(tmp_path):
    return ImageStore(tmp_path / FILE_NAME, SIZE)


def test_the_same_pixels_with_and_without_a_folder(tmp_path, decoded):
    write_shards(tmp_path)
    Image.new("L", (30, 40), 99).save(tmp_path / "a.jpg")
    cells = [
        *read_image_shards(tmp_path)["image"],
        png(7),
        None,
        "a.jpg",
        np.full((5, 5), 8, np.uint8),
        png(7),
        Image.new("L", (9, 9), 3),
    ]
    without = read(cells, False, root=tmp_path)
    rows = np.flatnonzero(without.present)
    for _ in range(2):
        images = read(cells, tmp_path / "new", root=tmp_path)
        np.testing.assert_array_equal(images.present, without.present)
        np.testing.assert_array_equal(images.batch(rows), without.batch(rows))
    assert len(decoded) == 8  # equal bytes once, arrays and PIL images not
    stored = [isinstance(image, StoredImage) for image in images.images]
    assert stored == [True] * 7 + [False, True, False, True, False]
    index, file = names(tmp_path / "new")
    assert index.startswith(f"amzest-images-{SIZE}-")
    assert file == FILE_NAME


def test_a_changed_file_another_size_and_a_limit_are_decoded_anew(tmp_path, decoded):
    path, folder = tmp_path / "a.png", tmp_path / "new"
    path.write_bytes(png(1))
    assert greys(read([str(path)], folder)) == [1]
    path.write_bytes(png(2))
    os.utime(path, ns=(1, 1))
    assert greys(read([str(path)], folder)) == [2]
    assert read([str(path)], folder, size=9).batch(np.array([0])).shape == (1, 9, 9, 3)
    assert len(decoded) == 3
    with pytest.raises(ValueError, match="max_pixels"):
        read([str(path)], folder, max_pixels=10)
    assert len(names(folder)) == 3


def test_images_that_fail_are_reported_as_without_a_folder(tmp_path):
    cells = [png(1), b"broken", "none.png", png(2)]
    for cache in (True, tmp_path / "new"):
        with pytest.raises(ValueError, match=r"`image` row 1 \(6 bytes\): cannot"):
            read(cells, cache)
        with pytest.warns(UserWarning, match="1 of 4 images") as caught:
            images = read(cells, cache, on_error="missing")
        assert len(caught) == 2
        assert greys(images) == [1, 2]


def test_all_images_of_a_folder_share_one_open_file(tmp_path, monkeypatch):
    monkeypatch.setattr(_shared_decoding, "_MAX_PART", 3)
    images = read([png(i) for i in range(20)], tmp_path)
    assert len({id(image.file) for image in images.images}) == 1
    file = images.images[0].file._file
    assert not file.closed
    del images
    assert file.closed


def test_threads_decode_an_image_once(tmp_path, decoded, monkeypatch):
    monkeypatch.setattr(_shared_decoding, "_MAX_PART", 5)
    cells = [png(i) for i in range(60)]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: greys(read(cells, tmp_path)), range(3)))
    assert found == [list(range(60))] * 3
    assert len(decoded) == 60


DECODE = """
import sys, time
import numpy as np
sys.path[:0] = sys.argv[1:2]
from image_tars import png
from amzest.image import _shared_decoding
from amzest.image._decoded_images import decode_column
cells = {png(i): i for i in range(120)}
print("ready", flush=True)

def record(cell, *settings):
    time.sleep(0.004)
    with open(sys.argv[1] + "/log", "a") as log:
        log.write("%d\\n" % cells[cell])
    return decode(cell, *settings)

decode, _shared_decoding.decode = _shared_decoding.decode, record
_shared_decoding._MAX_PART = 5
first = int(sys.argv[2])
order = [*range(first, 120), *range(first)]
column = np.array([None, *cells], dtype=object)[1:][order]
images = decode_column(
    column, name="image", size=8, root=None, on_error="raise", max_memory=0,
    augmentation=False, reader="x", cache=sys.argv[1] + "/new",
)
assert images.batch(np.arange(120))[:, 0, 0, 0].tolist() == order
"""


@pytest.fixture(scope="module")
def starter():
    if not hasattr(os, "fork"):
        pytest.skip("no processes are forked here")
    common = os.path.dirname(os.path.abspath(sys.modules["image_tars"].__file__))
    with Starter(DECODE.replace("sys.argv[1:2]", repr([common]))) as started:
        yield started


def logged(folder):
    path = folder / "log"
    return sorted(map(int, path.read_text().split())) if path.exists() else []


def test_processes_decode_an_image_once(tmp_path, starter):
    children = [starter.start(tmp_path, first) for first in (0, 40, 80)]
    assert [child.wait() for child in children] == [0, 0, 0]
    assert logged(tmp_path) == list(range(120))


def test_the_next_process_goes_on_after_a_kill(tmp_path, starter):
    n_killed = 0
    for i in range(4):
        child = starter.start(tmp_path, 0)
        wait_for_change(child, lambda: len(logged(tmp_path)), len(logged(tmp_path)))
        time.sleep(0.02 + 0.007 * i)
        n_killed += kill(child)
    assert n_killed == 4
    finish(starter.start(tmp_path, 0))
    done = logged(tmp_path)
    assert set(done) == set(range(120))
    # Only the images that were decoded when a process was killed are decoded again.
    assert len(done) <= 120 + 4 * 10
    size = os.path.getsize(next((tmp_path / "new").glob("*.pixels")))
    assert size == 120 * 3 * SIZE**2


def test_a_claimed_image_is_left_to_its_process(store, tmp_path, monkeypatch):
    assert store.claim([key(1), key(2)]) == [key(1), key(2)]
    monkeypatch.setattr(os, "getpid", os.getppid)
    assert store.claim([key(1), key(2), key(3)]) == [key(3)]


def test_pixels_behind_the_committed_ones_are_overwritten(store):
    store.put_many(pixels(1, 2))
    path = next(store.path.parent.glob("*.pixels"))
    with open(path, "ab") as file:
        file.write(b"x" * 500)  # by a process that was killed
    store.put_many(pixels(3, 4, 5))
    store.put_many(pixels(5, 6))
    assert numbers(store) == [1, 2, 3, 4, 5, 6]
    assert os.path.getsize(path) == 6 * 3 * SIZE**2


@contextlib.contextmanager
def recorded():
    """Record the messages of all warnings."""
    messages = []
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        yield messages
    messages += [str(warning.message) for warning in record]


def pixel_file(path):
    return next(path.parent.glob("*.pixels"))


def one_bit(path):
    content = bytearray(pixel_file(path).read_bytes())
    content[1000] ^= 1
    pixel_file(path).write_bytes(content)


def rename_pixels(path, name):
    connection = sqlite3.connect(path)
    connection.execute("UPDATE files SET name = ?", (name,))
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (one_bit, r"the pixels in amzest-images-8-\w+\.pixels are damaged"),
        (lambda path: os.truncate(pixel_file(path), 999), "has been cut short"),
        (lambda path: pixel_file(path).unlink(), r"\.pixels is missing"),
        (lambda path: rename_pixels(path, "mine.txt"), "does not name a file"),
        (
            lambda path: path.write_text("notes of mine"),
            "not a cache of decoded images",
        ),
        (lambda path: os.truncate(path, 5000), "malformed|not a database"),
    ],
    ids=["bit", "cut", "missing", "foreign name", "foreign file", "index"],
)
def test_a_damaged_folder_is_named_and_left_as_it_is(tmp_path, damage, reason):
    cells = [png(i) for i in range(40)]
    read(cells, tmp_path)
    damage(tmp_path / FILE_NAME)
    before = files(tmp_path)
    with recorded() as messages:
        for _ in range(2):
            assert greys(read([*cells, png(40)], tmp_path)) == list(range(41))
    (message,) = messages
    assert message.startswith(str(tmp_path / FILE_NAME))
    assert re.search(reason, message)
    assert "pass another folder as `cache`" in message
    assert files(tmp_path) == before

    (tmp_path / FILE_NAME).unlink()  # as the message advises
    for _ in range(2):
        assert greys(read(cells, tmp_path)) == list(range(40))
    assert len(list(tmp_path.glob("*.pixels"))) == len(before)


@pytest.mark.parametrize("limit", ["max_bytes", "disk"])
def test_a_full_folder_is_named(tmp_path, monkeypatch, limit):
    cells = [png(i) for i in range(30)]
    read(cells[:10], tmp_path)
    if limit == "disk":
        monkeypatch.setattr(_image_store, "_FREE_BYTES", 2**60)
    else:
        monkeypatch.setattr(_image_store.ImageStore.__init__, "__defaults__", (3000,))
    before = files(tmp_path)
    with recorded() as messages:
        for _ in range(2):
            assert greys(read(cells, tmp_path)) == list(range(30))
    (message,) = messages
    assert "cannot be written" in message
    assert {"disk": "less than 1 GiB of the disk is free", "max_bytes": "its limit of"}[
        limit
    ] in message
    after = files(tmp_path)
    assert after.keys() == before.keys()
    assert all(after[n] == before[n] for n in before if n.endswith(".pixels"))


def test_images_stay_readable_when_the_folder_is_removed(tmp_path):
    folder = tmp_path / "new"
    images = read([png(i) for i in range(20)], folder)
    for path in folder.iterdir():
        path.unlink()
    again = read([png(50 + i) for i in range(20)], folder)
    assert greys(images) == list(range(20))
    assert greys(again) == list(range(50, 70))


@pytest.mark.parametrize("wrong", ["", "a file"])
def test_a_path_that_is_no_folder(tmp_path, wrong):
    (tmp_path / "a file").touch()
    path = str(tmp_path / wrong) if wrong else ""
    with pytest.raises(ValueError, match=r"`cache`: .* is not a folder"):
        open_store(path, SIZE)


def test_a_classifier_has_the_same_weights_with_a_folder(tmp_path):
    cells = [png(i, 32) for i in range(0, 240, 15)]
    y = ["dark", "light"] * 8
    settings = {"filters": (2,), "image_size": 32, "max_epochs": 1, "random_state": 0}
    without = ImageCNNClassifier(cache=False, **settings).fit(cells, y)
    shared = ImageCNNClassifier(cache=tmp_path, **settings).fit(cells, y)
    for name, array in without.weights_.items():
        np.testing.assert_array_equal(shared.weights_[name], array)
    np.testing.assert_array_equal(
        shared.predict_proba(cells), without.predict_proba(cells)
    )
    assert len(names(tmp_path)) == 2
