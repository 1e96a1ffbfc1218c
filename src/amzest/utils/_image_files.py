"""Encoded images: which formats are decoded, how many pixels, and what can go wrong.

Everything that opens an image file of a user or of a server opens it here: the image
classifiers, `load_products` and `download_images`. Pillow is imported when the first
image is opened.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from amzest.utils._forking import ForkSafeLock
from amzest.utils._image_cells import (
    NotAnImage,
    UnreadableImage,
    describe_bytes,
    open_regular_file,
)

if TYPE_CHECKING:
    from PIL import Image

#: Largest number of pixels that is decoded, unless a caller passes another one.
MAX_PIXELS = 50_000_000
#: Formats that are decoded, by Pillow's name, and the suffix of their files. All are
#: decoded inside the process, and their header tells the size before any pixel is
#: decoded. Not so with EPS, which Pillow hands to Ghostscript, and ICO, which it
#: decodes while it opens the file.
FORMATS = {
    "AVIF": "avif",
    "BMP": "bmp",
    "GIF": "gif",
    "JPEG": "jpg",
    "JPEG2000": "jp2",
    "MPO": "jpg",
    "PNG": "png",
    "PPM": "pnm",
    "TIFF": "tiff",
    "WEBP": "webp",
}
_PLUGINS = (
    "Avif", "Bmp", "Gif", "Jpeg", "Jpeg2K", "Mpo", "Png", "Ppm", "Tiff", "WebP",
)  # fmt: skip
#: Of images with more pixels than this, one is decoded at a time, to bound the memory.
_LARGE = 10_000_000
#: A file is not read if it is longer than an image of this depth could be.
_MAX_BYTES_PER_PIXEL, _MIN_MAX_BYTES = 16, 2**26
_TIFF_TILE_SIZE = (322, 323)


class TooManyPixels(UnreadableImage):
    """The image has more pixels than are decoded; `size` is None if Pillow refused."""

    def __init__(self, reason: str, size: tuple[int, int] | None = None) -> None:
        super().__init__(reason)
        self.size = size


def check_pixels(size: tuple[int, int], max_pixels: int) -> None:
    """Check the size of an image before its pixels are decoded or converted.

    Parameters
    ----------
    size : tuple of (int, int)
        Width and height.

    max_pixels : int
        Largest product of both.

    Raises
    ------
    TooManyPixels
        If it is larger.
    UnreadableImage
        If it has no pixel at all.
    """
    width, height = size
    if not width or not height:
        raise UnreadableImage("it has no pixels")
    if width * height > max_pixels:
        reason = f"it has {width} x {height} pixels; `max_pixels` is {max_pixels}"
        raise TooManyPixels(reason, (width, height))


@contextlib.contextmanager
def open_image(source: bytes | Any, max_pixels: int) -> Iterator[Image.Image]:
    """Open an encoded image, of which no pixel is decoded yet, and close its file.

    Parameters
    ----------
    source : bytes-like or path
        An encoded image, or the path of its file.

    max_pixels : int
        Largest number of pixels.

    Yields
    ------
    PIL.Image.Image
        In one of `FORMATS`, small enough. It is to be loaded inside the block.

    Raises
    ------
    UnreadableImage
        For whatever the file system or the decoder raise, also inside the block.
    """
    with image_errors(), quiet_pillow(), _open_source(source, max_pixels) as file:
        from PIL import Image

        formats = _available_formats()
        try:
            image = Image.open(file, formats=formats)
        except Image.UnidentifiedImageError:
            file.seek(0)
            raise _unidentified(file.read(256), formats) from None
        check_pixels(image.size, max_pixels)
        _check_tiles(image, max_pixels)
        yield image


class image_errors:
    """Turn whatever a decoder raises inside the block into `UnreadableImage`.

    The reason is a short sentence, without the buffers and paths that decoders name.
    """

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, _traceback: Any) -> None:
        if error is None or isinstance(error, UnreadableImage):
            return
        if isinstance(error, MemoryError):
            raise UnreadableImage("there is not enough memory to decode it") from error
        if type(error).__name__ == "DecompressionBombError":
            raise TooManyPixels(str(error)) from error
        if isinstance(error, Exception):
            raise UnreadableImage(_reason(error)) from error


def bounded_memory(size: tuple[int, int]) -> AbstractContextManager[Any]:
    """Let one thread at a time decode a large image.

    Parameters
    ----------
    size : tuple of (int, int)
        Width and height that are decoded.

    Returns
    -------
    context manager
        Entered when it is this thread's turn.
    """
    large = size[0] * size[1] > _LARGE
    return _large_image_lock if large else contextlib.nullcontext()


def load_given_image(image: Image.Image, max_pixels: int) -> None:
    """Load a PIL image that a user opened, with the care that is taken of files.

    Parameters
    ----------
    image : PIL.Image.Image
        Loaded already or not.

    max_pixels : int
        Largest number of pixels.

    Raises
    ------
    UnreadableImage
        If it is not loaded and in none of `FORMATS`, is too large, or cannot be loaded.
    """
    with image_errors(), quiet_pillow():
        check_pixels(image.size, max_pixels)
        kind = getattr(image, "format", None)
        if getattr(image, "tile", None) and kind not in FORMATS:
            reason = (
                f"it is a PIL image of the format {kind}, which is not decoded here; "
                "call its load() first if you trust the file"
            )
            raise NotAnImage(reason)
        _check_tiles(image, max_pixels)
        # One object may be the cell of several rows, and loading is not thread-safe.
        with _given_image_lock:
            image.load()


def quiet_pillow() -> AbstractContextManager[None]:
    """Keep Pillow's warnings from surfacing, in all threads, while images are decoded.

    They are about odd metadata and many pixels; where warnings are errors they would
    make images unreadable. `warnings.catch_warnings` is no help: when two threads leave
    it in the order in which they entered, the filters of the second one stay.

    Returns
    -------
    context manager
        The warnings are off inside the block.
    """
    return _warnings_filter


class _WarningsFilter:
    """One entry in the filters of the process, there while anybody needs it."""

    def __init__(self) -> None:
        self._lock = ForkSafeLock()
        # The comment makes it different from any entry of a user.
        module = re.compile(r"PIL\.(?#amzest)")
        self._entry = ("ignore", None, Warning, module, 0)
        self._n = 0
        self._lists: list[list[Any]] = []

    def __enter__(self) -> None:
        filters: Any = warnings.filters
        with self._lock:
            self._n += 1
            if not filters or filters[0] is not self._entry:
                # Not by `filterwarnings`, which makes Python forget what it has warned
                # of once.
                filters.insert(0, self._entry)
                self._lists.append(filters)

    def __exit__(self, *_error: object) -> None:
        with self._lock:
            self._n -= 1
            if self._n == 0:
                current: Any = warnings.filters
                for filters in [*self._lists, current]:
                    while self._entry in filters:
                        filters.remove(self._entry)
                self._lists.clear()


#: Held while a large image is decoded, and while an image that a user opened is loaded.
_large_image_lock, _given_image_lock = ForkSafeLock(), ForkSafeLock()
_warnings_filter = _WarningsFilter()


@functools.cache
def _available_formats() -> list[str]:
    """Import Pillow's plugins for `FORMATS`; return those that this Pillow has."""
    from PIL import Image

    for plugin in _PLUGINS:
        with contextlib.suppress(ImportError):
            importlib.import_module(f"PIL.{plugin}ImagePlugin")
    return [name for name in FORMATS if name in Image.OPEN]


