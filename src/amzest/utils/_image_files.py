"""Image files: paths that lead to regular files, and errors of the file system."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path
from typing import Any

from amzest.utils._image_cells import (
    ImageNotFound,
    NotAnImage,
    UnreadableImage,
    describe_text,
    is_data_url,
    is_url,
)
from amzest.utils._messages import shown

_KINDS = (
    (stat.S_ISDIR, "it is a folder"),
    (stat.S_ISFIFO, "it is a named pipe (FIFO)"),
    (stat.S_ISSOCK, "it is a socket"),
    (stat.S_ISCHR, "it is a device"),
    (stat.S_ISBLK, "it is a device"),
)
_NOT_FOUND = (errno.ENOENT, errno.ENOTDIR)
_FAULTS = {
    errno.ENAMETOOLONG: "the text is longer than a file name may be",
    errno.EISDIR: "it is a folder, not an image file",
    errno.EACCES: "there is no permission to read it",
    errno.EPERM: "there is no permission to read it",
    errno.ELOOP: "its symbolic links form a loop",
}


def image_path(cell: str | os.PathLike[str], root: Path | str | None) -> str:
    """Return the path of an image below `root`; raise if it is not a regular file."""
    text = os.fspath(cell)
    if is_url(text) or is_data_url(text):
        raise NotAnImage(str(describe_text(text)))
    path = text if root is None else os.path.join(root, text)
    with _file_errors(text, path):
        check_regular_file(os.stat(path))
    return path


def open_regular_file(path: str, max_bytes: int) -> BufferedReader:
    """Open a file of at most `max_bytes`, without waiting for the writer of a pipe."""
    with _file_errors(path, path):
        file = open(path, "rb", opener=_open_nonblocking)  # noqa: SIM115
        try:
            found = os.fstat(file.fileno())
            check_regular_file(found)
            if found.st_size > max_bytes:
                raise UnreadableImage(f"the file has {found.st_size} bytes, too many")
        except BaseException:
            file.close()
            raise
    return file


def check_regular_file(found: os.stat_result) -> None:
    """Raise NotAnImage for a folder, a pipe, an empty file and so on."""
    if not stat.S_ISREG(found.st_mode):
        named = (reason for is_kind, reason in _KINDS if is_kind(found.st_mode))
        raise NotAnImage(f"{next(named, 'it is something else')}, not an image file")
    if found.st_size == 0:
        raise NotAnImage("the file is empty")


def _open_nonblocking(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


class _file_errors:
    """Convert errors of the file system within the block to `UnreadableImage`."""

    def __init__(self, text: str, path: str) -> None:
        self._text = text
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, _traceback: Any) -> None:
        if isinstance(error, UnreadableImage):
            return
        if isinstance(error, UnicodeError):
            raise NotAnImage("it is no valid Unicode") from error
        if isinstance(error, OSError | ValueError):  # ValueError: a NUL character
            raise _explain(error, self._text, self._path) from error


def _explain(error: Exception, text: str, path: str) -> UnreadableImage:
    reason = describe_text(text)
    if reason is not None:
        return NotAnImage(reason)
    number = getattr(error, "errno", None)
    if number in _NOT_FOUND:
        folder = "" if os.path.isabs(text) else _folder_of(text, path)
        return ImageNotFound(f"there is no such file{folder}")
    reason = _FAULTS.get(number or 0) or getattr(error, "strerror", None)
    return UnreadableImage(reason or str(error))


def _folder_of(text: str, path: str) -> str:
    folder = os.path.abspath(path.removesuffix(text) or os.curdir)
    return f" in {shown(folder, 200)}"
