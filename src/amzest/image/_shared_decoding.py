"""Decode images into a folder that processes share: each image once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from amzest.image._cells import image_key, reading_order
from amzest.image._decoding import UnreadableImage, decode
from amzest.image._image_store import ImageStore, store_key
from amzest.image._pixel_file import DecodedImage
from amzest.utils import (
    ForkSafeLock,
    available_threads,
    claimed_parts,
    quiet_pillow,
)

#: Bytes of the pixels that are decoded between two transactions, and images of them.
_PART_BYTES, _MAX_PART = 2**24, 1024
#: Held while images are decoded, so that threads do not decode the same images twice:
#: claims are those of a process.
_DECODING = ForkSafeLock()
#: Images that are looked up at a time, and threads that decode.
_N_LOOKED_UP, _MAX_THREADS = 4096, 4


class _SharedRows:
    """The rows of a column by the keys of their images in a folder."""

    def __init__(
        self,
        images: list[DecodedImage | None],
        keys: dict[int, Hashable | None],
        store: ImageStore,
    ) -> None:
        self._images, self._keys, self._store = images, keys, store
        self.rows: dict[bytes, list[int]] = {}

    def add(self, row: int, key: bytes) -> None:
        """Add a row; several may have the same image."""
        self.rows.setdefault(key, []).append(row)

    def look_up(self, keys: list[bytes]) -> list[bytes]:
        """Fill in the images that are in the folder; return the keys of others."""
        lacking = []
        for start in range(0, len(keys), _N_LOOKED_UP):
            block = keys[start : start + _N_LOOKED_UP]
            found = self._store.get_many(block)
            self._fill(found)
            lacking += [key for key in block if key not in found]
        return lacking

    def put(self, decoded: dict[bytes, NDArray[np.uint8]]) -> bool:
        """Store images and fill them in; return False if they cannot be stored."""
        stored = self._store.put_many(decoded) if decoded else {}
        self._fill(stored)
        return len(stored) == len(decoded)

    def _fill(self, found: Mapping[bytes, DecodedImage]) -> None:
        for key, image in found.items():
            for row in self.rows[key]:
                self._images[row] = image
                self._keys.pop(row, None)


def share_images(
    cells: NDArray[np.object_],
    images: list[DecodedImage | None],
    keys: dict[int, Hashable | None],
    store: ImageStore,
    root: Path | None,
    size: int,
    max_pixels: int,
) -> None:
    """Fill in the images of rows in `keys` from a folder, and drop these rows.

    Images that the folder lacks are decoded here or, at the same time, by another
    process. Rows that are left are those of cells without a key, of images that cannot
    be decoded, and of images that the folder cannot take.
    """
    shared = _SharedRows(images, keys, store)
    for row in reading_order(cells, list(keys)):
        key = image_key(cells[row], root, size, max_pixels)
        if key is not None:
            shared.add(row, store_key(key))
    lacking = shared.look_up(list(shared.rows))
    if not lacking:
        return

    def decode_image(key: bytes) -> NDArray[np.uint8] | None:
        try:
            return decode(cells[shared.rows[key][0]], root, size, max_pixels)
        except UnreadableImage:
            return None

    part_size = max(1, min(_MAX_PART, _PART_BYTES // (3 * size**2)))
    parts = claimed_parts(
        lacking, shared.look_up, store.claim, store.release, part_size
    )
    n_threads = min(_MAX_THREADS, available_threads())
    with (
        _DECODING,
        closing(parts),
        quiet_pillow(),
        ThreadPoolExecutor(n_threads) as pool,
    ):
        for part in parts:
            decoded = dict(zip(part, pool.map(decode_image, part), strict=True))
            store.release([key for key, image in decoded.items() if image is None])
            usable = {k: image for k, image in decoded.items() if image is not None}
            if not shared.put(usable):
                return
