"""Encoded images are opened: formats, pixels, errors and warnings."""

import io
import os
import struct
import threading
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFile

from amzest.utils import (
    FORMATS,
    NotAnImage,
    TooManyPixels,
    UnreadableImage,
    _pillow,
    image_errors,
    load_given_image,
    open_image,
    quiet_pillow,
)

Image.init()  # all of Pillow's formats are tried
LIMIT = 50_000_000


def encoded(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def opened(source, max_pixels=LIMIT):
    with open_image(source, max_pixels) as image:
        image.load()
        return image.format, image.size


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind != "MPO"])
def test_supported_formats(kind, tmp_path):
    data = encoded(Image.new("RGB", (20, 10)), kind)
    assert opened(data) == (kind, (20, 10))
    (tmp_path / "image.txt").write_bytes(data)
    assert opened(str(tmp_path / "image.txt")) == (kind, (20, 10))


def test_images_of_mobile_phones():
    pair = [Image.new("RGB", (20, 10), color) for color in ("red", "blue")]
    data = encoded(pair[0], "MPO", save_all=True, append_images=pair[1:])
    assert opened(data)[1] == (20, 10)


@pytest.mark.parametrize("mode", ["RGB", "P", "1", "F"])
def test_other_formats_are_unreadable(mode):
    n_unreadable = 0
    for kind in {*Image.SAVE} - {*FORMATS}:
        try:
            data = encoded(Image.new(mode, (20, 10)), kind)
        except (OSError, ValueError, DeprecationWarning):  # not written in this mode
            continue
        with pytest.raises(UnreadableImage, match="not an image file of a known"):
            opened(data)
        n_unreadable += 1
    assert n_unreadable >= {"RGB": 10, "P": 7, "1": 7, "F": 1}[mode]