def _open_source(source: Any, max_pixels: int) -> Any:
    if isinstance(source, bytes | bytearray | memoryview):
        return io.BytesIO(source)
    return open_regular_file(
        source, max_bytes=max(_MAX_BYTES_PER_PIXEL * max_pixels, _MIN_MAX_BYTES)
    )


def _unidentified(head: bytes, formats: list[str]) -> UnreadableImage:
    """Tell a damaged image from a file that is none."""
    from PIL import Image

    for name in formats:
        accept = Image.OPEN[name][1]
        if accept is not None and accept(head[:16]):
            return UnreadableImage(f"its {name} header is damaged or not supported")
    found = describe_bytes(head)
    return NotAnImage(
        "not an image file of a known format" + (f", but {found}" if found else "")
    )


def _check_tiles(image: Image.Image, max_pixels: int) -> None:
    """Check the tiles of a TIFF file, which may be larger than the image."""
    tags: Any = getattr(image, "tag_v2", None)
    if tags is not None and all(tag in tags for tag in _TIFF_TILE_SIZE):
        width, height = (tags[tag] for tag in _TIFF_TILE_SIZE)
        # One tile may cover an image that is smaller than it.
        if width * height > max(max_pixels, 4096**2):
            reason = f"it has tiles of {width} x {height} pixels"
            raise TooManyPixels(f"{reason}; `max_pixels` is {max_pixels}")


def _reason(error: Exception) -> str:
    """Say in a few words what a decoder raised."""
    text = str(getattr(error, "strerror", None) or error).strip()
    # Without the path or buffer, which the message names anyhow.
    text = text.partition(" file '")[0].partition(" file <")[0]
    if not isinstance(error, OSError | ValueError | SyntaxError) or not text:
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return text if len(text) <= 160 else text[:157] + "..."
