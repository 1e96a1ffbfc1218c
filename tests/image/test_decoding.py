"""Any mode, size and container becomes upright RGB of the requested size."""

import io
import struct
import warnings
import zlib

import numpy as np
import PIL
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


def test_exif_orientation_is_applied():
    image = Image.new("RGB", (8, 4), "black")
    image.paste("white", (0, 0, 4, 4))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be rotated by 90 degrees clockwise
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
        (np.zeros((4, 4, 2), np.uint8), "not an image"),
        (np.zeros((4,), np.uint8), "not an image"),
        (np.zeros((0, 4), np.uint8), "not an image"),
        (np.array([["a"]]), "dtype"),
    ],
)
def test_invalid_arrays(pixels, message):
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
        (3.5, "float is not an image"),
    ],
)
def test_unreadable(cell, message):
    with pytest.raises(UnreadableImage, match=message):
        decode(cell, None, 4)


def same(*cells, size=8):
    """Decode several forms of one image and return its pixels, which must be equal."""
    first, *others = (decode(cell, None, size) for cell in cells)
    for other in others:
        np.testing.assert_array_equal(first, other)
    return first


def random_pixels(dtype, *channels):
    rng = np.random.default_rng(0)
    if np.dtype(dtype).kind == "f":
        return rng.random((8, 8, *channels)).astype(dtype)
    top = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 255
    return rng.integers(0, top, (8, 8, *channels), endpoint=True).astype(dtype)


def png16(pixels, kind, transparent=None):
    """Write a PNG of 16 bits; Pillow writes only grey ones."""

    def chunk(name, data):
        checksum = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + checksum

    head = struct.pack(">IIBBBBB", *pixels.shape[1::-1], 16, kind, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels.astype(">u2"))
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
    if transparent is not None:
        data += chunk(b"tRNS", np.array(transparent, ">u2").tobytes())
    return data + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_sixteen_bits_are_the_same_in_every_form():
    pixels = random_pixels(np.uint16)
    image = Image.fromarray(pixels)
    decoded = same(
        pixels,
        pixels.astype(">u2"),
        pixels[..., None],
        image,
        Image.frombytes("I;16B", (8, 8), pixels.astype(">u2").tobytes()),
        encoded(image, "PNG"),
        encoded(image, "TIFF"),
        encoded(image, "TIFF", compression="tiff_lzw"),
        encoded(Image.fromarray(pixels.astype(">u2")), "TIFF"),
        encoded(image, "PPM"),
        encoded(image, "JPEG2000"),
        png16(pixels, 0),
        np.dstack([pixels] * 3),
        png16(np.dstack([pixels] * 3), 2),
    )
    np.testing.assert_array_equal(decoded[..., 0], pixels >> 8)


@pytest.mark.parametrize("top", [1, 200, 255, 256, 4095, 65535])
def test_depth_does_not_depend_on_the_largest_pixel(top):
    pixels = (random_pixels(np.float64) * top).astype(np.uint16)
    image = Image.fromarray(pixels)
    decoded = same(pixels, image, encoded(image, "PNG"), encoded(image, "TIFF"))
    np.testing.assert_array_equal(decoded[..., 0], pixels >> 8)


@pytest.mark.parametrize("scale", [1.0, 0.5, 0.001])
def test_floats_are_the_same_in_every_form(scale):
    pixels = random_pixels(np.float32) * np.float32(scale)
    image = Image.fromarray(pixels)
    decoded = same(
        pixels,
        pixels.astype(np.float64),
        image,
        encoded(image, "TIFF"),
        encoded(image, "TIFF", compression="tiff_adobe_deflate"),
        encoded(image, "PPM"),
        np.dstack([pixels] * 3),
    )
    np.testing.assert_array_equal(decoded[..., 0], (pixels * 255).round())


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint32, np.int16, np.int8])
def test_other_integers_are_the_same_in_every_form(dtype):
    pixels = random_pixels(np.int32) // (2 if dtype is np.int8 else 1)
    image = Image.fromarray(pixels)
    cells = [pixels.astype(dtype), pixels.astype(np.uint8), image]
    same(*cells, encoded(image, "TIFF"), encoded(Image.fromarray(cells[1]), "PNG"))


