"""Encoded images: supported formats, limits of size and errors of decoders.

All image files of users and servers are opened here, by the image classifiers,
`load_products` and `download_images`. Pillow is imported with the first image.
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
from amzest.utils._image_cells import NotAnImage, UnreadableImage, describe_bytes
from amzest.utils._image_files import open_regular_file

if TYPE_CHECKING:
    from PIL import Image

#: Default of the largest number of pixels that are decoded.
MAX_PIXELS = 50_000_000
#: Supported formats by Pillow's name, and the suffix of their files. The header of each
#: has the size, so that it is known before any pixel is decoded. EPS and ICO are not
#: supported: Pillow passes EPS to Ghostscript, and decodes ICO when it opens the file.
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
#: Images with more pixels are decoded one at a time, to bound the memory.
_LARGE = 10_000_000
#: Longer files are not read: no image of `max_pixels` needs more bytes.
_MAX_BYTES_PER_PIXEL, _MIN_MAX_BYTES = 16, 2**26
_TIFF_TILE_SIZE = (322, 323)


class TooManyPixels(UnreadableImage):
    """An image that is too large; `size` is None if Pillow raised."""

    def __init__(self, reason: str, size: tuple[int, int] | None = None) -> None:
        super().__init__(reason)
        self.size = size


def check_pixels(size: tuple[int, int], max_pixels: int) -> None:
    """Raise if an image of this width and height is empty or too large."""
    width, height = size
    if not width or not height:
        raise UnreadableImage("it has no pixels")
    if width * height > max_pixels:
        reason = f"it has {width} x {height} pixels; `max_pixels` is {max_pixels}"
        raise TooManyPixels(reason, (width, height))


@contextlib.contextmanager
def open_image(source: bytes | Any, max_pixels: int) -> Iterator[Image.Image]:
    """Open encoded bytes or a file without decoding pixels; close it after the block.

    Whatever the file system or the decoder raises, also within the block, is an
    `UnreadableImage`.
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
    """Convert all errors of decoders within the block to `UnreadableImage`.

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
    """Return a context in which one thread at a time decodes a large image."""
    large = size[0] * size[1] > _LARGE
    return _large_image_lock if large else contextlib.nullcontext()


def load_given_image(image: Image.Image, max_pixels: int) -> None:
    """Load a PIL image of a user with the same checks as a file."""
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
        # One object may occur in several rows, and loading is not thread-safe.
        with _given_image_lock:
            image.load()


def quiet_pillow() -> AbstractContextManager[None]:
    """Return a context without Pillow's warnings, in all threads.

    They are about unusual metadata and many pixels; where warnings are errors, images
    would be unreadable. `warnings.catch_warnings` does not help: if two threads leave
    it in the order in which they entered, the filters of the second one remain.
    """
    return _warnings_filter


class _WarningsFilter:
    """One entry in the warning filters of the process while a thread needs it."""

    def __init__(self) -> None:
        self._lock = ForkSafeLock()
        # The comment distinguishes it from any entry of a user.
        module = re.compile(r"PIL\.(?#amzest)")
        self._entry = ("ignore", None, Warning, module, 0)
        self._n = 0
        self._lists: list[list[Any]] = []

    def __enter__(self) -> None:
        filters: Any = warnings.filters
        with self._lock:
            self._n += 1
            if not filters or filters[0] is not self._entry:
                # `filterwarnings` would reset the registry of warnings that were shown
                # once.
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


#: Held while a large image is decoded, and while an image of a user is loaded.
_large_image_lock, _given_image_lock = ForkSafeLock(), ForkSafeLock()
_warnings_filter = _WarningsFilter()


@functools.cache
def _available_formats() -> list[str]:
    """Import Pillow's plugins for `FORMATS`; return those that are installed."""
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
    """Return the error for a damaged image, or for a file that is not an image."""
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
        # A tile may be larger than a small image: 4096 x 4096 are always accepted.
        if width * height > max(max_pixels, 4096**2):
            reason = f"it has tiles of {width} x {height} pixels"
            raise TooManyPixels(f"{reason}; `max_pixels` is {max_pixels}")


def _reason(error: Exception) -> str:
    """Return the error of a decoder in a few words."""
    text = str(getattr(error, "strerror", None) or error).strip()
    # Without the path or buffer: our messages name the row and file.
    text = text.partition(" file '")[0].partition(" file <")[0]
    if not isinstance(error, OSError | ValueError | SyntaxError) or not text:
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return text if len(text) <= 160 else text[:157] + "..."
