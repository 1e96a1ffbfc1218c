"""From a cell to an RGB image of the size that a network expects."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from amzest.utils import (
    MAX_PIXELS,
    ImageNotFound,
    UnreadableImage,
    bounded_memory,
    check_pixels,
    image_errors,
    image_path,
    load_given_image,
    open_image,
    plain_image_cell,
)

__all__ = ["ImageNotFound", "UnreadableImage", "decode"]

#: Modes of Pillow with more than 8 bits per channel.
_DEEP_MODES = ("I", "I;16", "I;16B", "I;16L", "I;16N", "F")
#: Formats whose grey pixels of mode "I" Pillow has scaled to 16 bits.
_SIXTEEN_BITS = ("PNG", "PPM")
_TIFF_BITS_PER_SAMPLE = 258
#: Tag of the orientation in Exif (CIPA DC-008), and how an image of each orientation is
#: turned upright, as in `PIL.ImageOps.exif_transpose`.
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
#: Pixels that are converted to float32 at a time, to bound the memory.
_BLOCK = 2**20


def decode(
    cell: Any, root: Path | None, size: int, max_pixels: int = MAX_PIXELS
) -> NDArray[np.uint8]:
    """Decode a cell and fit it into a white square of shape (size, size, 3).

    An array that has this form already is returned itself. Raises `ImageNotFound` if a
    path leads to no file, `UnreadableImage` if the cell cannot be decoded.
    """
    cell = plain_image_cell(cell)
    if (
        isinstance(cell, np.ndarray)
        and cell.dtype == np.uint8
        and cell.shape == (size, size, 3)
    ):
        return cell  # not copied: tables of arrays are large
    with _opened(cell, root, size, max_pixels) as image, bounded_memory(image.size):
        image.load()
        return np.asarray(_to_square(_to_rgb(image), size), dtype=np.uint8)


@contextlib.contextmanager
def _opened(
    cell: Any, root: Path | None, size: int, max_pixels: int
) -> Iterator[Image.Image]:
    """Open a cell of any kind; errors within the block are those of its image."""
    if isinstance(cell, bytes | bytearray | memoryview | str | os.PathLike):
        source = image_path(cell, root) if isinstance(cell, str | os.PathLike) else cell
        with open_image(source, max_pixels) as image:
            # libjpeg decodes a large JPEG at 1/2, 1/4 or 1/8 of its size, with fewer
            # coefficients of the cosine transform. At least twice the size that is
            # needed is kept, since resizing blurs.
            image.draft("RGB", (2 * size, 2 * size))
            yield image
        return
    with image_errors():
        if isinstance(cell, np.ndarray):
            pixels = _check_shape(np.asarray(cell))
            check_pixels((pixels.shape[1], pixels.shape[0]), max_pixels)
            yield Image.fromarray(_to_uint8(pixels))
        elif isinstance(cell, Image.Image):
            load_given_image(cell, max_pixels)
            yield cell
        else:
            raise UnreadableImage(_describe_kind(cell))


def _describe_kind(cell: Any) -> str:
    if isinstance(cell, dict):
        return (
            'a dict is an image only as {"bytes": ..., "path": ...}, with the bytes of '
            "an image file or its path"
        )
    return (
        f"a {type(cell).__name__} is not an image; expected a path, bytes, a PIL image "
        "or an array"
    )


def _to_rgb(image: Image.Image) -> Image.Image:
    """Turn an image upright, composite it on white and convert it to 8-bit RGB."""
    if image.mode in _DEEP_MODES:
        image = _deep_to_grey(image)
    image = _turn_upright(image)
    if image.has_transparency_data:
        # The "over" operator of Porter and Duff (1984), Compositing Digital Images.
        image = _with_alpha(image)
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def _turn_upright(image: Image.Image) -> Image.Image:
    """Apply the orientation in the Exif data; damaged data are ignored."""
    orientation: Any = 1
    with contextlib.suppress(Exception):
        orientation = image.getexif().get(_ORIENTATION, 1)
    method = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return image if method is None else image.transpose(method)


def _with_alpha(image: Image.Image) -> Image.Image:
    """Convert to RGBA."""
    if image.mode == "La":  # Pillow cannot convert premultiplied alpha to RGBA
        image = image.convert("LA")
    color = image.info.get("transparency")
    if image.mode == "RGB" and isinstance(color, tuple) and max(color) > 255:
        # In a PNG of 16 bits, Pillow has reduced the pixels to 8 bits, not this colour.
        image = image.copy()
        image.info["transparency"] = tuple(value >> 8 for value in color)
    return image.convert("RGBA")


def _deep_to_grey(image: Image.Image) -> Image.Image:
    """Convert grey pixels of more than 8 bits to 8, by the rule for arrays."""
    deep = np.asarray(image)
    pixels = deep
    if image.mode == "I" and image.format in _SIXTEEN_BITS:
        pixels = deep.astype(np.uint16)
    elif image.mode.startswith("I;16") and _bits_of_tiff(image) == 12:
        pixels = deep << 4  # Pillow does not scale 12 bits to 16
    grey = Image.fromarray(_to_uint8(pixels))
    grey.info = {key: image.info[key] for key in ("exif", "xmp") if key in image.info}
    transparent = image.info.get("transparency")
    if isinstance(transparent, int | float):
        grey.putalpha(Image.fromarray((deep != transparent).astype(np.uint8) * 255))
    return grey


def _bits_of_tiff(image: Image.Image) -> Any:
    tags: Any = getattr(image, "tag_v2", {})
    return next(iter(tags.get(_TIFF_BITS_PER_SAMPLE, ())), None)


def _to_square(rgb: Image.Image, size: int) -> Image.Image:
    """Scale until the longer side fits, and centre on white (letterboxing)."""
    if rgb.size == (size, size):
        return rgb
    scale = size / max(rgb.size)
    width, height = (max(1, round(side * scale)) for side in rgb.size)
    square = Image.new("RGB", (size, size), "white")
    scaled = rgb.resize((width, height), Image.Resampling.BILINEAR)
    square.paste(scaled, ((size - width) // 2, (size - height) // 2))
    return square


def _check_shape(pixels: NDArray[Any]) -> NDArray[Any]:
    """Validate the shape of an array of pixels; drop the axis of a single channel."""
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    grey = pixels.ndim == 2
    if (
        not (grey or (pixels.ndim == 3 and pixels.shape[2] in (3, 4)))
        or 0 in pixels.shape
    ):
        raise UnreadableImage(
            f"an array of shape {pixels.shape} is not an image; expected (height, "
            "width), or (height, width, channels) with 1, 3 or 4 channels"
        )
    return pixels


def _to_uint8(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Convert pixels of arrays and files to 8 bits by their dtype.

    Of unsigned 16 bits the upper 8 are kept, as Pillow does for colours; floats range
    from 0 to 1, all other integers from 0 to 255.
    """
    kind, n_bytes = pixels.dtype.kind, pixels.dtype.itemsize
    if kind not in "biuf":
        raise UnreadableImage(f"an array of dtype {pixels.dtype} is not an image")
    if kind == "b":
        return np.where(pixels, np.uint8(255), np.uint8(0))
    if kind == "u" and n_bytes == 1:
        return np.ascontiguousarray(pixels)
    if kind == "u" and n_bytes == 2:
        return (pixels >> 8).astype(np.uint8)
    low, high = pixels.min(), pixels.max()
    top = 1 if kind == "f" else 255
    if not (low >= 0 and high <= top):
        found = f"{low:g} to {high:g}" if low <= high else "NaN"
        raise UnreadableImage(
            f"pixels of dtype {pixels.dtype} must lie between 0 and {top}, found "
            f"{found}; convert them to uint8"
        )
    if kind != "f":
        return pixels.astype(np.uint8)
    scaled = np.empty(pixels.shape, dtype=np.uint8)
    n_rows = max(1, _BLOCK // pixels.shape[1])
    for top_row in range(0, len(pixels), n_rows):
        block = pixels[top_row : top_row + n_rows].astype(np.float32) * 255
        scaled[top_row : top_row + n_rows] = block.round()
    return scaled
