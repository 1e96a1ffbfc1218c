"""From a column of images to vectors: each distinct image is decoded and encoded once.

What is kept is the vector, not the decoded image: it is a hundredth of its size, and
takes a hundred times as long to compute.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.image._cells import reading_order
from amzest.pretrained._embedding_cache import (
    EmbeddingCache,
    embed_cells,
    image_digest,
)
from amzest.utils import (
    ImageNotFound,
    ImageReference,
    UnreadableImage,
    available_threads,
    is_missing_image,
    object_array,
    quiet_pillow,
)

#: Largest number of threads that decode.
_MAX_THREADS = 4

EncodePixels = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


@dataclass(frozen=True)
class ImageReading:
    """How images are read; the parameters of an estimator."""

    name: str  # of the column, for messages
    root: Path | None
    on_error: Literal["raise", "missing"]
    max_pixels: int
    reader: str  # name of the class, for messages


class ImageColumn:
    """The cells of a column, with digests of their content.

    Cells that cannot be decoded become known when they are read: `present` is final
    once all vectors have been computed.
    """

    def __init__(self, cells: NDArray[np.object_], reading: ImageReading) -> None:
        self.cells = cells
        self.reading = reading
        self.absence = "every cell is missing or blank."
        self.present = np.array([not is_missing_image(cell) for cell in cells])
        self.digests: list[bytes | None] = [None] * len(cells)
        self._errors: dict[int, UnreadableImage] = {}
        self._digest_rows()

    def __len__(self) -> int:
        return len(self.cells)

    def group_copies(self) -> NDArray[np.intp]:
        """Return a number for each sample, the same for equal images."""
        keys = [row if d is None else d for row, d in enumerate(self.digests)]
        return pd.factorize(object_array(keys))[0]

    def vectors(
        self,
        encode: EncodePixels,
        size: int,
        width: int,
        namespace: str,
        cache: EmbeddingCache,
        *,
        rows: NDArray[np.intp] | None = None,
        part_size: int | None = None,
    ) -> NDArray[np.float32]:
        """Return a vector for each of the rows, (n_rows, width); NaN where missing.

        `encode` has images of shape (n, size, size, 3), and is called for those that
        the cache lacks. What is decoded depends on `max_pixels`.
        """
        rows = np.arange(len(self)) if rows is None else rows
        result = np.full((len(rows), width), np.nan, dtype=np.float32)
        places = np.flatnonzero(self.present[rows])
        if len(places) == 0:
            return result

        def encode_rows(rows: list[int]) -> NDArray[np.float32]:
            vectors = np.full((len(rows), width), np.nan, dtype=np.float32)
            images = self._decode(rows, size)
            if images:
                read = [i for i, row in enumerate(rows) if row in images]
                vectors[read] = encode(np.stack(list(images.values())))
            return vectors

        present: list[int] = rows[places].tolist()
        result[places] = embed_cells(
            present,
            [self._digest(row) for row in present],
            self._name(namespace),
            encode_rows,
            width,
            cache,
            part_size=part_size,
            may_fail=True,
            order=self._order_of(present),
        )
        self._note_failures(rows[np.isnan(result[:, 0])])
        return result

    def _order_of(self, rows: list[int]) -> Callable[[int], int] | None:
        """Return the order of rows if images within larger files are among them."""
        if not any(isinstance(self.cells[row], ImageReference) for row in rows):
            return None
        places = {row: i for i, row in enumerate(reading_order(self.cells, rows))}
        return places.__getitem__

    def cached_vectors(
        self, namespace: str, cache: EmbeddingCache, rows: NDArray[np.intp]
    ) -> dict[int, NDArray[np.float32]]:
        """Return the vectors that the cache shares, by row, not to be changed."""
        digests = {row: self._digest(row) for row in rows.tolist()}
        found = cache.get_many(self._name(namespace), list(set(digests.values())))
        return {row: found[d] for row, d in digests.items() if d in found}

    def _name(self, namespace: str) -> str:
        # An image decoded under a higher limit is not found under a lower one.
        return f"{namespace}:{self.reading.max_pixels}"

    def warn(self) -> None:
        """Warn of images that are treated as missing, once all have been read."""
        if self._errors:
            from amzest.image._decoded_images import warn_of_failures

            reading = self.reading
            self.absence = warn_of_failures(
                self.cells,
                dict(sorted(self._errors.items())),
                reading.name,
                reading.root,
                reading.reader,
            )

    def _digest(self, row: int) -> bytes:
        digest = self.digests[row]
        return b"row %d" % row if digest is None else digest

    def _digest_rows(self) -> None:
        """Digest the content of all cells; decode those without a digest."""
        rows = reading_order(self.cells, np.flatnonzero(self.present).tolist())
        for row in rows:
            self.digests[row] = image_digest(self.cells[row], self.reading.root)
        unread = [row for row in rows if self.digests[row] is None]
        if unread:
            self._decode(unread, 1)
            self._note_failures(np.array(unread))
            for row in set(unread) - self._errors.keys():
                self.digests[row] = os.urandom(20)  # a file that is being written

    def _decode(self, rows: list[int], size: int) -> dict[int, NDArray[np.uint8]]:
        """Return images of shape (size, size, 3) by row, without those that fail."""
        from amzest.image._decoding import decode

        def decode_row(row: int) -> NDArray[np.uint8] | UnreadableImage:
            reading = self.reading
            try:
                return decode(self.cells[row], reading.root, size, reading.max_pixels)
            except UnreadableImage as error:
                # Drop the frames that raised it, which hold the image.
                error.__traceback__ = error.__cause__ = error.__context__ = None
                return error

        n_threads = min(_MAX_THREADS, available_threads(), len(rows))
        with quiet_pillow(), ThreadPoolExecutor(n_threads) as pool:
            decoded = dict(zip(rows, pool.map(decode_row, rows), strict=True))
        failures = {r: e for r, e in decoded.items() if isinstance(e, UnreadableImage)}
        self._check(failures)
        self._errors.update(failures)
        return {
            row: image
            for row, image in decoded.items()
            if not isinstance(image, UnreadableImage)
        }

    def _check(self, failures: dict[int, UnreadableImage]) -> None:
        from amzest.image._decoded_images import unreadable_row

        for row in sorted(failures):
            error = failures[row]
            if self.reading.on_error == "raise" and not isinstance(
                error, ImageNotFound
            ):
                name = self.reading.name
                raise unreadable_row(name, row, self.cells[row], error) from error

    def _note_failures(self, rows: NDArray[np.intp]) -> None:
        """Mark rows as missing; copies of an image fail for the same reason."""
        reasons = {self._digest(row): error for row, error in self._errors.items()}
        for row in rows.tolist():
            error = reasons.get(self._digest(row))
            if error is not None:
                self._errors[row] = error
                self.present[row] = False
