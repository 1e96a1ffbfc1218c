"""A column is decoded once; what is missing or broken is named and counted."""

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from amzest.image._photo_cache import StoredPhoto
from amzest.image._store import decode_column


def column(*cells):
    array = np.empty(len(cells), dtype=object)
    array[:] = cells
    return array


def read(cells, **changes):
    settings = {
        "name": "photo",
        "size": 8,
        "root": None,
        "on_error": "raise",
        "max_memory": 2**20,
        "augmentation": True,
        "reader": "ImageCNNClassifier",
    }
    return decode_column(cells, **{**settings, **changes})


def picture(grey):
    return np.full((7, 7), grey, np.uint8)


def png(grey):
    file = io.BytesIO()
    Image.fromarray(picture(grey)).save(file, "PNG")
    return file.getvalue()


def test_rows_keep_their_places():
    images = read(column(picture(10), None, png(30), "", picture(50)))
    assert len(images) == 5
    assert images.present.tolist() == [True, False, True, False, True]
    batch = images.batch(np.array([4, 0, 2]))
    assert batch.dtype == np.float32
    assert batch[:, 0, 0, 0].tolist() == [50, 10, 30]


def test_many_rows_over_several_threads():
    images = read(column(*(png(i % 256) for i in range(500))))
    batch = images.batch(np.arange(500))
    assert batch[:, 0, 0, 0].tolist() == [i % 256 for i in range(500)]


def test_error_names_column_row_and_file(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    cells = column(picture(1), None, "broken.jpg")
    message = r'`photo` row 2 \("broken.jpg"\): cannot be decoded.*on_error="missing"'
    with pytest.raises(ValueError, match=message):
        read(cells, root=tmp_path)


def test_broken_files_can_be_treated_as_missing_with_one_warning():
    cells = column(picture(1), b"broken", None, b"also", picture(2))
    with pytest.warns(UserWarning, match="images in") as caught:
        images = read(cells, on_error="missing")
    assert len(caught) == 1
    assert "2 of 5 images in `photo` cannot be decoded" in str(caught[0].message)
    assert "rows 1, 3" in str(caught[0].message)
    assert images.present.tolist() == [True, False, False, False, True]
    assert images.batch(np.array([4]))[0, 0, 0, 0] == 2


def test_paths_to_no_file_are_missing_with_one_warning(tmp_path):
    cells = column("a.jpg", picture(1), "b.jpg")
    with pytest.warns(UserWarning, match=r"2 of 3 images in `photo` lead to no file"):
        images = read(cells, root=tmp_path)
    assert images.present.tolist() == [False, True, False]


def test_nothing_is_said_when_nothing_is_wrong():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(column(picture(1), None))


def test_beyond_the_budget_pictures_are_in_a_file():
    cells = column(*(picture(i) for i in range(20)))
    inside, stored = read(cells), read(cells, max_memory=100)
    assert {type(picture) for picture in inside.pictures} == {np.ndarray}
    assert {type(picture) for picture in stored.pictures} == {StoredPhoto}
    rows = np.array([3, 19])
    np.testing.assert_array_equal(inside.batch(rows), stored.batch(rows))


def test_augmentation_needs_a_generator_and_can_be_turned_off():
    cells = column(np.arange(64, dtype=np.uint8).reshape(8, 8))
    rows = np.array([0, 0])
    plain = read(cells).batch(rows)
    varied = read(cells).batch(rows, np.random.default_rng(0))
    assert (varied != plain).any()
    quiet = read(cells, augmentation=False).batch(rows, np.random.default_rng(0))
    np.testing.assert_array_equal(quiet, plain)
