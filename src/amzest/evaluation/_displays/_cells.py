"""Titles and photos for displays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.utils import (
    as_native,
    as_pandas,
    column_names,
    count,
    is_missing_image,
    is_table,
    plain_image_cell,
    require,
    shown,
    shown_list,
)

#: Height and width of a photo in pixels.
PHOTO_SIZE = 256


def column_of(argument: str, given: Any, X: Any, default: str) -> Any:
    """Give a column that users name or hand over.

    Parameters
    ----------
    argument : str
        Argument, for the message.

    given : str, array-like or None
        A column of `X`, or the cells themselves. None takes `default` if `X` has it.

    X : object
        What the estimator reads.

    default : str
        Usual name of the column.

    Returns
    -------
    array-like or None
        The cells.

    Raises
    ------
    ValueError
        When `X` has no such column.
    """
    X = as_native(X)
    columns = column_names(X) if is_table(X) else ()
    if given is None:
        return X[default] if default in columns else None
    if isinstance(given, str):
        if given not in columns:
            listed = shown_list(columns) or "no named columns"
            raise ValueError(
                f"`{argument}` is {shown(given)}, but `X` has {listed}. Name a column "
                "of "
                "`X`, or pass the cells."
            )
        return X[given]
    return given


def as_cells(argument: str, given: Any, n_samples: int) -> list[Any]:
    """Give the cells of a column: titles or photos.

    Parameters
    ----------
    argument : str
        Argument, for the message.

    given : array-like of length n_samples
        What the user gave.

    n_samples : int
        Products there are.

    Returns
    -------
    list
        One cell a product.

    Raises
    ------
    ValueError
        When there are more or fewer.
    """
    given = as_pandas(given, argument)
    if isinstance(given, pd.DataFrame) and given.shape[1] == 1:
        given = given.iloc[:, 0]
    cells = list(given)
    if len(cells) != n_samples:
        raise ValueError(
            f"`{argument}` has {count(len(cells), 'row')}, but `y_true` has "
            f"{n_samples}. Pass "
            "both for the same products."
        )
    return cells


def decode_photos(
    cells: list[Any], root: Path | None, purpose: str
) -> tuple[list[NDArray[np.uint8] | None], list[str]]:
    """Decode photos one by one; one that cannot be read is no reason to fail.

    Parameters
    ----------
    cells : list
        Paths, bytes, PIL images, arrays, or what stands for a missing photo.

    root : Path or None
        Folder that relative paths start from; None for the working directory.

    purpose : str
        Display that shows them, for the message when Pillow is not there.

    Returns
    -------
    photos : list of (ndarray of shape (PHOTO_SIZE, PHOTO_SIZE, 3) or None)
        Decoded photos, None where there is none.

    notes : list of str
        ``"shown"``, or why there is no photo.
    """
    require("PIL", extra="image", purpose=f"{purpose} with photos")
    # Late, for these modules import Pillow.
    from amzest.image._decoding import ImageNotFound, UnreadableImage, decode

    photos: list[NDArray[np.uint8] | None] = []
    notes = []
    for cell in cells:
        photo, note = None, "no photo"
        if not is_missing_image(cell):
            try:
                photo, note = decode(cell, root, PHOTO_SIZE), "shown"
            except ImageNotFound:
                path = str(plain_image_cell(cell))
                note = f"photo not found: {Path(path).name}"
            except UnreadableImage as error:
                note = f"photo cannot be decoded: {error}"
        photos.append(photo)
        notes.append(note)
    return photos, notes
