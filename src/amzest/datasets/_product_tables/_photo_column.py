"""The column of a product table that says where the photos are."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping
from typing import Any, Literal

from amzest.datasets._shared._row_listing import list_rows
from amzest.utils import (
    ImageNotFound,
    UnreadableImage,
    bounded_memory,
    count,
    describe_text,
    image_path,
    is_missing,
    is_url,
    open_image,
    plain_image_cell,
    quiet_pillow,
    require,
    shown,
)

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
    max_pixels: int,
) -> list[Any]:
    """Check the photos of a table and give the cells for its frame.

    Parameters
    ----------
    cells : list
        Paths, bytes, dicts of bytes and path, or missing.

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

    max_pixels : int
        Width times height of the largest image that is decoded.

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
        If a cell is neither text nor bytes, nor a dict of them.
    """
    photos = [plain_image_cell(cell) for cell in cells]
    photos = [None if is_no_photo(cell) else cell for cell in photos]
    _check_kinds(photos, name)
    texts = {row: cell for row, cell in enumerate(photos) if isinstance(cell, str)}
    remote = [row for row, text in texts.items() if is_url(text)]
    faults = {
        row: reason
        for row, text in texts.items()
        if not is_url(text) and (reason := describe_text(text)) is not None
    }
    paths = {
        row: os.path.normpath(os.path.join(image_root, text))
        for row, text in texts.items()
        if row not in faults and not is_url(text)
    }
    if check_images is not None:
        _report(
            f"`{name}` is a web address in {{}}: {{}}. Download the photos and put "
            "their paths there",
            remote,
            photos,
            on_missing_image,
        )
    _refuse_outside(paths, photos, name, image_root)
    if check_images is None:
        return _with_paths(photos, paths if absolute_images else {})
    absent = _find_files(paths, faults)
    _report(
        f"`{name}` names a file that does not exist below {image_root!r} in {{}}: "
        "{}. Pass image_root= the folder that these paths start from",
        absent,
        photos,
        on_missing_image,
    )
    _report(
        f"`{name}` is no image file in {{}}: {{}}. Replace these cells",
        sorted(faults),
        photos,
        on_missing_image,
        faults,
    )
    lost = {*remote, *absent, *faults}
    if check_images == "decode":
        sources = {
            row: paths.get(row, photo)
            for row, photo in enumerate(photos)
            if photo is not None and row not in lost
        }
        broken = _find_undecodable(sources, max_pixels)
        _report(
            f"`{name}` cannot be decoded as an image in {{}}: {{}}. Replace the files",
            list(broken),
            photos,
            on_missing_image,
            broken,
        )
        lost.update(broken)
    for row in lost:
        photos[row] = None
        paths.pop(row, None)
    return _with_paths(photos, paths if absolute_images else {})


def _check_kinds(photos: list[Any], name: str) -> None:
    """Refuse cells that can be no image."""
    wrong = [
        row
        for row, photo in enumerate(photos)
        if photo is not None and not isinstance(photo, str | bytes)
    ]
    if wrong:
        kinds = [type(photos[row]).__name__ for row in wrong]
        msg = (
            f"`{name}` is neither a path nor bytes in {count(len(wrong), 'row')}: "
            f"{list_rows(wrong, kinds)}. Put the path of one photo into each cell"
        )
        if any(isinstance(photos[row], Mapping) for row in wrong):
            msg += ', or a dict {"bytes": ..., "path": ...} with its bytes or its path'
        raise TypeError(f"{msg}.")


def _with_paths(photos: list[Any], paths: dict[int, str]) -> list[Any]:
    return [paths.get(row, photo) for row, photo in enumerate(photos)]


def is_no_photo(cell: Any) -> bool:
    if isinstance(cell, str) and _PLACEHOLDER.match(cell) is not None:
        return True
    return is_missing(cell) or (isinstance(cell, bytes) and not cell)


def _refuse_outside(
    paths: dict[int, str], photos: list[Any], name: str, image_root: str
) -> None:
    """Refuse paths that climb out of the folder. Links inside it are followed."""
    root = os.path.join(os.path.normpath(image_root), "")
    outside = [row for row, path in paths.items() if not path.startswith(root)]
    if outside:
        msg = (
            f"`{name}` leads out of {image_root!r} in {count(len(outside), 'row')}: "
            f"{list_rows(outside, [photos[row] for row in outside])}. Pass image_root= "
            "a folder that holds all photos."
        )
        raise ValueError(msg)


def _find_files(paths: dict[int, str], faults: dict[int, str]) -> list[int]:
    """Give the rows whose paths lead nowhere; add to `faults` what is no file."""
    absent = []
    for row, path in paths.items():
        try:
            image_path(path, None)
        except ImageNotFound:
            absent.append(row)
        except UnreadableImage as error:
            faults[row] = str(error)
    return absent


def _find_undecodable(sources: dict[int, Any], max_pixels: int) -> dict[int, str]:
    """Give the rows whose photos cannot be decoded, each with the reason."""
    require("PIL.Image", extra="image", purpose='load_products(check_images="decode")')
    broken = {}
    with quiet_pillow():
        for row, source in sources.items():
            try:
                with (
                    open_image(source, max_pixels) as image,
                    bounded_memory(image.size),
                ):
                    image.load()
            except UnreadableImage as error:
                broken[row] = str(error)
    return broken


def _report(
    message: str,
    rows: list[int],
    photos: list[Any],
    on_missing_image: str,
    reasons: dict[int, str] | None = None,
) -> None:
    """Raise or warn about rows, with their cells and, where there are, the reasons."""
    if not rows:
        return
    cells = [photos[row] for row in rows]
    if reasons is None:
        listed = list_rows(rows, cells)
    else:
        listed = list_rows(
            [
                f"{row} ({shown(cell)}: {reasons[row]})"
                for row, cell in zip(rows, cells, strict=True)
            ]
        )
    text = message.format(count(len(rows), "row"), listed)
    if on_missing_image == "raise":
        msg = (
            f'{text}, or pass on_missing_image="missing" to treat such rows as having '
            "no image."
        )
        raise ValueError(msg)
    warnings.warn(
        f"{text}. These rows are treated as having no image.", UserWarning, stacklevel=4
    )
