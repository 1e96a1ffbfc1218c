"""All images of a column: decoded once, kept as bytes and returned in batches."""

from __future__ import annotations

import os
import warnings
from collections.abc import Hashable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.image._augmentation import augment
from amzest.image._cells import image_key, reading_order
from amzest.image._decoding import ImageNotFound, UnreadableImage, decode
from amzest.image._image_store import open_store
from amzest.image._pixel_file import DecodedImage, PixelFile, pixels_of
from amzest.image._shared_decoding import share_images
from amzest.neural import map_in_threads
from amzest.utils import (
    CACHE,
    CACHE_ON_DISK,
    MAX_PIXELS,
    ImageReference,
    available_threads,
    describe_rows,
    is_missing_image,
    object_array,
    plain_image_cell,
    quiet_pillow,
    shown,
)

#: Rows of one task of the thread pool, fewer for images within larger files, whose
#: threads should read from near places; and the largest number of threads.
_ROWS_PER_TASK, _REFERENCES_PER_TASK, _MAX_THREADS = 64, 8, 4


class DecodedImages:
    """Images of shape (size, size, 3) in memory or in a file, None where missing.

    With `augmentation`, training batches are augmented and the mirror image is a second
    view. `absence` is the reason of missing images, for the error if all are missing.
    """

    sizes: NDArray[np.intp] | None = None

    def __init__(
        self,
        images: list[DecodedImage | None],
        augmentation: bool,
        absence: str = "every cell is missing or blank.",
    ) -> None:
        self.images = images
        self.augmentation = augmentation
        self.absence = absence
        self.n_views = 2 if augmentation else 1
        self.present = np.array([image is not None for image in images])

    def __len__(self) -> int:
        return len(self.images)

    def group_copies(self) -> NDArray[np.intp]:
        """Return a number for each sample, the same for images of equal pixels."""
        digests: list[Hashable] = [
            row
            if image is None
            else blake2b(pixels_of(image).tobytes(), digest_size=16).digest()
            for row, image in enumerate(self.images)
        ]
        return pd.factorize(object_array(digests))[0]

    def batch(
        self,
        rows: NDArray[np.intp],
        rng: np.random.Generator | None = None,
        view: int = 0,
    ) -> NDArray[np.float32]:
        """Return non-missing images as floats from 0 to 255; augment them if `rng`."""
        images: list[Any] = [self.images[row] for row in rows]
        pixels = np.stack([pixels_of(image) for image in images])
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
    cache: bool | str | os.PathLike[str] = True,
) -> DecodedImages:
    """Decode the images of a column that the cache does not have.

    If the images of the column exceed `max_memory` bytes, those decoded here are
    written to a temporary file. `name` and `reader` are the column and the class in
    messages; `cache` is the parameter of image classifiers.
    """
    cells = _plain_cells(cells)
    store = open_store(cache, size)
    if store is None and cache:
        images, keys = _look_up(cells, root, size, max_pixels)
    else:
        images, keys = _without_cache(cells)
        if store is not None:
            # What it cannot take is decoded below, which also explains failures.
            share_images(cells, images, keys, store, root, size, max_pixels)
    failures: dict[int, UnreadableImage] = {}
    with quiet_pillow():
        for row, error in _decode_rows(
            cells, images, keys, size, root, max_memory, max_pixels
        ):
            if on_error == "raise" and not isinstance(error, ImageNotFound):
                raise unreadable_row(name, row, cells[row], error) from error
            failures[row] = error
    if not failures:
        return DecodedImages(images, augmentation)
    failures = dict(sorted(failures.items()))
    absence = warn_of_failures(cells, failures, name, root, reader)
    return DecodedImages(images, augmentation, absence)


def _plain_cells(cells: NDArray[np.object_]) -> NDArray[np.object_]:
    """Replace the dicts of Hugging Face datasets by their bytes or path."""
    if not any(isinstance(cell, dict) for cell in cells):
        return cells
    return object_array(
        [plain_image_cell(cell) if isinstance(cell, dict) else cell for cell in cells]
    )


def _look_up(
    cells: NDArray[np.object_], root: Path | None, size: int, max_pixels: int
) -> tuple[list[DecodedImage | None], dict[int, Hashable | None]]:
    """Return the images that the cache has, and the keys of the rows to decode."""
    images: list[DecodedImage | None] = [None] * len(cells)
    keys: dict[int, Hashable | None] = {}
    for row, cell in enumerate(cells):
        if is_missing_image(cell):
            continue
        key = image_key(cell, root, size, max_pixels)
        if key is not None:
            images[row] = CACHE.get(key)
            if images[row] is None:
                images[row] = CACHE_ON_DISK.get(key)
        if images[row] is None:
            keys[row] = key
    return images, keys


