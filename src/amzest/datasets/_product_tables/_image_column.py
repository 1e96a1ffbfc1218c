"""The image column of a product table: paths are checked and made absolute."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from amzest.datasets._shared._missing_images import is_missing_image
from amzest.datasets._shared._row_listing import cell_type_error, list_rows
from amzest.utils import (
    ImageNotFound,
    UnreadableImage,
    bounded_memory,
    count,
    describe_text,
    image_path,
    is_url,
    open_image,
    plain_image_cell,
    quiet_pillow,
    require,
    shown,
)


def resolve_images(
    cells: list[Any],
    *,
    name: str,
    image_root: str,
    check_images: Literal["exists", "decode"] | None,
    on_missing_image: Literal["raise", "missing"],
    absolute_images: bool,
    max_pixels: int,
) -> list[Any]:
    """Return the cells of the image column, None for missing images.

    See `load_products`. Cells are paths, bytes, or dicts of both; `image_root` is
    absolute.
    """
    images = [plain_image_cell(cell) for cell in cells]
    images = [None if is_missing_image(cell) else cell for cell in images]
    _check_types(images, name)
    texts = {row: cell for row, cell in enumerate(images) if isinstance(cell, str)}
    remote = [row for row, text in texts.items() if is_url(text)]
    reasons = {
        row: reason
        for row, text in texts.items()
        if not is_url(text) and (reason := describe_text(text)) is not None
    }
    paths = {
        row: os.path.normpath(os.path.join(image_root, text))
        for row, text in texts.items()
        # A data: URL or base64 text joined with the folder would look like a path.
        if row not in reasons and not is_url(text)
    }
    report = _Report(images, name, on_missing_image)
    if check_images is not None:
        report.add(
            remote, "is a URL", "Download the images and use their paths instead"
        )
    _check_inside(paths, images, name, image_root)
    if check_images is not None:
        absent = _find_absent(paths, reasons)
        report.add(
            absent,
            f"is a file that does not exist below {image_root!r}",
            "Pass image_root= the folder that these paths are relative to",
        )
        report.add(
            sorted(reasons), "is not an image file", "Replace these cells", reasons
        )
    if check_images == "decode":
        sources = {
            row: paths.get(row, image)
            for row, image in enumerate(images)
            if image is not None and row not in report.rows
        }
        broken = _find_undecodable(sources, max_pixels)
        report.add(broken, "cannot be decoded as an image", "Replace the files", broken)
    # Only with on_missing_image="missing", otherwise an error has been raised.
    for row in report.rows:
        images[row] = None
        paths.pop(row, None)
    if not absolute_images:
        return images
    return [paths.get(row, image) for row, image in enumerate(images)]


def _check_types(images: list[Any], name: str) -> None:
    wrong = [
        row
        for row, image in enumerate(images)
        if image is not None and not isinstance(image, str | bytes)
    ]
    if wrong:
        advice = "Each cell must hold the path of one image"
        if any(isinstance(images[row], Mapping) for row in wrong):
            advice += ', or a dict {"bytes": ..., "path": ...} with its bytes or path'
        raise cell_type_error(
            name, "is neither a path nor bytes", wrong, images, f"{advice}."
        )


def _check_inside(
    paths: dict[int, str], images: list[Any], name: str, image_root: str
) -> None:
    """Raise for paths outside of the folder. Links within it are followed."""
    # With a separator at the end, or "/shop" would contain "/shop-2/a.jpg".
    root = os.path.join(os.path.normpath(image_root), "")
    outside = [row for row, path in paths.items() if not path.startswith(root)]
    if outside:
        msg = (
            f"`{name}` is outside of {image_root!r} in {count(len(outside), 'row')}: "
            f"{list_rows(outside, [images[row] for row in outside])}. Pass image_root= "
            "a folder that contains all images."
        )
        raise ValueError(msg)


def _find_absent(paths: dict[int, str], reasons: dict[int, str]) -> list[int]:
    """Return the rows of absent files; add reasons for what is not a file."""
    absent = []
    for row, path in paths.items():
        try:
            image_path(path, None)
        except ImageNotFound:
            absent.append(row)
        except UnreadableImage as error:
            reasons[row] = str(error)
    return absent


def _find_undecodable(sources: dict[int, Any], max_pixels: int) -> dict[int, str]:
    """Return the rows of images that cannot be decoded, each with the reason."""
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


class _Report:
    """Raises or warns about rows without a usable image, and collects them."""

    def __init__(self, images: list[Any], name: str, on_missing_image: str) -> None:
        self.rows: set[int] = set()
        self._images, self._name = images, name
        self._raises = on_missing_image == "raise"

    def add(
        self,
        rows: Iterable[int],
        problem: str,
        advice: str,
        reasons: Mapping[int, str] | None = None,
    ) -> None:
        rows = list(rows)
        if not rows:
            return
        self.rows.update(rows)
        cells = [self._images[row] for row in rows]
        if reasons is None:
            listed = list_rows(rows, cells)
        else:
            listed = list_rows(
                [
                    f"{row} ({shown(cell)}: {reasons[row]})"
                    for row, cell in zip(rows, cells, strict=True)
                ]
            )
        text = f"`{self._name}` {problem} in {count(len(rows), 'row')}: {listed}."
        if self._raises:
            msg = (
                f'{text} {advice}, or pass on_missing_image="missing" to treat such '
                "rows as having no image."
            )
            raise ValueError(msg)
        # The frames of `resolve_images`, `load_products` and its validation.
        warnings.warn(
            f"{text} {advice}. These rows are treated as having no image.",
            UserWarning,
            stacklevel=5,
        )
