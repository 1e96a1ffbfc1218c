"""Any mode, size and container becomes upright RGB of the size asked for."""

import io

import numpy as np
import pytest
from PIL import Image

from amzest.image._decoding import ImageNotFound, UnreadableImage, decode

RED = (200, 30, 40)


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr"])
def test_modes(mode):
    image = Image.new("RGB", (10, 6), RED).convert(mode)
    pixels = decode(image, None, 8)
    assert pixels.shape == (8, 8, 3)
    assert pixels.dtype == np.uint8
    expected = image.convert("RGB").resize((8, 5), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(pixels[1:6], np.asarray(expected))
    assert (pixels[[0, 6, 7]] == 255).all()


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (64, 64)])
def test_sizes(shape):
    assert decode(np.full(shape, 9, np.uint8), None, 16).shape == (16, 16, 3)


@pytest.mark.parametrize(("width", "height"), [(60, 80), (80, 60), (6, 8)])
def test_proportions_are_kept_on_white(width, height):
    dark = decode(Image.new("RGB", (width, height)), None, 16)[:, :, 0] == 0
    assert dark.any(axis=0).sum() == (12 if width < height else 16)
    assert dark.any(axis=1).sum() == (16 if width < height else 12)
    np.testing.assert_array_equal(dark, dark[::-1, ::-1])  # centred


def test_transparent_is_white():
    image = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    assert (decode(image, None, 4) == 255).all()
    palette = Image.new("P", (4, 4), 0)
    palette.info["transparency"] = 0
    assert (decode(palette, None, 4) == 255).all()


def test_camera_orientation_is_applied():
    image = Image.new("RGB", (8, 4), "black")
    image.paste("white", (0, 0, 4, 4))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    upright = decode(encoded(image, "JPEG", exif=exif, quality=95), None, 8)
    assert upright[1, 2:6].mean() > 200
    assert upright[6, 2:6].mean() < 50


def test_sixteen_bits_are_scaled():
    grey = np.full((4, 4), 257 * 100, np.uint16)
    assert (decode(grey, None, 4) == 100).all()
    assert (decode(encoded(Image.fromarray(grey)), None, 4) == 100).all()


@pytest.mark.parametrize(
    ("pixels", "value"),
    [
        (np.full((4, 4), 0.5), 128),
        (np.full((4, 4, 3), 1.0, np.float32), 255),
        (np.ones((4, 4), bool), 255),
        (np.full((4, 4, 1), 77), 77),
        (np.full((4, 4, 3), 77, np.int16), 77),
    ],
)
def test_dtypes_of_arrays(pixels, value):
    assert (decode(pixels, None, 4) == value).all()


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.full((4, 4), 100.0), "between 0 and 1, found 100 to 100"),
        (np.full((4, 4), np.nan), "between 0 and 1"),
        (np.full((4, 4), 300), "between 0 and 255"),
        (np.full((4, 4), -1), "between 0 and 255"),
        (np.zeros((4, 4, 2), np.uint8), "no image"),
        (np.zeros((4,), np.uint8), "no image"),
        (np.zeros((0, 4), np.uint8), "no image"),
        (np.array([["a"]]), "dtype"),
    ],
)
def test_arrays_that_are_no_picture(pixels, message):
    with pytest.raises(UnreadableImage, match=message):
        decode(pixels, None, 4)


def test_paths_start_from_the_root(tmp_path):
    Image.new("RGB", (5, 5), RED).save(tmp_path / "a.png")
    for cell, root in (("a.png", tmp_path), (str(tmp_path / "a.png"), None)):
        assert decode(cell, root, 4)[0, 0].tolist() == list(RED)
    assert decode(tmp_path / "a.png", None, 4)[0, 0].tolist() == list(RED)
    with pytest.raises(ImageNotFound, match="no such file"):
        decode("b.png", tmp_path, 4)


@pytest.mark.parametrize("as_type", [bytes, bytearray, memoryview])
def test_bytes(as_type):
    data = as_type(encoded(Image.new("RGB", (5, 5), RED)))
    assert decode(data, None, 4)[0, 0].tolist() == list(RED)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (b"<html>not found</html>", "not an image file"),
        (encoded(Image.effect_noise((90, 90), 50), "JPEG")[:900], "truncated"),
        ("https://example.org/a.jpg", "URL"),
        (3.5, "float is no image"),
    ],
)
def test_unreadable(cell, message):
    with pytest.raises(UnreadableImage, match=message):
        decode(cell, None, 4)


def test_decompression_bomb_is_refused(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(UnreadableImage, match="exceeds limit"):
        decode(encoded(Image.new("RGB", (9, 9))), None, 4)
