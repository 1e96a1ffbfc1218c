"""What a cell of an image column is: a file, bytes, or something else by its name."""

from __future__ import annotations

import base64
import binascii
import contextlib
import errno
import os
import re
import stat
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any

from amzest.utils._messages import shown
from amzest.utils._missing import is_missing

_URL = re.compile(r"\s*(?:[a-zA-Z][a-zA-Z0-9+.-]+://|(?:file|blob|mailto):)")
_URL_WITHOUT_SCHEME = re.compile(r"\s*//[\w-]+(?:\.[\w-]+)+/")
_LIST_START = re.compile(r"""\s*[\[{(]+\s*(?:b?["']|\w+://)""")
_LIST_END = re.compile(r".*[\])}]\s*", re.DOTALL)
_BYTES_START = re.compile(r"""\s*b["']""")
_BYTES_END = re.compile(r""".*["']\s*""", re.DOTALL)
_HEXADECIMAL = re.compile(r"(?:\\x|0[xX])?([0-9a-fA-F]{48,})")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{48,}={0,2}")
_STANDARD_BASE64 = str.maketrans("-_", "+/")
#: How files of images start.
_IMAGES = (
    (rb"\xff\xd8\xff", "a JPEG image"),
    (rb"\x89PNG\r\n\x1a\n", "a PNG image"),
    (rb"GIF8[79]a", "a GIF image"),
    (rb"RIFF....WEBP", "a WebP image"),
    (rb"....ftypavi[fs]", "an AVIF image"),
    (rb"....ftyp(?:hei|hev|mif1|msf1)", "a HEIC image; convert it to JPEG"),
    (rb"II[*+]\x00|MM\x00[*+]", "a TIFF image"),
    (rb"BM....\x00\x00\x00\x00", "a BMP image"),
    (rb"\x00\x00\x00\x0cjP  ", "a JPEG 2000 image"),
    (rb"\x00\x00\x00\x0cJXL ", "a JPEG XL image; convert it to PNG"),
    (rb"8BPS\x00[\x01\x02]", "a Photoshop document; export it as PNG"),
    (rb"\x00\x00[\x01\x02]\x00[^\x00]\x00", "an icon or cursor; convert it to PNG"),
)
#: How other files start that are found under the names of images.
_OTHERS = (
    (rb"\xff\x0a", "a JPEG XL image; convert it to PNG"),
    (rb"....ftyp", "a video"),
    (rb"%!PS|\xc5\xd0\xd3\xc6", "PostScript (EPS)"),
    (rb"%PDF", "a PDF document"),
    (rb"\xd7\xcd\xc6\x9a|\x01\x00\x00\x00.{36} EMF", "a Windows metafile"),
    (rb"version https://git-lfs", "a Git LFS pointer; run git lfs pull"),
    (rb"\x1f\x8b", "gzip-compressed data"),
    (rb"PK\x03\x04", "a ZIP archive"),
    (rb"(?:\xef\xbb\xbf)?\s*<(?:svg|.*<svg)", "an SVG drawing; convert it to PNG"),
    (rb"(?:\xef\xbb\xbf)?\s*<", "a page in HTML or XML"),
    (rb"(?:\xef\xbb\xbf)?\s*[{\[]\s*[\"'{\[\]}]", "JSON"),
    (rb"\x00{16}", "zeros"),
)
#: So many characters of a text are looked at.
_HEAD = 256
_DICT_KEYS = {"bytes", "path"}
#: In the name of Amazon's placeholder for a missing image: ".../icons/no-img-sm.gif".
_PLACEHOLDER = "no-img"
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


class UnreadableImage(ValueError):
    """The image is there but cannot be decoded; the message says why."""


class NotAnImage(UnreadableImage):
    """What is there is no image of a format that is decoded."""


class ImageNotFound(UnreadableImage):
    """The path leads to no file."""


def plain_image_cell(cell: Any) -> Any:
    """Take the image out of the dict that Hugging Face datasets hold.

    Parameters
    ----------
    cell : object
        One cell of an image column.

    Returns
    -------
    object
        Of ``{"bytes": ..., "path": ...}`` the bytes, or the path if there are none;
        None if there is neither. Any other cell as it is.
    """
    if not isinstance(cell, Mapping) or not cell or not cell.keys() <= _DICT_KEYS:
        return cell
    data, path = cell.get("bytes"), cell.get("path")
    if isinstance(data, bytes | bytearray | memoryview):
        return data if len(data) else path
    if not is_missing(data):
        return cell  # not what it looks like: reading says so
    return None if is_missing(path) else path


