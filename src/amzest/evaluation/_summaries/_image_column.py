"""Images of a column: which are missing or unreadable, their size and brightness."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.utils import (
    MAX_PIXELS,
    UnreadableImage,
    image_path,
    is_missing_image,
    open_image,
    plain_image_cell,
    quiet_pillow,
    require,
)

#: Images that are decoded.
_MAX_IMAGES = 1_000
#: Side of the square that images are fitted into for the brightness.
_SIDE = 32


@dataclass(frozen=True)
class ImageColumn:
    """Summary of a column of images.

    `n_decoded` of the non-missing images were decoded, or should have been;
    `brightness` (0 black, 1 white; fitted into a white square, as for a network) and
    `size` (square root of the number of pixels) are those of the readable ones.
    """

    n_rows: int
    n_missing: int
    n_decoded: int
    brightness: NDArray[np.float32]
    size: NDArray[np.float32]

    @property
    def n_unreadable(self) -> int:
        """Number of images that could not be decoded."""
        return self.n_decoded - len(self.size)


def summarize_images(
    column: pd.Series, root: Path | None, generator: np.random.Generator
) -> ImageColumn:
    """Summarize a sample of images: paths, bytes, PIL images or arrays."""
    require("PIL.Image", extra="image", purpose="The summary of an image column")
    present = [cell for cell in column if not is_missing_image(cell)]
    chosen = generator.permutation(len(present))[:_MAX_IMAGES]
    found = []
    with quiet_pillow():
        for place in np.sort(chosen):
            try:
                found.append(_measure(plain_image_cell(present[place]), root))
            except UnreadableImage:
                continue
    brightness, size = np.array(found, dtype=np.float32).reshape(-1, 2).T
    n_missing = len(column) - len(present)
    return ImageColumn(len(column), n_missing, len(chosen), brightness, size)


def _measure(cell: Any, root: Path | None) -> tuple[float, float]:
    """Return the brightness and the size of an image."""
    # Imports Pillow.
    from amzest.image._decoding import decode

    width, height = _width_and_height(cell, root)
    pixels = decode(cell, root, _SIDE)
    return float(pixels.mean() / 255), float(width * height) ** 0.5


def _width_and_height(cell: Any, root: Path | None) -> tuple[int, int]:
    if isinstance(cell, bytes | bytearray | memoryview | str | os.PathLike):
        source = image_path(cell, root) if isinstance(cell, str | os.PathLike) else cell
        with open_image(source, MAX_PIXELS) as image:
            return image.size
    if isinstance(cell, np.ndarray):
        return cell.shape[:2] if cell.ndim > 1 else (0, 0)
    return getattr(cell, "size", (0, 0))
