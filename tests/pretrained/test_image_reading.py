"""Columns of images as vectors: missing, unreadable and repeated images."""

import warnings

import numpy as np
import pytest
from PIL import Image

import amzest
from amzest.pretrained._embedding_cache import open_cache
from amzest.pretrained._image_reading import ImageColumn, ImageReading
from amzest.utils import object_array


@pytest.fixture(autouse=True)
def empty_cache():
    amzest.clear_cache()
    yield
    amzest.clear_cache()


@pytest.fixture
def cells(tmp_path):
    """Return cells: two equal images, another one, a broken, an absent and none."""
    Image.new("RGB", (40, 30), "red").save(tmp_path / "red.png")
    Image.new("RGB", (40, 30), "red").save(tmp_path / "copy.png")
    Image.new("RGB", (30, 40), "blue").save(tmp_path / "blue.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    names = ["red.png", "copy.png", "blue.png", "broken.png", "absent.png", None]
    return object_array(names)


class Encoder:
    """The mean colour, and how many images were encoded."""

    n_images = 0

    def __call__(self, pixels):
        assert pixels.shape[1:] == (8, 8, 3)
        self.n_images += len(pixels)
        return pixels.mean((1, 2)).astype(np.float32)


def read(cells, root, encode, *, on_error="missing", max_pixels=10**6, cache=True):
    reading = ImageReading("image", root, on_error, max_pixels, "Reader")
    column = ImageColumn(cells, reading)
    vectors = column.vectors(encode, 8, 3, "test", open_cache(cache))
    return column, vectors


def test_each_distinct_image_is_encoded_once(cells, tmp_path):
    encode = Encoder()
    column, vectors = read(cells, tmp_path, encode)
    assert column.present.tolist() == [True] * 3 + [False] * 3
    assert encode.n_images == 2
    np.testing.assert_array_equal(vectors[0], vectors[1])
    assert vectors[0].argmax() == 0
    assert vectors[2].argmax() == 2
    assert np.isnan(vectors[3:]).all()
    again = read(cells[::-1], tmp_path, encode)[1]
    np.testing.assert_array_equal(again[::-1], vectors)
    assert encode.n_images == 2
    read(cells, tmp_path, encode, cache=False)
    assert encode.n_images == 4


def test_what_is_missing_is_counted_in_one_warning(cells, tmp_path):
    column, _ = read(np.append(cells, cells[3]), tmp_path, Encoder())
    with pytest.warns(UserWarning, match="images in `image`") as caught:
        column.warn()
    messages = [str(warning.message) for warning in caught]
    assert len(messages) == 2
    assert "1 of 7 images in `image` lead to no file" in messages[0]
    assert "2 of 7 images in `image` cannot be decoded" in messages[1]
    assert "rows 3, 6" in messages[1]
    assert messages[0].startswith("Reader: ")
    assert "cannot be decoded" in column.absence


def test_a_column_without_failures_does_not_warn(cells, tmp_path):
    column, _ = read(cells[[0, 5]], tmp_path, Encoder())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        column.warn()


def test_unreadable_images_are_named(cells, tmp_path):
    with pytest.raises(ValueError, match=r'`image` row 3 \("broken.png"\): cannot be'):
        read(cells, tmp_path, Encoder(), on_error="raise")
    with pytest.raises(ValueError, match=r"`image` row 1 \(3.5\): cannot be"):
        read(object_array(["red.png", 3.5]), tmp_path, Encoder(), on_error="raise")


def test_an_image_is_not_found_under_a_lower_limit(cells, tmp_path):
    encode = Encoder()
    read(cells[:1], tmp_path, encode)
    column, vectors = read(cells[:1], tmp_path, encode, max_pixels=100)
    assert not column.present.any()
    assert np.isnan(vectors).all()


def test_copies_are_grouped(cells, tmp_path):
    column, _ = read(cells, tmp_path, Encoder())
    groups = column.group_copies()
    assert groups[0] == groups[1]
    assert len(set(groups)) == 5


def test_rows_of_a_column(cells, tmp_path):
    encode = Encoder()
    reading = ImageReading("image", tmp_path, "missing", 10**6, "Reader")
    column = ImageColumn(cells, reading)
    rows = np.array([2, 3])
    vectors = column.vectors(encode, 8, 3, "test", open_cache(False), rows=rows)
    assert vectors.shape == (2, 3)
    assert encode.n_images == 1
    assert column.present.tolist() == [True, True, True, False, False, False]


def test_cells_of_all_kinds(tmp_path):
    Image.new("RGB", (8, 8), "red").save(tmp_path / "red.png")
    data = (tmp_path / "red.png").read_bytes()
    pixels = np.zeros((8, 8, 3), dtype=np.uint8)
    pixels[..., 0] = 255
    cells = [
        tmp_path / "red.png",
        data,
        {"bytes": data, "path": None},
        pixels,
        Image.fromarray(pixels),
    ]
    encode = Encoder()
    column, vectors = read(object_array(cells), None, encode)
    assert column.present.all()
    np.testing.assert_array_equal(vectors, np.tile([255.0, 0, 0], (5, 1)))
    assert encode.n_images == 3  # the same file three times
