"""All pictures of a table, decoded once and kept as bytes."""

from __future__ import annotations

import os
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from amzest.image._augmentation import augment
from amzest.image._cells import is_missing_image
from amzest.image._decoding import ImageNotFound, UnreadableImage, decode
from amzest.utils import describe_rows

_ROWS_PER_TASK = 64


class DecodedImages:
    """Pictures of one size as uint8, handed out in batches.

    Parameters
    ----------
    pixels : ndarray of shape (n_pictures, size, size, 3), dtype uint8
        The pictures, in memory or mapped from a file.

    place : ndarray of shape (n_rows,), dtype intp
        Where in `pixels` the picture of each row is; -1 where a row has none.

    augmentation : bool
        Whether training batches are varied, and the mirror image is a second view.
    """

    sizes: NDArray[np.intp] | None = None

    def __init__(
        self,
        pixels: NDArray[np.uint8],
        place: NDArray[np.intp],
        augmentation: bool,
    ) -> None:
        self.pixels = pixels
        self.place = place
        self.augmentation = augmentation
        self.n_views = 2 if augmentation else 1
        self.present = place >= 0

    def __len__(self) -> int:
        return len(self.place)

    def batch(
        self,
        rows: NDArray[np.intp],
        rng: np.random.Generator | None = None,
        view: int = 0,
    ) -> NDArray[np.float32]:
        """Return pictures as floats from 0 to 255, varied in training."""
        pixels = self.pixels[self.place[rows]]
        if rng is not None and self.augmentation:
            return augment(pixels, rng)
        return (pixels[:, :, ::-1] if view else pixels).astype(np.float32)


def decode_column(
    cells: NDArray[np.object_],
    *,
    name: str,
    size: int,
    root: Path | None,
    on_error: Literal["raise", "missing"],
    max_memory: int,
    augmentation: bool,
    reader: str,
) -> DecodedImages:
    """Decode a column of pictures.

    Parameters
    ----------
    cells : ndarray of shape (n_rows,), dtype object
        Paths, bytes, PIL images, arrays or missing values.

    name : str
        Name of the column, for messages.

    size : int
        Height and width in pixels.

    root : Path or None
        Folder that relative paths start from.

    on_error : {"raise", "missing"}
        What to do about a picture that is there but cannot be decoded.

    max_memory : int
        Bytes of decoded pictures that are kept in memory; more are written to an
        unnamed file in the folder for temporary files and mapped from there.

    augmentation : bool
        Whether training batches are varied.

    reader : str
        Class that reads, for warnings.

    Returns
    -------
    DecodedImages
        The pictures.

    Raises
    ------
    ValueError
        When a picture cannot be decoded and `on_error` is "raise"; names row and file.
    """
    rows = np.flatnonzero([not is_missing_image(cell) for cell in cells])
    pixels = _allocate((len(rows), size, size, 3), max_memory)
    not_found: list[int] = []  # places in `rows`
    unreadable: list[int] = []

    def read(places: NDArray[np.intp]) -> list[tuple[int, UnreadableImage]]:
        failures = []
        for place in places:
            try:
                pixels[place] = decode(cells[rows[place]], root, size)
            except UnreadableImage as error:
                failures.append((int(place), error))
        return failures

    tasks = np.array_split(np.arange(len(rows)), max(1, len(rows) // _ROWS_PER_TASK))
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for failures in pool.map(read, tasks):
            for place, error in failures:
                row = int(rows[place])
                if isinstance(error, ImageNotFound):
                    not_found.append(place)
                elif on_error == "missing":
                    unreadable.append(place)
                else:
                    raise ValueError(
                        f"`{name}` row {row} ({_shown(cells[row])}): cannot be decoded "
                        f'as an image ({error}). Pass on_error="missing" to treat such '
                        "rows as having no image."
                    ) from error
    for lost, what in (
        (rows[not_found], "lead to no file"),
        (rows[unreadable], "cannot be decoded"),
    ):
        if len(lost):
            warnings.warn(
                f"{reader}: {len(lost)} of {len(cells)} images in `{name}` {what} "
                f"and are treated as missing: {describe_rows(lost)} (first: "
                f"{_shown(cells[lost[0]])}).",
                UserWarning,
                stacklevel=2,
            )
    where = np.full(len(cells), -1, dtype=np.intp)
    where[rows] = np.arange(len(rows))
    where[rows[not_found + unreadable]] = -1
    return DecodedImages(pixels, where, augmentation)


def _allocate(shape: tuple[int, ...], max_memory: int) -> NDArray[np.uint8]:
    """Make room for pictures: in memory, or in a file that vanishes with the array."""
    if np.prod(shape, dtype=np.int64) <= max_memory:
        return np.empty(shape, dtype=np.uint8)
    with tempfile.TemporaryFile(prefix="amzest-images-") as file:
        return np.memmap(file, dtype=np.uint8, mode="w+", shape=shape)


def _shown(cell: Any) -> str:
    """Write a cell for a message, shortened."""
    if isinstance(cell, bytes | bytearray | memoryview):
        return f"{len(cell)} bytes"
    if isinstance(cell, np.ndarray):
        return f"array of shape {cell.shape}"
    text = f'"{cell}"' if isinstance(cell, str | Path) else repr(cell)
    return text if len(text) <= 80 else text[:77] + "..."
