"""All pictures of a table, decoded once and kept as bytes."""

from __future__ import annotations

import os
import warnings
from collections.abc import Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from amzest.image._augmentation import augment
from amzest.image._decoding import ImageNotFound, UnreadableImage, decode
from amzest.image._photo_cache import (
    IN_MEMORY,
    MAX_STORED_BYTES,
    STORED,
    Photo,
    PhotoFile,
    photo_key,
    pixels_of,
)
from amzest.utils import (
    MAX_PIXELS,
    available_threads,
    describe_rows,
    is_missing_image,
    plain_image_cell,
    quiet_pillow,
    shown,
)

_ROWS_PER_TASK, _MAX_THREADS = 64, 4


class DecodedImages:
    """Pictures of one size as uint8, handed out in batches.

    Parameters
    ----------
    pictures : list of (ndarray of shape (size, size, 3), dtype uint8, or StoredPhoto)
        The picture of each row, in memory or in a file; None where a row has none. They
        are shared and never written to.

    augmentation : bool
        Whether training batches are varied, and the mirror image is a second view.

    absence : str, default="every cell is missing or blank."
        Why rows have no picture, for the error when none has.
    """

    sizes: NDArray[np.intp] | None = None

    def __init__(
        self,
        pictures: list[Photo | None],
        augmentation: bool,
        absence: str = "every cell is missing or blank.",
    ) -> None:
        self.pictures = pictures
        self.augmentation = augmentation
        self.absence = absence
        self.n_views = 2 if augmentation else 1
        self.present = np.array([picture is not None for picture in pictures])

    def __len__(self) -> int:
        return len(self.pictures)

    def batch(
        self,
        rows: NDArray[np.intp],
        rng: np.random.Generator | None = None,
        view: int = 0,
    ) -> NDArray[np.float32]:
        """Return pictures as floats from 0 to 255, varied in training."""
        photos: list[Any] = [self.pictures[row] for row in rows]
        pixels = np.stack([pixels_of(photo) for photo in photos])
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
    max_pixels: int = MAX_PIXELS,
) -> DecodedImages:
    """Decode a column of pictures, each file once in a process where memory allows.

    Parameters
    ----------
    cells : ndarray of shape (n_rows,), dtype object
        Paths, bytes, PIL images, arrays, dicts of bytes and path, or missing values.

    name : str
        Name of the column, for messages.

    size : int
        Height and width in pixels.

    root : Path or None
        Folder that relative paths start from.

    on_error : {"raise", "missing"}
        What to do about a picture that is there but cannot be decoded.

    max_memory : int
        Bytes of decoded pictures that are kept in memory, those of this column and
        those of earlier ones together. Earlier ones make room; if that is not enough,
        new ones are written to an unnamed file in the folder for temporary files and
        read from there, batch by batch.

    augmentation : bool
        Whether training batches are varied.

    reader : str
        Class that reads, for warnings.

    max_pixels : int, default=50000000
        Width times height of the largest image that is decoded.

    Returns
    -------
    DecodedImages
        The pictures.

    Raises
    ------
    ValueError
        When a picture cannot be decoded and `on_error` is "raise"; names row and file.
    """
    cells = _plain_cells(cells)
    pictures: list[Photo | None] = [None] * len(cells)
    keys: dict[int, Hashable | None] = {}  # of rows that are not decoded yet
    n_held = 0
    for row, cell in enumerate(cells):
        if is_missing_image(cell):
            continue
        key = photo_key(cell, root, size, max_pixels)
        if key is not None:
            pictures[row] = IN_MEMORY.get(key)
            if pictures[row] is not None:
                n_held += 1
            else:
                pictures[row] = STORED.get(key)
        if pictures[row] is None:
            keys[row] = key
    not_found: list[int] = []
    unreadable: list[int] = []
    with quiet_pillow():
        for row, error in _decode_rows(
            cells, pictures, keys, n_held, size, root, max_memory, max_pixels
        ):
            if isinstance(error, ImageNotFound):
                not_found.append(row)
            elif on_error == "missing":
                unreadable.append(row)
            else:
                raise ValueError(
                    f"`{name}` row {row} ({_shown(cells[row])}): cannot be decoded as "
                    f'an image ({error}). Pass on_error="missing" to treat such rows '
                    "as having no image."
                ) from error
    absence = []
    for lost, what, advice in (
        (not_found, "lead to no file", _advise(cells, not_found, root)),
        (unreadable, "cannot be decoded", ""),
    ):
        if lost:
            count = f"{len(lost)} of {len(cells)} images in `{name}` {what}"
            first = f"{_shown(cells[lost[0]])}{advice}"
            absence.append(f"{count} (first: {first}).")
            warnings.warn(
                f"{reader}: {count} and are treated as missing: "
                f"{describe_rows(np.array(lost))} (first: {first}).",
                UserWarning,
                stacklevel=2,
            )
    if not absence:
        return DecodedImages(pictures, augmentation)
    return DecodedImages(pictures, augmentation, " ".join(absence))


