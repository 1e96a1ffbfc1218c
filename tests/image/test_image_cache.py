"""An image is decoded once in a process, and again when its file has changed."""

import os
import pickle

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector
from amzest.image import ImageCNNClassifier, _decoded_images
from amzest.image._decoded_images import decode_column
from amzest.utils import LRUCache

SETTINGS = {
    "name": "image",
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
    """Start without images, and leave those of other tests in place."""
    fresh = LRUCache(2**20), LRUCache(2**20)
    for name, cache in zip(("CACHE", "CACHE_ON_DISK"), fresh, strict=True):
        monkeypatch.setattr(_decoded_images, name, cache)
    return fresh


@pytest.fixture
def decoded(monkeypatch):
    """Cells in the order in which they were decoded."""
    cells = []

    def decode(cell, *settings):
        cells.append(cell)
        return _decode(cell, *settings)

    _decode = _decoded_images.decode
    monkeypatch.setattr(_decoded_images, "decode", decode)
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


def test_a_search_decodes_each_image_once(paths, decoded):
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


def test_another_size_is_another_image(paths, decoded):
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


def test_a_removed_file_is_missing(paths):
    read(paths)
    os.remove(paths[5])
    with pytest.warns(UserWarning, match="1 of 12 images in `image` lead to no file"):
        assert read(paths).present.tolist() == [i != 5 for i in range(12)]


def test_one_file_by_relative_and_absolute_path(paths, decoded, tmp_path):
    read(paths)
    read([os.path.basename(path) for path in paths], root=tmp_path)
    assert len(decoded) == 12


def test_equal_bytes_are_decoded_once(paths, decoded):
    files = []
    for path in paths:
        with open(path, "rb") as file:
            files.append(file.read())
    np.testing.assert_array_equal(all_pixels(read(files)), all_pixels(read(paths)))
    read([bytearray(file) for file in files])
    assert len(decoded) == 24  # bytes and paths once each


def test_broken_files_are_not_cached(tmp_path, decoded):
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    for _ in range(2):
        with pytest.raises(ValueError, match="row 0"):
            read([tmp_path / "broken.jpg"])
    assert len(decoded) == 2


def test_arrays_of_the_right_form_are_not_copied(decoded):
    X = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype(np.uint8)
    for max_memory in (2**20, 0):
        images = read(list(X), max_memory=max_memory)
        assert all(np.shares_memory(image, X) for image in images.images)
        np.testing.assert_array_equal(all_pixels(images), X)
    assert X.flags.writeable


def test_images_of_all_sizes_are_within_the_limit(paths, caches):
    memory, on_disk = caches
    memory.max_bytes = 20 * N_BYTES
    read(paths)
    assert (memory.n_bytes, len(memory), len(on_disk)) == (12 * N_BYTES, 12, 0)
    read(paths, size=48)
    assert memory.n_bytes <= 20 * N_BYTES
    assert len(on_disk) == 0


def test_max_memory_is_for_the_images_of_one_column(paths, caches):
    memory, on_disk = caches
    read(paths[:6], max_memory=6 * N_BYTES)
    assert (len(memory), len(on_disk)) == (6, 0)
    read(paths[:7], max_memory=6 * N_BYTES)  # one image that is not in memory
    assert (len(memory), len(on_disk)) == (6, 1)
    read(paths[7:], max_memory=0)  # does not drop those of other columns
    assert (len(memory), len(on_disk)) == (6, 6)


def test_images_in_files_are_found_again(paths, decoded):
    first, second = read(paths, max_memory=0), read(paths, max_memory=0)
    assert len(decoded) == 12
    np.testing.assert_array_equal(all_pixels(first), all_pixels(second))


def test_a_lower_pixel_limit_is_another_image(paths, decoded):
    read(paths)
    with pytest.raises(ValueError, match="`max_pixels` is 1199"):
        read(paths, max_pixels=1199)


def test_cached_images_cannot_be_written_to(paths):
    with pytest.raises(ValueError, match="read-only"):
        read(paths).images[0][:] = 0


def test_a_pickle_holds_no_image(paths):
    model = ImageCNNClassifier(filters=(4,), image_size=32, max_epochs=1)
    before = len(pickle.dumps(model.fit(paths, ["a", "b"] * 6)))
    model.predict(paths)
    assert len(pickle.dumps(model)) == before
