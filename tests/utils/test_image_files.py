"""Only regular files are opened, without waiting; errors name the reason."""

import errno
import os
import socket

import pytest

from amzest.utils import ImageNotFound, UnreadableImage, image_path, shown
from amzest.utils._image_files import open_regular_file


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
def test_only_regular_files_are_opened(odd_files, name, what):
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
    (folder / "a.jpg").write_bytes(b"image")
    folder.chmod(0)
    with pytest.raises(UnreadableImage, match="no permission"):
        image_path("closed/a.jpg", tmp_path)
    folder.chmod(0o700)


def test_names_beyond_unicode(tmp_path):
    with pytest.raises(UnreadableImage, match="Unicode"):
        image_path("\ud800.jpg", tmp_path)