def _plain_cells(cells: NDArray[np.object_]) -> NDArray[np.object_]:
    """Take images out of the dicts of Hugging Face datasets; other cells stay."""
    if not any(isinstance(cell, dict) for cell in cells):
        return cells
    plain = np.empty(len(cells), dtype=object)
    for row, cell in enumerate(cells):
        plain[row] = plain_image_cell(cell)
    return plain


def _advise(cells: NDArray[np.object_], not_found: list[int], root: Path | None) -> str:
    """Name the folder that relative paths were looked for in."""
    if all(os.path.isabs(cells[row]) for row in not_found):
        return ""
    folder = os.path.abspath(os.curdir if root is None else root)
    return f", below {shown(folder, 200)}; pass image_root= the folder of these paths"


def _decode_rows(
    cells: NDArray[np.object_],
    pictures: list[Photo | None],
    keys: dict[int, Hashable | None],
    n_held: int,
    size: int,
    root: Path | None,
    max_memory: int,
    max_pixels: int,
) -> Iterator[tuple[int, UnreadableImage]]:
    """Fill in pictures that are still to be decoded; yield the rows that failed."""
    n_bytes = 3 * size**2
    in_file = (n_held + len(keys)) * n_bytes > max_memory
    IN_MEMORY.shrink(max_memory - (0 if in_file else len(keys) * n_bytes))
    rows = np.array(list(keys), dtype=np.intp)
    file = PhotoFile((size, size, 3)) if in_file and keys else None

    def read(places: NDArray[np.intp]) -> list[tuple[int, UnreadableImage]]:
        failures = []
        for place in places:
            row = int(rows[place])
            try:
                pixels = decode(cells[row], root, size, max_pixels)
            except UnreadableImage as error:
                # Without the frames that raised it, which hold the image.
                error.__traceback__ = error.__cause__ = error.__context__ = None
                failures.append((row, error))
                continue
            photo: Photo = pixels
            if file is not None and pixels is not cells[row]:
                photo = file.write(int(place), pixels)
            pictures[row] = photo
            if keys[row] is not None:
                (IN_MEMORY if file is None else STORED).put(keys[row], photo)
        return failures

    tasks = np.array_split(np.arange(len(rows)), -(-len(rows) // _ROWS_PER_TASK) or 1)
    n_threads = min(_MAX_THREADS, available_threads(), len(tasks))
    if n_threads == 1:  # one product: a thread costs more than its photo
        for places in tasks:
            yield from read(places)
    else:
        with ThreadPoolExecutor(n_threads) as pool:
            for failures in pool.map(read, tasks):
                yield from failures
    STORED.shrink(MAX_STORED_BYTES)


def _shown(cell: Any) -> str:
    """Write a cell for a message, shortened."""
    if not isinstance(cell, str | os.PathLike):
        return shown(cell)
    text = str(cell)
    return f'"{text}"' if len(text) <= 78 else f'"{text[:75]}..."'