def test_pillow_without_a_plugin_reads_the_others(monkeypatch):
    with monkeypatch.context() as patch:
        patch.delitem(Image.OPEN, "AVIF")
        _pillow._available_formats.cache_clear()
        data = encoded(Image.new("RGB", (20, 10)), "PNG")
        assert opened(data) == ("PNG", (20, 10))
    _pillow._available_formats.cache_clear()


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A stand-in for Ghostscript that notes each call."""
    (tmp_path / "bin").mkdir()
    called = tmp_path / "called"
    for name in ("gs", "gswin32c", "gswin64c"):
        program = tmp_path / "bin" / name
        program.write_text(f'#!/bin/sh\necho "$@" >> "{called}"\nexit 0\n')
        program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return called


EPS = (
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n",
    b"\xc5\xd0\xd3\xc6" + struct.pack("<II", 30, 79) + bytes(18),
)


@pytest.mark.parametrize("data", [EPS[0], EPS[1] + EPS[0]], ids=["text", "binary"])
@pytest.mark.parametrize("name", ["image.jpg", "image.eps", "image.ps", "image"])
def test_no_program_is_started(programs, tmp_path, data, name):
    (tmp_path / name).write_bytes(data)
    for source in (str(tmp_path / name), data):
        with pytest.raises(NotAnImage, match="PostScript"):
            opened(source)
    with Image.open(io.BytesIO(data)) as lazy, pytest.raises(NotAnImage, match="EPS"):
        load_given_image(lazy, LIMIT)
    assert not programs.exists()


def test_pillow_images_of_other_formats_are_accepted_if_loaded():
    with Image.open(io.BytesIO(encoded(Image.new("RGB", (9, 9)), "TGA"))) as image:
        with pytest.raises(NotAnImage, match=r"format TGA.*call its load\(\) first"):
            load_given_image(image, LIMIT)
        image.load()
        load_given_image(image, LIMIT)


def chunk(name, data):
    checksum = struct.pack(">I", zlib.crc32(name + data))
    return struct.pack(">I", len(data)) + name + data + checksum


def png(width, height, *chunks, raw=b""):
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = (chunk(b"IHDR", head), *chunks, chunk(b"IDAT", zlib.compress(raw)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(body) + chunk(b"IEND", b"")


def bmp(width, height):
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 1000, 0, 0, 54) + head + bytes(1000)


def tiff(width, height, tile):
    data = zlib.compress(bytes(10_000))
    tags = [
        *((256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 8)),
        *((262, 3, 1, 1), (277, 3, 1, 1), (322, 4, 1, tile), (323, 4, 1, tile)),
        *((324, 4, 1, 8), (325, 4, 1, len(data))),
    ]
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    start = struct.pack("<2sHI", b"II", 42, 8 + len(data)) + data
    return start + struct.pack("<H", len(tags)) + entries + bytes(4)


def gif(width, height):
    return (
        b"GIF89a"
        + struct.pack("<HHBBB", width, height, 0, 0, 0)
        + (b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\2\2\x4c\1\0;")
    )


@pytest.mark.parametrize(
    "data",
    [
        png(10_000, 6_000),
        png(13_000, 13_000),
        png(60_000, 60_000),
        bmp(10_000, 6_000),
        bmp(13_000, 13_000),
        gif(60_000, 60_000),
        tiff(10_000, 6_000, 64),
        tiff(10, 10, 32_768),
        b"P6 10000 6000 255\n" + bytes(100),
    ],
    ids=range(9),
)
def test_pixels_are_counted_before_they_are_decoded(data, monkeypatch):
    def fail(self):
        raise AssertionError("pixels were decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    with pytest.raises(TooManyPixels):
        opened(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "GIF", "WEBP", "AVIF", "BMP"])
def test_images_of_exactly_the_limit(kind):
    data = encoded(Image.new("RGB", (30, 20)), kind)
    assert opened(data, 600)[1] == (30, 20)
    message = "it has 30 x 20 pixels; `max_pixels` is 599"
    with pytest.raises(TooManyPixels, match=message):
        opened(data, 599)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("decoding failed"),
        NotImplementedError("unknown pixel format"),
        MemoryError(),
        RecursionError("too deep"),
        struct.error("unpack requires 4 bytes"),
        KeyError(7),
        IndexError("out of range"),
        OverflowError("too large"),
        ZeroDivisionError("division by zero"),
        UnicodeDecodeError("ascii", b"\xff", 0, 1, "ordinal"),
        EOFError(),
        AssertionError(),
        OSError("x" * 10**6),
        AttributeError("'NoneType' has no attribute"),
        zlib.error("Error -3"),
        Image.DecompressionBombError("exceeds limit"),
        UserWarning("as with -W error"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_a_decoder_raises(error):
    with pytest.raises(UnreadableImage) as caught, image_errors():
        raise error
    assert 0 < len(str(caught.value)) <= 160


def test_errors_of_the_user_are_not_converted():
    with pytest.raises(KeyboardInterrupt), image_errors():
        raise KeyboardInterrupt


def test_files_are_closed(tmp_path):
    (tmp_path / "a.png").write_bytes(png(4, 4)[:-20])
    (tmp_path / "b.jpg").write_bytes(b"no image")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            for name in ("a.png", "b.jpg"):
                with pytest.raises(UnreadableImage):
                    opened(str(tmp_path / name))


@pytest.mark.parametrize(
    "data",
    [
        png(4, 4, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**27)))),
        png(4, 4, chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(2**27)))),
        png(4, 4, *[chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**20)))] * 100),
    ],
    ids=["text", "profile", "many texts"],
)
def test_compressed_metadata_is_bounded(data):
    import tracemalloc

    tracemalloc.start()
    try:
        with pytest.raises(UnreadableImage):
            opened(data)
        assert tracemalloc.get_traced_memory()[1] < 2**27
    finally:
        tracemalloc.stop()


def test_warnings_of_pillow_do_not_surface(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
    data = encoded(Image.new("RGB", (30, 20)), "PNG")
    before = list(warnings.filters)
    for action in ("always", "error"):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter(action)
            assert opened(data)[1] == (30, 20)
        assert caught == []
    assert list(warnings.filters) == before
    assert Image.MAX_IMAGE_PIXELS == 500
    with pytest.warns(Image.DecompressionBombWarning):
        Image.open(io.BytesIO(data))


def test_filters_of_warnings_are_left_as_they_were_by_threads():
    before = list(warnings.filters)
    first, second = quiet_pillow(), quiet_pillow()
    first.__enter__()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        second.__enter__()
        first.__exit__(None, None, None)
        warnings.warn_explicit("odd", UserWarning, "x.py", 1, module="PIL.Image")
        second.__exit__(None, None, None)
        with pytest.raises(UserWarning, match="odd"):
            warnings.warn_explicit("odd", UserWarning, "x.py", 1, module="PIL.Image")
    assert list(warnings.filters) == before

    def work():
        for _ in range(200):
            with quiet_pillow():
                pass

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before


def test_one_lazy_image_in_many_threads():
    pixels = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(pixels), "PNG")
    for _ in range(5):
        lazy, failures = Image.open(io.BytesIO(data)), []

        def work(image=lazy, failures=failures):
            try:
                load_given_image(image, LIMIT)
            except UnreadableImage as error:
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        np.testing.assert_array_equal(np.asarray(lazy), pixels)
