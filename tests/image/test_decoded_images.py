"""A column is decoded; missing and broken images are named and counted."""

import base64
import io
import os
import warnings
from traceback import walk_tb

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from amzest.image._decoded_images import decode_column
from amzest.image._pixel_file import StoredImage


def column(*cells):
    array = np.empty(len(cells), dtype=object)
    for row, cell in enumerate(cells):
        array[row] = cell
    return array


def read(cells, **changes):
    settings = {
        "name": "image",
        "size": 8,
        "root": None,
        "on_error": "raise",
        "max_memory": 2**20,
        "augmentation": True,
        "reader": "ImageCNNClassifier",
    }
    return decode_column(cells, **{**settings, **changes})


def grey_image(grey):
    return np.full((7, 7), grey, np.uint8)


def png(grey):
    file = io.BytesIO()
    Image.fromarray(grey_image(grey)).save(file, "PNG")
    return file.getvalue()


def test_rows_keep_their_places():
    images = read(column(grey_image(10), None, png(30), "", grey_image(50)))
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
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    cells = column(grey_image(1), None, "broken.jpg")
    message = r'`image` row 2 \("broken.jpg"\): cannot be decoded.*on_error="missing"'
    with pytest.raises(ValueError, match=message):
        read(cells, root=tmp_path)


def test_broken_files_can_be_treated_as_missing_with_one_warning():
    cells = column(grey_image(1), b"broken", None, b"also", grey_image(2))
    with pytest.warns(UserWarning, match="images in") as caught:
        images = read(cells, on_error="missing")
    assert len(caught) == 1
    assert "2 of 5 images in `image` cannot be decoded" in str(caught[0].message)
    assert "rows 1, 3" in str(caught[0].message)
    assert images.present.tolist() == [True, False, False, False, True]
    assert images.batch(np.array([4]))[0, 0, 0, 0] == 2


def test_paths_to_no_file_are_missing_with_one_warning(tmp_path):
    cells = column("a.jpg", grey_image(1), "b.jpg")
    with pytest.warns(UserWarning, match=r"2 of 3 images in `image` lead to no file"):
        images = read(cells, root=tmp_path)
    assert images.present.tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("https://shop.example/a.jpg", "URL"),
        ("data:image/png;base64," + "A" * 10**6, "data: URL"),
        (base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(10**6)).decode(), "base64"),
        ("x" * 300, "longer than a file name"),
        ('["a.jpg", "b.jpg"]', "list or dict"),
        ("a\0.jpg", "NUL"),
        ("\ud800.jpg", "Unicode"),
        ("folder", "a folder"),
        ("pipe.jpg", "a named pipe"),
        ("empty.jpg", "empty"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
        (b"<html>", "HTML"),
        ({"url": "a.jpg"}, "a dict"),
        (["a.jpg"], "a list"),
        (7, "an? int"),
        (np.full((3, 3), np.nan), "NaN"),
        (np.zeros((0, 3), np.uint8), "not an image"),
        (Image.new("L", (0, 0)), "no pixels"),
        (png(1)[:-30], "PNG|truncated|broken"),
    ],
    ids=lambda cell: str(cell)[:20],
)
def test_a_cell_that_is_no_image_is_named_or_missing(tmp_path, cell, reason):
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.jpg").touch()
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.jpg")
    cells = column(grey_image(1), cell, grey_image(2))
    with pytest.raises(ValueError, match=rf"(?s)`image` row 1 \(.*{reason}") as error:
        read(cells, root=tmp_path)
    assert len(str(error.value)) < 500
    with pytest.warns(UserWarning, match="1 of 3 images in `image` cannot") as caught:
        images = read(cells, root=tmp_path, on_error="missing")
    assert len(str(caught[0].message)) < 500
    assert images.present.tolist() == [True, False, True]


def test_whatever_a_decoder_raises_is_an_unreadable_image(monkeypatch):
    def fail(self):
        raise RuntimeError("decoding of frame 0 failed")

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load_prepare", fail)
    file = io.BytesIO()
    Image.new("L", (9, 5)).save(file, "PNG")  # no other test has decoded this one
    cells = column(file.getvalue(), grey_image(1))
    with pytest.raises(ValueError, match=r"row 0 .*RuntimeError: decoding of frame 0"):
        read(cells)
    with pytest.warns(UserWarning, match="cannot be decoded"):
        assert read(cells, on_error="missing").present.tolist() == [False, True]


def test_errors_do_not_hold_the_images():
    data = png(1)
    with pytest.raises(ValueError, match="row 0") as caught:
        read(column(data[:-30]))
    frames = []
    error = caught.value.__cause__
    while error is not None:
        frames += [frame.f_code.co_name for frame, _ in walk_tb(error.__traceback__)]
        error = error.__cause__ or error.__context__
    assert "decode" not in frames


def test_pixel_limit():
    cells = column(png(1), grey_image(2), Image.new("L", (7, 7)), grey_image(3)[:6])
    with pytest.warns(UserWarning, match="3 of 4 images in `image` cannot be decoded"):
        images = read(cells, on_error="missing", max_pixels=48)
    assert images.present.tolist() == [False, False, False, True]
    with pytest.raises(ValueError, match="has 7 x 7 pixels; `max_pixels` is 48"):
        read(cells, max_pixels=48)
    assert read(cells, max_pixels=49).present.all()


def test_dicts_of_bytes_and_path(tmp_path):
    (tmp_path / "a.png").write_bytes(png(30))
    cells = column(
        {"bytes": png(10), "path": "gone.png"},
        {"bytes": None, "path": "a.png"},
        {"bytes": None, "path": None},
        {"bytes": b"", "path": ""},
        {"bytes": None, "path": "x/no-img-sm.gif"},
        {"bytes": None, "path": "gone.png"},
    )
    with pytest.warns(UserWarning, match=r"1 of 6 .* no file .*row 5 .*gone\.png"):
        images = read(cells, root=tmp_path)
    assert images.present.tolist() == [True, True, False, False, False, False]
    assert images.batch(np.array([0, 1]))[:, 0, 0, 0].tolist() == [10, 30]


def test_the_folder_of_paths_to_no_file_is_named(tmp_path):
    with pytest.warns(UserWarning, match=rf"below '{tmp_path}'; pass image_root="):
        images = read(column("a.jpg", grey_image(1)), root=tmp_path)
    assert images.absence.startswith("1 of 2 images in `image` lead to no file")
    with pytest.warns(UserWarning, match=r"\(first: \"/gone/a.jpg\"\)\.$"):
        read(column("/gone/a.jpg", grey_image(1)), root=tmp_path)


def test_warnings_of_pillow_are_not_errors(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 30)
    cells = column(*(png(i) for i in range(200)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(cells).present.all()


def test_no_warning_without_a_failure():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(column(grey_image(1), None))


def test_above_max_memory_images_are_in_a_file():
    cells = column(*(grey_image(i) for i in range(20)))
    inside, stored = read(cells), read(cells, max_memory=100)
    assert {type(image) for image in inside.images} == {np.ndarray}
    assert {type(image) for image in stored.images} == {StoredImage}
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