def test_booleans_are_the_same_in_every_form():
    pixels = random_pixels(np.float32) > 0.5
    image = Image.fromarray(pixels)
    kinds = ("PNG", "TIFF", "BMP", "GIF", "PPM")
    decoded = same(pixels, image, *(encoded(image, kind) for kind in kinds))
    assert set(decoded.ravel()) == {0, 255}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -0.1, 1.5, 255.0])
def test_floats_out_of_range_are_unreadable_in_every_form(value):
    pixels = random_pixels(np.float32)
    pixels[3, 3] = value
    image = Image.fromarray(pixels)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for cell in (pixels, pixels.astype(float), image, encoded(image, "TIFF")):
            with pytest.raises(UnreadableImage, match="must lie between 0 and 1, foun"):
                decode(cell, None, 8)


@pytest.mark.parametrize("value", [-1, 256, 70_000, 2**31 - 1])
def test_integers_out_of_range_are_unreadable_in_every_form(value):
    pixels = random_pixels(np.int32)
    pixels[3, 3] = value
    image = Image.fromarray(pixels)
    for cell in (pixels, pixels.astype(np.int64), image, encoded(image, "TIFF")):
        with pytest.raises(UnreadableImage, match="must lie between 0 and 255, found"):
            decode(cell, None, 8)


def test_twelve_bits_of_a_tiff_are_scaled():
    pixels = random_pixels(np.uint16) >> 4
    bits = "".join(f"{pixel:012b}" for pixel in pixels.ravel())
    data = int(bits, 2).to_bytes(len(bits) // 8, "big")
    tags = [
        *((256, 4, 1, 8), (257, 4, 1, 8), (258, 3, 1, 12), (259, 3, 1, 1)),
        *((262, 3, 1, 1), (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, 8)),
        (279, 4, 1, len(data)),
    ]
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    start = struct.pack("<2sHI", b"II", 42, 8 + len(data)) + data
    tiff = start + struct.pack("<H", len(tags)) + entries + bytes(4)
    decoded = decode(tiff, None, 8)
    np.testing.assert_array_equal(decoded[..., 0], pixels >> 4)


def test_transparency_is_the_same_in_every_form():
    pixels = random_pixels(np.uint8, 4)
    image = Image.fromarray(pixels)
    same(
        pixels,
        pixels.astype(np.int64),
        pixels.astype(np.uint16) * 257,
        image,
        encoded(image, "PNG"),
        encoded(image, "TIFF"),
        encoded(image, "WEBP", lossless=True, exact=True),
        png16(pixels.astype(np.uint16) * 257, 6),
    )
    grey = Image.fromarray(pixels[..., 0].copy())
    grey.putalpha(Image.fromarray(pixels[..., 1].copy()))
    same(
        np.dstack([pixels[..., :1]] * 3 + [pixels[..., 1:2]]),
        grey,
        encoded(grey, "PNG"),
        encoded(grey, "TIFF"),
        png16(pixels[..., :2].astype(np.uint16) * 257, 4),
    )


@pytest.mark.parametrize("value", [0, 300, 40_000, 65_535])
def test_one_transparent_grey_of_sixteen_bits(value):
    pixels = random_pixels(np.uint16)
    pixels[2:4] = value
    alpha = np.where(pixels == value, 0, 65_535).astype(np.uint16)
    decoded = same(png16(pixels, 0, [value]), np.dstack([*[pixels] * 3, alpha]))
    assert (decoded[2:4] == 255).all()
    assert (decoded[4:, :, 0] == pixels[4:] >> 8).all()
    opened = Image.open(io.BytesIO(png16(pixels, 0, [value])))
    np.testing.assert_array_equal(decode(opened, None, 8), decoded)


def test_one_transparent_color_of_sixteen_bits():
    pixels = random_pixels(np.uint16, 3)
    pixels[2:4] = color = [1000, 20_000, 65_535]
    decoded = decode(png16(pixels, 2, color), None, 8)
    assert (decoded[2:4] == 255).all()
    np.testing.assert_array_equal(decoded[4:], pixels[4:] >> 8)


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "HSV", "LAB", "P"])
def test_color_spaces_are_those_of_pillow(mode):
    image = Image.fromarray(random_pixels(np.uint8, 3)).convert(mode)
    cells = [image, image.convert("RGB")]
    # Pillow before 13 cannot read the YCbCr files that it writes itself.
    if mode != "HSV" and (mode != "YCbCr" or int(PIL.__version__.split(".")[0]) >= 13):
        cells.append(encoded(image, "TIFF"))
    same(*cells)