def is_missing_image(cell: Any) -> bool:
    """Return whether a cell is missing, empty or names Amazon's placeholder."""
    cell = plain_image_cell(cell)
    if isinstance(cell, str) and _PLACEHOLDER in cell.rpartition("/")[2]:
        return True
    return is_missing(cell) or (isinstance(cell, bytes | bytearray) and not cell)


def is_url(text: str) -> bool:
    """Tell whether a cell is the address of something on the web."""
    return _URL.match(text[:_HEAD]) is not None


def describe_text(text: str) -> str | None:
    """Say what a text is that is not the path of a file.

    Parameters
    ----------
    text : str
        A cell.

    Returns
    -------
    str or None
        A short clause with the remedy; None if the text may be a path.
    """
    if _is_data_url(text):
        return "it is a data: URL, not a path; decode it to bytes first"
    if is_url(text):
        return "it is a URL; download the images first"
    start, end = text[:_HEAD], text[-_HEAD:]
    if _URL_WITHOUT_SCHEME.match(start):
        return "it is a URL without its https:; download the images first"
    if "\0" in text:
        return "it holds a NUL character"
    if _BYTES_START.match(start) and _BYTES_END.fullmatch(end):
        return "it is bytes written as text; keep bytes in a Parquet table"
    if _LIST_START.match(start) and _LIST_END.fullmatch(end):
        return "it is a list or dict written as text; pass one image for each cell"
    if start.lstrip("\ufeff \t\r\n").startswith("<"):
        return "it is HTML, XML or SVG, not a path"
    return _describe_encoded(text)


def describe_bytes(head: bytes) -> str | None:
    """Say what a file or bytes are.

    Parameters
    ----------
    head : bytes
        The first bytes, 256 or so.

    Returns
    -------
    str or None
        Such as ``"a PDF document"``; None if that is not known.
    """
    return _starts_like(head, (*_IMAGES, *_OTHERS))


def image_path(cell: str | os.PathLike[str], root: Path | str | None) -> str:
    """Return the path of an image, and make sure that it leads to a file.

    Parameters
    ----------
    cell : str or path
        As a table holds it.

    root : path or None
        Folder that relative paths start from; None for the working directory.

    Returns
    -------
    str
        The path.

    Raises
    ------
    ImageNotFound
        If there is no file.
    UnreadableImage
        If the cell is no path, or leads to something that is not a file.
    """
    text = os.fspath(cell)
    if is_url(text) or _is_data_url(text):
        raise NotAnImage(str(describe_text(text)))
    path = text if root is None else os.path.join(root, text)
    with _file_errors(text, path):
        check_regular_file(os.stat(path))
    return path


def open_regular_file(path: str, max_bytes: int) -> BufferedReader:
    """Open a file for reading; never wait for somebody to write into a pipe.

    Parameters
    ----------
    path : str
        Path of the file.

    max_bytes : int
        Length of the longest file that is opened.

    Returns
    -------
    BufferedReader
        The open file.

    Raises
    ------
    ImageNotFound
        If there is no file.
    UnreadableImage
        If it is no regular file, empty, too long or may not be read.
    """
    with _file_errors(path, path):
        file = open(path, "rb", opener=_open_at_once)  # noqa: SIM115
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
    """Check that what a path leads to is a file that holds something.

    Parameters
    ----------
    found : os.stat_result
        What the file system says.

    Raises
    ------
    NotAnImage
        With what it is.
    """
    if not stat.S_ISREG(found.st_mode):
        named = (reason for is_kind, reason in _KINDS if is_kind(found.st_mode))
        raise NotAnImage(f"{next(named, 'it is something else')}, not an image file")
    if found.st_size == 0:
        raise NotAnImage("the file is empty")


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


class _file_errors:
    """Turn what the file system raises inside the block into `UnreadableImage`."""

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


def _is_data_url(text: str) -> bool:
    return text[:16].lstrip().lower().startswith("data:")


def _describe_encoded(text: str) -> str | None:
    """Tell base64 and hexadecimal text that holds an image."""
    start = "".join(text[:_HEAD].split())
    number = _HEXADECIMAL.match(start)
    with contextlib.suppress(ValueError, binascii.Error):
        if number is not None and _starts_like(bytes.fromhex(number[1][:48]), _IMAGES):
            return "it is hexadecimal text, not a path; decode it to bytes first"
        if _BASE64.fullmatch(start):
            head = base64.b64decode(start[:48].translate(_STANDARD_BASE64))
            if _starts_like(head, _IMAGES):
                return "it is base64 text, not a path; decode it to bytes first"
    return None


def _starts_like(head: bytes, kinds: tuple[tuple[bytes, str], ...]) -> str | None:
    for start, name in kinds:
        if re.match(start, head, re.DOTALL):
            return name
    return None
