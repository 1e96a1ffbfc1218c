"""A cell that is no image file is named as what it is, and never waited for."""

import base64
import errno
import os
import socket
import time

import pytest

from amzest.utils import (
    ImageNotFound,
    NotAnImage,
    UnreadableImage,
    describe_text,
    image_path,
    is_url,
    plain_image_cell,
    shown,
)
from amzest.utils._image_cells import describe_bytes, open_regular_file

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
def test_texts_that_are_no_paths(text, what, tmp_path):
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


def test_folder_that_was_searched_is_named(tmp_path, monkeypatch):
    with pytest.raises(ImageNotFound, match=f"in {shown(str(tmp_path), 200)}"):
        image_path("images/a.jpg", tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ImageNotFound, match=f"in {shown(os.getcwd(), 200)}"):
        image_path("images/a.jpg", None)
    with pytest.raises(ImageNotFound, match=r"no such file$"):
        image_path(tmp_path / "a.jpg", None)


@pytest.fixture
def odd_files(tmp_path):
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    (tmp_path / "device.jpg").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as listening:
        before = os.getcwd()
        os.chdir(tmp_path)  # the name of a socket may have 108 characters
        listening.bind("socket.jpg")
        os.chdir(before)
    return tmp_path


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files here")
@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("folder.jpg", "a folder"),
        ("empty.jpg", "empty"),
        ("loop.jpg", "loop"),
        ("device.jpg", "a device"),
        ("pipe.jpg", "a named pipe"),
        ("socket.jpg", "a socket"),
    ],
)
def test_what_is_no_file_is_named_and_not_opened(odd_files, name, what):
    with pytest.raises(UnreadableImage, match=what):
        image_path(name, odd_files)
    if name != "socket.jpg":
        with pytest.raises(UnreadableImage, match=what):
            open_regular_file(str(odd_files / name), 100)


def test_longest_file_that_is_opened(tmp_path):
    path = tmp_path / "sparse.webp"
    with open(path, "wb") as file:
        file.truncate(10**12)
    with pytest.raises(UnreadableImage, match="1000000000000 bytes, too many"):
        open_regular_file(str(path), 10**9)


@pytest.mark.parametrize(
    ("number", "what"),
    [
        (errno.EACCES, "no permission"),
        (errno.EPERM, "no permission"),
        (errno.EIO, os.strerror(errno.EIO)),
        (errno.ESTALE, os.strerror(errno.ESTALE)),
        (errno.ENAMETOOLONG, "longer than a file name"),
    ],
)
def test_whatever_the_file_system_raises(monkeypatch, tmp_path, number, what):
    def fail(path, *args, **kwargs):
        raise OSError(number, os.strerror(number), path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", fail)
        with pytest.raises(UnreadableImage, match=what) as error:
            image_path("a.jpg", tmp_path)
    assert not isinstance(error.value, ImageNotFound)


@pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() == 0, reason="everything is permitted"
)
def test_folder_that_cannot_be_searched(tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(PNG)
    folder.chmod(0)
    with pytest.raises(UnreadableImage, match="no permission"):
        image_path("closed/a.jpg", tmp_path)
    folder.chmod(0o700)


def test_names_beyond_unicode(tmp_path):
    with pytest.raises(UnreadableImage, match="Unicode"):
        image_path("\ud800.jpg", tmp_path)


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
    assert describe_bytes(b"no picture") is None
    assert describe_bytes(b"") is None