@pytest.mark.parametrize("mode", ["La", "RGBa", "PA", "RGBX", "I;16L", "I;16N"])
def test_rare_modes(mode):
    assert decode(Image.new(mode, (6, 6)), None, 8).shape == (8, 8, 3)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG2000"])
def test_exif_orientation_of_sixteen_bits(kind):
    pixels = random_pixels(np.uint16)[:, :4].copy()
    exif = Image.Exif()
    exif[0x0112] = 6
    options = {} if kind == "JPEG2000" else {"exif": exif}
    turned = np.rot90(pixels, -1) if options else pixels
    same(encoded(Image.fromarray(pixels), kind, **options), turned)


def test_damaged_exif_data_are_ignored():
    image = Image.new("RGB", (16, 8), RED)
    for exif in (b"Exif\0\0", b"Exif\0\0II*\0" + b"\xff" * 60, b"Exif\0\0" + bytes(30)):
        data = encoded(image, "JPEG", exif=exif)
        assert decode(data, None, 16).shape == (16, 16, 3)


def test_images_of_users_are_not_changed():
    exif = Image.Exif()
    exif[0x0112] = 6
    for cell in (
        Image.open(io.BytesIO(encoded(Image.new("RGB", (90, 40)), "JPEG", exif=exif))),
        Image.open(io.BytesIO(png16(random_pixels(np.uint16, 3), 2, [1, 2, 65_535]))),
        Image.new("I;16", (9, 4), 300),
    ):
        cell.load()
        before = (cell.mode, cell.size, dict(cell.info), cell.tobytes())
        decode(cell, None, 8)
        assert (cell.mode, cell.size, dict(cell.info), cell.tobytes()) == before


@pytest.mark.parametrize(
    "cell",
    [
        np.zeros((30, 20), np.uint8),
        np.zeros((30, 20, 4)),
        Image.new("RGB", (20, 30)),
        Image.new("F", (20, 30)),
        encoded(Image.new("RGB", (20, 30)), "JPEG"),
        encoded(Image.new("RGB", (20, 30)), "PNG"),
    ],
    ids=["grey", "floats", "PIL", "PIL floats", "JPEG", "PNG"],
)
def test_pixel_limit_of_every_form(cell):
    assert decode(cell, None, 8, 600).shape == (8, 8, 3)
    with pytest.raises(UnreadableImage, match="20 x 30 pixels; `max_pixels` is 599"):
        decode(cell, None, 8, 599)


@pytest.mark.parametrize("cell", [{"a": 1}, {}, {"bytes": "a.png", "path": None}])
def test_other_dicts_are_unreadable(cell):
    with pytest.raises(UnreadableImage, match=r'only as \{"bytes"'):
        decode(cell, None, 8)


def test_dicts_of_bytes_and_path(tmp_path):
    data = encoded(Image.new("RGB", (5, 5), RED))
    (tmp_path / "a.png").write_bytes(data)
    for cell in ({"bytes": data, "path": "gone.png"}, {"bytes": None, "path": "a.png"}):
        assert decode(cell, tmp_path, 4)[0, 0].tolist() == list(RED)


def test_a_decompression_bomb_is_unreadable(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(UnreadableImage, match="exceeds limit"):
        decode(encoded(Image.new("RGB", (9, 9))), None, 4)
