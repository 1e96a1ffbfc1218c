"""Titles and images of samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.evaluation._displays._inputs import check_rows_match
from amzest.utils import (
    as_native,
    as_pandas,
    column_names,
    is_missing_image,
    is_table,
    plain_image_cell,
    require,
    shown,
    shown_list,
)

#: Height and width of an image in pixels.
IMAGE_SIZE = 256


def column_of(argument: str, cells: Any, X: Any, default: str) -> Any:
    """Return a column of `X` by name, `cells` themselves, or None.

    None takes the column `default` if `X` has it.
    """
    X = as_native(X)
    columns = column_names(X) if is_table(X) else ()
    if cells is None:
        return X[default] if default in columns else None
    if isinstance(cells, str):
        if cells not in columns:
            listed = shown_list(columns) or "no named columns"
            raise ValueError(
                f"`{argument}` is {shown(cells)}, but `X` has {listed}. Pass the name "
                "of a column of `X`, or the cells."
            )
        return X[cells]
    return cells


def as_cells(argument: str, cells: Any, n_samples: int) -> list[Any]:
    """Return one cell per sample: titles or images."""
    cells = as_pandas(cells, argument)
    if isinstance(cells, pd.DataFrame) and cells.shape[1] == 1:
        cells = cells.iloc[:, 0]
    listed = list(cells)
    check_rows_match(argument, len(listed), n_samples)
    return listed


def decode_images(
    cells: list[Any], root: Path | None, purpose: str
) -> tuple[list[NDArray[np.uint8] | None], list[str]]:
    """Decode images of shape (IMAGE_SIZE, IMAGE_SIZE, 3), None where this fails.

    Relative paths start from `root`. The notes are "shown", or why there is no image.
    """
    require("PIL", extra="image", purpose=f"{purpose} with images")
    # Imports Pillow.
    from amzest.image._decoding import ImageNotFound, UnreadableImage, decode

    images: list[NDArray[np.uint8] | None] = []
    notes = []
    for cell in cells:
        image, note = None, "no image"
        if not is_missing_image(cell):
            try:
                image, note = decode(cell, root, IMAGE_SIZE), "shown"
            except ImageNotFound:
                path = str(plain_image_cell(cell))
                note = f"image not found: {Path(path).name}"
            except UnreadableImage as error:
                note = f"image cannot be decoded: {error}"
        images.append(image)
        notes.append(note)
    return images, notes
