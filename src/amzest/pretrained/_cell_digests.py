"""Digests of the content of cells: what identifies a text or an image in a cache."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Hashable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from amzest.image._cells import image_key
from amzest.utils import (
    CACHE,
    MAX_PIXELS,
    ImageReference,
    UnreadableImage,
    image_path,
    load_given_image,
    plain_image_cell,
)
from amzest.utils._image_files import open_regular_file

_DIGEST_SIZE = 20
#: Bytes of a file that are read at a time.
_BLOCK = 2**20
#: Bytes of the key and the digest of a file in the cache.
_ENTRY_BYTES = 600
#: Number of the orientation in Exif data.
_ORIENTATION = 0x0112


def text_digest(text: str) -> bytes:
    """Return a digest of a text."""
    data = text.encode("utf-8", "surrogatepass")
    return blake2b(data, digest_size=_DIGEST_SIZE).digest()


def image_digest(
    cell: Any, root: Path | None, max_pixels: int = MAX_PIXELS
) -> bytes | None:
    """Return a digest of the content of an image cell, without decoding a file.

    It is the digest of the bytes of a file, wherever the file is, or of the pixels of
    an array or a PIL image. None if the cell is none of these or cannot be read; the
    error that decoding raises explains it.
    """
    if isinstance(cell, ImageReference):
        return _reference_digest(cell)
    cell = plain_image_cell(cell)
    if isinstance(cell, bytes | bytearray | memoryview):
        return _digest("file", cell)
    if isinstance(cell, str | os.PathLike):
        return _file_digest(cell, root)
    if isinstance(cell, np.ndarray):
        if cell.dtype.hasobject:
            return None
        return _digest(f"array {cell.dtype.str} {cell.shape}", cell.tobytes())
    return _pil_digest(cell, max_pixels)


def _file_digest(cell: str | os.PathLike[str], root: Path | None) -> bytes | None:
    """Read a file, unless it has not changed since this process has read it."""
    key: Hashable | None = image_key(cell, root, 0)
    if key is None:
        return None
    known: bytes | None = CACHE.get(("image digest", key))
    if known is not None:
        return known
    state = blake2b(b"file", digest_size=_DIGEST_SIZE)
    try:
        with open_regular_file(image_path(cell, root), 2**62) as file:
            while block := file.read(_BLOCK):
                state.update(block)
    except (UnreadableImage, OSError):
        return None
    if image_key(cell, root, 0) == key:  # not changed meanwhile
        CACHE.put(("image digest", key), state.digest(), _ENTRY_BYTES)
    return state.digest()


def _reference_digest(cell: ImageReference) -> bytes | None:
    """Read an image within a larger file, once in this process."""
    key: Hashable = ("image digest", cell.key)
    known: bytes | None = CACHE.get(key)
    if known is not None:
        return known
    try:
        digest = _digest("file", cell.read())
    except UnreadableImage:
        return None
    CACHE.put(key, digest, _ENTRY_BYTES)
    return digest


def _pil_digest(image: Any, max_pixels: int) -> bytes | None:
    """Return a digest of pixels and of what else their colours depend on."""
    from PIL import Image

    if not isinstance(image, Image.Image):
        return None
    try:
        load_given_image(image, max_pixels)
    except UnreadableImage:
        return None
    palette = image.getpalette("RGBA") if image.mode in ("P", "PA") else None
    orientation: Any = None
    with contextlib.suppress(Exception):  # damaged data, which decoding ignores
        orientation = image.getexif().get(_ORIENTATION)
    # Pillow scales the pixels of some formats.
    kind = image.mode, image.size, image.format, orientation
    transparency = image.info.get("transparency")
    return _digest(f"PIL {kind!r} {transparency!r} {palette!r}", image.tobytes())


def _digest(kind: str, data: Any) -> bytes:
    state = blake2b(kind.encode(), digest_size=_DIGEST_SIZE)
    view = memoryview(data)
    state.update(view if view.contiguous else view.tobytes())
    return state.digest()
