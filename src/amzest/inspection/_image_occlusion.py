"""Heat maps of images for any classifier: each part is greyed out once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.inspection._model_columns import Reader
from amzest.inspection._predictor import Predictor, Variant
from amzest.inspection._task import Task
from amzest.utils import (
    MAX_PIXELS,
    UnreadableImage,
    is_missing_image,
    plain_image_cell,
    quiet_pillow,
    require,
)

Floats = NDArray[np.float64]

#: Height and width of decoded images if no classifier tells its own.
_DEFAULT_SIZE = 224


def read_pixels(
    cells: NDArray[np.object_], readers: Sequence[Reader]
) -> list[NDArray[Any] | None]:
    """Return the pixels of images; None where missing or not readable.

    Arrays stay as they are. Other images are decoded at the size at which their
    classifier reads them, so that the pixels are the ones it sees.
    """
    sizes = [getattr(reader.estimator, "image_size_", 0) for reader in readers]
    size = max((s for s in sizes if isinstance(s, int)), default=0)
    roots = [getattr(reader.estimator, "image_root", None) for reader in readers]
    root = next((Path(found) for found in roots if found is not None), None)
    limits = [getattr(r.estimator, "max_pixels", MAX_PIXELS) for r in readers]
    result: list[NDArray[Any] | None] = []
    with quiet_pillow():
        for cell in cells:
            plain = plain_image_cell(cell)
            if is_missing_image(plain):
                result.append(None)
            elif isinstance(plain, np.ndarray):
                result.append(plain)
            else:
                limit = min(limits, default=MAX_PIXELS)
                result.append(_decoded(plain, root, size or _DEFAULT_SIZE, limit))
    return result


def _decoded(
    cell: Any, root: Path | None, size: int, max_pixels: int
) -> NDArray[np.uint8] | None:
    require("PIL", extra="image", purpose="Explaining images")
    from amzest.image._decoding import decode  # imports Pillow

    try:
        return decode(cell, root, size, max_pixels)
    except UnreadableImage:
        return None  # the classifier takes it as missing, or has raised


def greyed(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return an image of the mean colour of another one."""
    colour = pixels.mean(axis=(0, 1), keepdims=True)
    return np.broadcast_to(colour, pixels.shape).astype(pixels.dtype)


def occlude_images(
    predictor: Predictor,
    column: int,
    images: Sequence[NDArray[Any] | None],
    grid_size: int,
) -> dict[int, Floats]:
    """Return the heat map of each image that is there, by row.

    The value of a cell of the grid is how much lower the probability is when a window
    of twice its height and width around it has the mean colour of the image (Zeiler and
    Fergus, 2014). Windows overlap, so that an object at the edge of a cell is covered.
    """
    rows = [row for row, pixels in enumerate(images) if pixels is not None]
    proba = predictor.predict(_variants(rows, column, images, grid_size))
    of_images = proba.reshape(len(rows), 1 + grid_size**2)
    maps = of_images[:, :1] - of_images[:, 1:]
    return dict(zip(rows, maps.reshape(-1, grid_size, grid_size), strict=True))


def _variants(
    rows: Sequence[int],
    column: int,
    images: Sequence[NDArray[Any] | None],
    grid_size: int,
) -> Iterator[Variant]:
    for row in rows:
        pixels: Any = images[row]
        # Decoded pixels are predicted as well: the cell may be a larger file.
        yield Variant(row, {column: pixels}, pixels.nbytes)
        grey = greyed(pixels)
        windows = (
            _windows(pixels.shape[0], grid_size),
            _windows(pixels.shape[1], grid_size),
        )
        for vertical in windows[0]:
            for horizontal in windows[1]:
                changed = pixels.copy()
                changed[vertical, horizontal] = grey[vertical, horizontal]
                yield Variant(row, {column: changed}, changed.nbytes)


def _windows(length: int, grid_size: int) -> list[slice]:
    """Return windows of two cells' length around the cells of a grid."""
    cell = length / grid_size
    middles = (np.arange(grid_size) + 0.5) * cell
    starts = np.floor(np.maximum(middles - cell, 0)).astype(int)
    ends = np.ceil(np.minimum(middles + cell, length)).astype(int)
    return [slice(a, max(b, a + 1)) for a, b in zip(starts, ends, strict=True)]


@dataclass(frozen=True)
class Images:
    """Pixels and heat maps, by column and row."""

    pixels: dict[int, list[NDArray[Any] | None]]
    heat_maps: dict[int, dict[int, Floats]]

    @staticmethod
    def named(
        values: Any, names: list[Any], of: dict[int, dict[int, Floats]]
    ) -> dict[tuple[int, Any], NDArray[Any]]:
        """Return arrays by row and name of the column, where there is a heat map."""
        return {
            (row, names[column]): values[column][row]
            for column, rows in of.items()
            for row in rows
        }


def explain_images(task: Task, grid_size: int) -> Images:
    """Compute the heat maps of all columns of images."""
    pixels: dict[int, list[NDArray[Any] | None]] = {}
    heat_maps: dict[int, dict[int, Floats]] = {}
    for column, kind in task.kinds.items():
        if kind == "image":
            readers = task.readers_of_column(column)
            pixels[column] = read_pixels(task.samples.cells(column), readers)
            heat_maps[column] = occlude_images(
                task.predictor, column, pixels[column], grid_size
            )
    return Images(pixels, heat_maps)
