"""Cells of an image column: missing, the path of a file, encoded or something else."""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from amzest.utils._cells import is_missing
from amzest.utils._image_references import ImageReference

_URL = re.compile(r"\s*(?:[a-zA-Z][a-zA-Z0-9+.-]+://|(?:file|blob|mailto):)")
_URL_WITHOUT_SCHEME = re.compile(r"\s*//[\w-]+(?:\.[\w-]+)+/")
_LIST_START = re.compile(r"""\s*[\[{(]+\s*(?:b?["']|\w+://)""")
_LIST_END = re.compile(r".*[\])}]\s*", re.DOTALL)
_BYTES_START = re.compile(r"""\s*b["']""")
_BYTES_END = re.compile(r""".*["']\s*""", re.DOTALL)
_HEXADECIMAL = re.compile(r"(?:\\x|0[xX])?([0-9a-fA-F]{48,})")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{48,}={0,2}")
_STANDARD_BASE64 = str.maketrans("-_", "+/")
#: Ends of the paths of image files, of the formats that can be decoded.
_IMAGE_SUFFIX = re.compile(
    r"\.(avif|bmp|gif|jpe?g|jfif|jp2|mpo|png|p[bgnp]m|tiff?|webp)\s*$", re.IGNORECASE
)
#: First bytes of image files.
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
#: First bytes of other files that occur under the names of images.
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
#: Number of characters of a text that are examined.
_HEAD = 256
_DICT_KEYS = {"bytes", "path"}
#: In the name of Amazon's placeholder for a missing image: ".../icons/no-img-sm.gif".
_PLACEHOLDER = "no-img"


class UnreadableImage(ValueError):
    """An image that cannot be decoded; the message is the reason."""


class NotAnImage(UnreadableImage):
    """A cell or file that is not an image of a supported format."""


class ImageNotFound(UnreadableImage):
    """A path to no file."""


def plain_image_cell(cell: Any) -> Any:
    """Return the bytes or the path in a dict of Hugging Face datasets.

    Of a reference, the bytes that it leads to are read.
    """
    if isinstance(cell, ImageReference):
        return cell.read()
    if not isinstance(cell, Mapping) or not cell or not cell.keys() <= _DICT_KEYS:
        return cell
    data, path = cell.get("bytes"), cell.get("path")
    if isinstance(data, bytes | bytearray | memoryview):
        return data if len(data) else path
    if not is_missing(data):
        return cell  # an error when it is decoded
    return None if is_missing(path) else path


def is_missing_image(cell: Any) -> bool:
    """Return whether a cell is missing, empty or names Amazon's placeholder."""
    if isinstance(cell, ImageReference):
        return False
    cell = plain_image_cell(cell)
    if isinstance(cell, str) and _PLACEHOLDER in cell.rpartition("/")[2]:
        return True
    return is_missing(cell) or (isinstance(cell, bytes | bytearray) and not cell)


def is_image_path(text: str) -> bool:
    """Return whether a text ends as the path of an image file."""
    return _IMAGE_SUFFIX.search(text) is not None


def may_be_image(cell: Any) -> bool:
    """Return whether a plain cell may be an image or the path of one, by its type.

    Bytes and paths of `pathlib` are not opened, and a text is judged by its suffix.
    """
    if isinstance(cell, str):
        return is_image_path(cell)
    if isinstance(cell, bytes | bytearray | memoryview | os.PathLike):
        return True
    if isinstance(cell, np.ndarray):
        return cell.ndim in (2, 3) and cell.dtype.kind in "biuf"
    return hasattr(cell, "getpixel")  # of PIL


def is_url(text: str) -> bool:
    """Return whether a cell is the address of a web page or image."""
    return _URL.match(text[:_HEAD]) is not None


def describe_text(text: str) -> str | None:
    """Return why a text is not a path, with the remedy; None if it may be a path."""
    if is_data_url(text):
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
    """Return what a file or bytes are by their first 256 bytes; None if unknown."""
    return _starts_like(head, (*_IMAGES, *_OTHERS))


def is_data_url(text: str) -> bool:
    return text[:16].lstrip().lower().startswith("data:")


def _describe_encoded(text: str) -> str | None:
    """Recognise base64 and hexadecimal text of an image."""
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