def _without_cache(
    cells: NDArray[np.object_],
) -> tuple[list[DecodedImage | None], dict[int, Hashable | None]]:
    """Return no images, and the rows to decode without keys for the cache."""
    rows = [row for row, cell in enumerate(cells) if not is_missing_image(cell)]
    return [None] * len(cells), dict.fromkeys(rows)


def _decode_rows(
    cells: NDArray[np.object_],
    images: list[DecodedImage | None],
    keys: dict[int, Hashable | None],
    size: int,
    root: Path | None,
    max_memory: int,
    max_pixels: int,
) -> Iterator[tuple[int, UnreadableImage]]:
    """Fill in the images of the rows in `keys`; yield the rows that failed."""
    n_bytes = 3 * size**2
    n_in_memory = sum(isinstance(image, np.ndarray) for image in images)
    exceeds = (n_in_memory + len(keys)) * n_bytes > max_memory
    file = PixelFile((size, size, 3)) if exceeds and keys else None
    rows = np.array(reading_order(cells, list(keys)), dtype=np.intp)

    def decode_some(indices: NDArray[np.intp]) -> list[tuple[int, UnreadableImage]]:
        failures = []
        for index in indices:
            row = int(rows[index])
            try:
                pixels = decode(cells[row], root, size, max_pixels)
            except UnreadableImage as error:
                # Drop the frames that raised it, which hold the image.
                error.__traceback__ = error.__cause__ = error.__context__ = None
                failures.append((row, error))
                continue
            image: DecodedImage = pixels
            if file is not None and pixels is not cells[row]:
                image = file.write(int(index), pixels)
            images[row] = image
            if keys[row] is not None:
                pixels.flags.writeable = False  # shared by all who find it in the cache
                cache = CACHE if file is None else CACHE_ON_DISK
                cache.put(keys[row], image, n_bytes)
        return failures

    refers = len(rows) > 0 and isinstance(cells[rows[-1]], ImageReference)
    n_per_task = _REFERENCES_PER_TASK if refers else _ROWS_PER_TASK
    tasks = np.array_split(np.arange(len(rows)), -(-len(rows) // n_per_task) or 1)
    n_threads = min(_MAX_THREADS, available_threads(), len(tasks))
    if n_threads == 1:  # few rows: a thread costs more than decoding them
        for indices in tasks:
            yield from decode_some(indices)
    else:
        for failures in map_in_threads(decode_some, tasks, n_threads):
            yield from failures


def unreadable_row(
    name: str, row: int, cell: Any, error: UnreadableImage
) -> ValueError:
    """Return the error for an image that cannot be decoded."""
    return ValueError(
        f"`{name}` row {row} ({_shown(cell)}): cannot be decoded as an image "
        f'({error}). Pass on_error="missing" to treat such rows as having no image.'
    )


def warn_of_failures(
    cells: NDArray[np.object_],
    failures: dict[int, UnreadableImage],
    name: str,
    root: Path | None,
    reader: str,
) -> str:
    """Warn once for each kind of failure; return all of them in one text."""
    absence = []
    for kind, what in ((True, "lead to no file"), (False, "cannot be decoded")):
        rows = [r for r, e in failures.items() if isinstance(e, ImageNotFound) is kind]
        if not rows:
            continue
        count = f"{len(rows)} of {len(cells)} images in `{name}` {what}"
        advice = _advise_on_root(cells, rows, root) if kind else ""
        first = f"{_shown(cells[rows[0]])}{advice}"
        absence.append(f"{count} (first: {first}).")
        warnings.warn(
            f"{reader}: {count} and are treated as missing: "
            f"{describe_rows(np.array(rows))} (first: {first}).",
            UserWarning,
            stacklevel=3,
        )
    return " ".join(absence)


def _advise_on_root(
    cells: NDArray[np.object_], not_found: list[int], root: Path | None
) -> str:
    """Name the folder in which relative paths were searched."""
    paths = [c for c in cells[not_found] if isinstance(c, str | os.PathLike)]
    if all(map(os.path.isabs, paths)):
        return ""
    folder = os.path.abspath(os.curdir if root is None else root)
    return f", below {shown(folder, 200)}; pass image_root= the folder of these paths"


def _shown(cell: Any) -> str:
    """Return a short text of a cell for a message."""
    if not isinstance(cell, str | os.PathLike):
        return shown(cell)
    text = str(cell)
    return f'"{text}"' if len(text) <= 78 else f'"{text[:75]}..."'
