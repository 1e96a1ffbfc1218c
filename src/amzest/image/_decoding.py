"""From one cell to one picture of the network's size."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

#: Modes that Pillow keeps in more than 8 bits a channel.
_DEEP_MODES = ("I", "I;16", "I;16B", "I;16L", "F")


class UnreadableImage(ValueError):
    """The picture is there but cannot be decoded; the message says why."""


class ImageNotFound(UnreadableImage):
    """The path leads nowhere."""


def decode(cell: Any, root: Path | None, size: int) -> NDArray[np.uint8]:
    """Decode a cell and fit it into a white square.

    Parameters
    ----------
    cell : str, Path, bytes, PIL image or ndarray
        A path, an encoded file or pixels. Not missing.

    root : Path or None
        Folder that relative paths start from; None for the working directory.

    size : int
        Height and width of the result in pixels.

    Returns
    -------
    ndarray of shape (size, size, 3), dtype uint8
        RGB in its own proportions; transparent parts and what is beside it are white.
        An array that has this form already is returned itself.

    Raises
    ------
    ImageNotFound
        When a path leads to no file.
    UnreadableImage
        When it cannot be decoded.
    """
    if isinstance(cell, np.ndarray):
        if cell.dtype == np.uint8 and cell.shape == (size, size, 3):
            return cell  # as it is, and not copied: tables of arrays are large
        image = Image.fromarray(_to_uint8(cell))
    elif isinstance(cell, Image.Image):
        image = cell
    else:
        image = _open(cell, root, size)
    try:
        rgb = _to_rgb(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UnreadableImage(str(error) or type(error).__name__) from error
    return np.asarray(_to_square(rgb, size), dtype=np.uint8)


def _open(cell: Any, root: Path | None, size: int) -> Image.Image:
    """Open an encoded picture; a large JPEG is decoded at a fraction of its size."""
    source: Any
    if isinstance(cell, bytes | bytearray | memoryview):
        source = io.BytesIO(cell)
    elif isinstance(cell, str | Path):
        text = str(cell)
        if text.startswith(("http://", "https://")):
            raise UnreadableImage("it is a URL; download the pictures first")
        source = Path(text) if root is None else root / text
        if not source.is_file():
            raise ImageNotFound("there is no such file")
    else:
        raise UnreadableImage(
            f"a {type(cell).__name__} is no image; expected a path, bytes, a PIL image "
            "or an array"
        )
    try:
        image = Image.open(source)
        image.draft("RGB", (2 * size, 2 * size))  # twice, for what resizing blurs
        image.load()
    except Image.UnidentifiedImageError as error:
        raise UnreadableImage("not an image file of a known format") from error
    except (
        OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError
    ) as error:  # fmt: skip
        raise UnreadableImage(str(error) or type(error).__name__) from error
    return image


def _to_rgb(image: Image.Image) -> Image.Image:
    """Turn upright, put transparency on white and convert to 8-bit RGB."""
    image = ImageOps.exif_transpose(image)
    if image.mode in _DEEP_MODES:
        return Image.fromarray(_deep_to_uint8(np.asarray(image))).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def _to_square(rgb: Image.Image, size: int) -> Image.Image:
    """Scale until the longer side fits, and centre on white."""
    if rgb.size == (size, size):
        return rgb
    scale = size / max(rgb.size)
    width, height = (max(1, round(side * scale)) for side in rgb.size)
    square = Image.new("RGB", (size, size), "white")
    scaled = rgb.resize((width, height), Image.Resampling.BILINEAR)
    square.paste(scaled, ((size - width) // 2, (size - height) // 2))
    return square


def _deep_to_uint8(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Bring 16-bit greys to 8 bits; leave what fits 8 bits as it is."""
    if pixels.max(initial=0) > 255:
        pixels = pixels / 257
    return np.clip(pixels, 0, 255).round().astype(np.uint8)


def _to_uint8(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Check an array of pixels and bring it to uint8 of a shape Pillow takes."""
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    grey = pixels.ndim == 2
    if (
        not (grey or (pixels.ndim == 3 and pixels.shape[2] in (3, 4)))
        or 0 in pixels.shape
    ):
        raise UnreadableImage(
            f"an array of shape {pixels.shape} is no image; expected (height, width), "
            "or (height, width, channels) with 1, 3 or 4 channels"
        )
    kind = pixels.dtype.kind
    if kind == "b":
        return pixels.astype(np.uint8) * np.uint8(255)
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels)
    if pixels.dtype == np.uint16:
        return (pixels / 257).round().astype(np.uint8)
    if kind not in "iuf":
        raise UnreadableImage(f"an array of dtype {pixels.dtype} is no image")
    low, high = pixels.min(), pixels.max()
    top = 1 if kind == "f" else 255
    if not (low >= 0 and high <= top):
        raise UnreadableImage(
            f"pixels of dtype {pixels.dtype} must lie between 0 and {top}, found "
            f"{low:g} to {high:g}; convert them to uint8"
        )
    return (pixels * (255 / top)).round().astype(np.uint8)
