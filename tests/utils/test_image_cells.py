"""Cells of image columns are recognised as paths, URLs, encoded data and so on."""

import base64
import time
from pathlib import Path

import numpy as np
import pytest

from amzest.utils import (
    ImageNotFound,
    NotAnImage,
    UnreadableImage,
    describe_text,
    image_path,
    is_image_path,
    is_url,
    may_be_image,
    plain_image_cell,
)
from amzest.utils._image_cells import describe_bytes

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(range(64))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("https://shop.example/a.jpg", "a URL;"),
        ("HTTP://shop.example", "a URL;"),
        (" ftp://shop.example/a.jpg", "a URL;"),
        ("s3://bucket/a.jpg", "a URL;"),
        ("file:///home/a.jpg", "a URL;"),
        ("//cdn.shop.example/a.jpg", "a URL without"),
        ("data:image/png;base64,iVBORw0KGgo=", "data: URL"),
        ("DATA:,x", "data: URL"),
        (base64.b64encode(PNG).decode(), "base64"),
        (base64.b64encode(JPEG * 1000).decode(), "base64"),
        (base64.encodebytes(PNG * 9).decode(), "base64"),
        (base64.urlsafe_b64encode(JPEG).decode(), "base64"),
        (PNG.hex(), "hexadecimal"),
        ("\\x" + JPEG.hex(), "hexadecimal"),
        ("0x" + JPEG.hex().upper(), "hexadecimal"),
        ('["https://a.example/1.jpg", "https://a.example/2.jpg"]', "list or dict"),
        ("['a.jpg', 'b.jpg']", "list or dict"),
        ("[https://a.example/1.jpg]", "list or dict"),
        ("{'bytes': b'abc', 'path': None}", "list or dict"),
        ('[{"url": "a.jpg"}]', "list or dict"),
        (repr(PNG), "bytes written as text"),
        ("<svg></svg>", "SVG"),
        ("\ufeff <html>", "HTML"),
        ("a.jpg\0.png", "NUL"),
    ],
)
def test_texts_that_are_not_paths(text, what, tmp_path):
    assert what in describe_text(text)
    with pytest.raises(NotAnImage, match=what):
        image_path(text, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "a.jpg",
        "images/a b.jpg",
        "C:\\images\\a.jpg",
        "C:/images/a.jpg",
        "[a].jpg",
        "a" * 64,
        "0123456789abcdef" * 4,
        "data/a.jpg",
        "b'a.jpg",
        "/work/" + "a/" * 40,
        "file.jpg",
    ],
)
def test_texts_that_may_be_paths(text, tmp_path):
    assert describe_text(text) is None
    assert not is_url(text)
    with pytest.raises(ImageNotFound, match="no such file"):
        image_path(text, tmp_path)


@pytest.mark.parametrize("n", [10**6, 10**7])
@pytest.mark.parametrize("start", ["", '["', "b'", "<", "iVBORw0KGgo", "\\x", " "])
def test_long_texts_take_no_time(start, n, tmp_path):
    begin = time.process_time()
    with pytest.raises(UnreadableImage) as error:
        image_path(start + " " * n + "x", tmp_path)
    assert len(str(error.value)) < 200
    assert time.process_time() - begin < 1


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        ({"bytes": b"abc", "path": "a.jpg"}, b"abc"),
        ({"bytes": None, "path": "a.jpg"}, "a.jpg"),
        ({"bytes": b"", "path": "a.jpg"}, "a.jpg"),
        ({"bytes": float("nan"), "path": "a.jpg"}, "a.jpg"),
        ({"path": "a.jpg"}, "a.jpg"),
        ({"bytes": b"abc"}, b"abc"),
        ({"bytes": None, "path": None}, None),
        ({"bytes": None, "path": float("nan")}, None),
        ("a.jpg", "a.jpg"),
        (b"abc", b"abc"),
        (None, None),
    ],
)
def test_dicts_of_bytes_and_path(cell, plain):
    assert plain_image_cell(cell) == plain


@pytest.mark.parametrize(
    "cell", [{}, {"url": "a.jpg"}, {"bytes": [1, 2], "path": "a.jpg"}, {"bytes": 3}]
)
def test_other_dicts_stay(cell):
    assert plain_image_cell(cell) is cell


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"%PDF-1.7", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "PostScript"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"\n <!DOCTYPE html>", "HTML"),
        (b"<?xml version='1.0'?>\n<svg>", "SVG"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"\0\0\0\x18ftypisom", "video"),
        (b"\0\0\1\0\1\0", "icon"),
        (b"8BPS\0\1", "Photoshop"),
        (b"PK\3\4", "ZIP"),
        (b"\x1f\x8b\x08", "gzip"),
        (b'{"error": 404}', "JSON"),
        (bytes(256), "zeros"),
        (b"\xff\x0a", "JPEG XL"),
    ],
)
def test_files_under_the_names_of_images(head, what):
    assert what in describe_bytes(head)


def test_unknown_bytes_have_no_name():
    assert describe_bytes(b"no image") is None
    assert describe_bytes(b"") is None


@pytest.mark.parametrize(
    "path", ["a.jpg", "/x/B.JPEG", "a b.webp ", "a.avif", "a.jfif", "1.pgm", "a.b.tif"]
)
def test_path_of_an_image_is_recognised(path):
    assert is_image_path(path)
    assert may_be_image(path)


@pytest.mark.parametrize(
    "text", ["jpg", "a.jpg of a cup", "a.svg", "a.ico", "a.txt", ""]
)
def test_other_text_is_no_path_of_an_image(text):
    assert not is_image_path(text)
    assert not may_be_image(text)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (PNG, True),
        (memoryview(PNG), True),
        (Path("a"), True),
        (np.zeros((4, 4, 3), np.uint8), True),
        (np.zeros((4, 4)), True),
        (np.zeros(4), False),
        (np.full((4, 4), "a"), False),
        (1, False),
        (["a.jpg"], False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_image_is_recognised_by_its_type(cell, expected):
    assert may_be_image(cell) is expected
