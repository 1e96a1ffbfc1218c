"""The column of a product table that says where the photos are."""

from __future__ import annotations

import io
import os
import re
import warnings
from types import ModuleType
from typing import Any, Literal

from amzest.datasets._shared._row_listing import count, list_rows
from amzest.utils import is_missing, require

_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")
#: What Amazon's metadata holds where there is no photo.
_PLACEHOLDER = re.compile(r"(^|.*/)no-img[^/]*$")


def resolve_photos(
    cells: list[Any],
    *,
    name: str,
    image_root: str,
    check_images: Literal["exists", "decode"] | None,
    on_missing_image: Literal["raise", "missing"],
    absolute_images: bool,
) -> list[Any]:
    """Check the photos of a table and give the cells for its frame.

    Parameters
    ----------
    cells : list
        Paths, bytes, or missing.

    name : str
        The column, for messages.

    image_root : str
        Absolute path of the folder that the paths start from.

    check_images : {"exists", "decode"} or None
        How closely to look at each photo.

    on_missing_image : {"raise", "missing"}
        What to do with photos that are not there or cannot be decoded.

    absolute_images : bool
        Whether to give absolute paths.

    Returns
    -------
    list
        One entry for each cell; None where there is no photo.

    Raises
    ------
    ValueError
        If a path leads out of `image_root`, or, with ``on_missing_image="raise"``, a
        photo is not there or cannot be decoded.
    TypeError
        If a cell is neither text nor bytes.
    """
    photos: list[Any] = [None if is_no_photo(cell) else cell for cell in cells]
    wrong = [
        row
        for row, photo in enumerate(photos)
        if photo is not None and not isinstance(photo, str | bytes)
    ]
    if wrong:
        kinds = [type(photos[row]).__name__ for row in wrong]
        msg = (
            f"`{name}` is neither a path nor bytes in {count(len(wrong), 'row')}: "
            f"{list_rows(wrong, kinds)}. Put the path of one photo into each cell."
        )
        raise TypeError(msg)
    paths = {
        row: os.path.normpath(os.path.join(image_root, photo))
        for row, photo in enumerate(photos)
        if isinstance(photo, str)
    }
    if check_images is not None:
        remote = [row for row in paths if _URL.match(photos[row])]
        _report(
            f"`{name}` is a web address in {{}}: {{}}. Download the photos and put "
            "their paths there",
            remote,
            photos,
            on_missing_image,
        )
        for row in remote:
            photos[row] = None
            del paths[row]
    _refuse_outside(paths, photos, name, image_root)
    if check_images is not None:
        absent = [row for row, path in paths.items() if not os.path.isfile(path)]
        _report(
            f"`{name}` names a file that does not exist below {image_root!r} in {{}}: "
            "{}. Pass image_root= the folder that these paths start from",
            absent,
            photos,
            on_missing_image,
        )
        for row in absent:
            photos[row] = None
    if check_images == "decode":
        broken = _find_undecodable(photos, paths)
        _report(
            f"`{name}` cannot be decoded as an image in {{}}: {{}}. Replace the files",
            list(broken),
            broken,
            on_missing_image,
        )
        for row in broken:
            photos[row] = None
    if absolute_images:
        for row, path in paths.items():
            if photos[row] is not None and not _URL.match(photos[row]):
                photos[row] = path
    return photos


def is_no_photo(cell: Any) -> bool:
    return is_missing(cell) or (
        isinstance(cell, str) and _PLACEHOLDER.match(cell) is not None
    )


def _refuse_outside(
    paths: dict[int, str], photos: list[Any], name: str, image_root: str
) -> None:
    """Refuse paths that climb out of the folder. Links inside it are followed."""
    root = os.path.join(os.path.normpath(image_root), "")
    outside = [
        row
        for row, path in paths.items()
        if not path.startswith(root) and not _URL.match(photos[row])
    ]
    if outside:
        msg = (
            f"`{name}` leads out of {image_root!r} in {count(len(outside), 'row')}: "
            f"{list_rows(outside, [photos[row] for row in outside])}. Pass image_root= "
            "a folder that holds all photos."
        )
        raise ValueError(msg)


def _find_undecodable(photos: list[Any], paths: dict[int, str]) -> dict[int, str]:
    """Give the rows whose photos are no images, each with the cell and the reason."""
    image = require(
        "PIL.Image", extra="image", purpose='load_products(check_images="decode")'
    )
    broken = {}
    for row, photo in enumerate(photos):
        if photo is not None:
            reason = _why_undecodable(image, paths.get(row, photo))
            if reason is not None:
                cell = photo if isinstance(photo, str) else "bytes"
                broken[row] = f"{cell}: {reason}"
    return broken


def _why_undecodable(image: ModuleType, photo: str | bytes) -> str | None:
    source = io.BytesIO(photo) if isinstance(photo, bytes) else photo
    try:
        with image.open(source) as opened:
            opened.load()
    # Pillow's plugins raise SyntaxError and ValueError on files that they dislike.
    except (OSError, SyntaxError, ValueError, image.DecompressionBombError) as error:
        # Without the path or buffer, which the message names anyhow.
        return re.sub(r" file ['<].*", "", str(error)) or type(error).__name__
    return None


def _report(message: str, rows: list[int], values: Any, on_missing_image: str) -> None:
    if not rows:
        return
    text = message.format(
        count(len(rows), "row"), list_rows(rows, [values[row] for row in rows])
    )
    if on_missing_image == "raise":
        msg = (
            f'{text}, or pass on_missing_image="missing" to treat such rows as having '
            "no image."
        )
        raise ValueError(msg)
    warnings.warn(
        f"{text}. These rows are treated as having no image.", UserWarning, stacklevel=4
    )
