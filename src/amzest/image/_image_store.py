"""Decoded images in a folder that processes share.

A SQLite file contains the position of the image of each key, and which process decodes
which images. The pixels are in a file of their own for each size of images, one behind
the other: their pages in memory belong to the system, which all processes share.

Positions are given out in a transaction, in which the pixels are also written: those of
a process that was killed meanwhile are overwritten by the next one. What was committed
is never moved or changed, so that processes can read it without a lock.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import sqlite3
import zlib
from collections.abc import Hashable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from weakref import WeakValueDictionary

import numpy as np
import PIL
from numpy.typing import NDArray

from amzest.image._pixel_file import PixelFile, StoredImage, write_at
from amzest.utils._shared_file import (
    DamagedFile,
    SharedFile,
    select,
    transaction,
    unclaim,
)

FILE_NAME = "amzest-images.sqlite3"
_NAME = re.compile(r"amzest-images-\d+-[0-9a-f]{16}\.pixels")
#: Links are not followed, bytes are not translated.
_WRITE = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
_WRITE |= getattr(os, "O_BINARY", 0)
#: Limit of the pixels of one folder; above it no more are written.
MAX_BYTES = 2**36
#: Bytes that are left on the disk.
_FREE_BYTES = 2**30
#: Open files of this process: all images of a file share one.
_open_files: WeakValueDictionary[Path, PixelFile] = WeakValueDictionary()
#: Changes when other pixels result from the same file: here, or in Pillow.
_DECODING = f"1 {PIL.__version__}"


def open_store(cache: bool | str | os.PathLike[str], size: int) -> ImageStore | None:
    """Return the images of a size in a folder; None if `cache` is not a folder."""
    if isinstance(cache, bool | np.bool_):
        return None
    folder = Path(cache).expanduser().absolute()
    if not str(cache) or (folder.exists() and not folder.is_dir()):
        raise ValueError(
            f"`cache`: {str(cache)!r} is not a folder. Pass the path of a folder, "
            "which is created if it does not exist, True or False."
        )
    return ImageStore(folder / FILE_NAME, size)


def store_key(key: Hashable) -> bytes:
    """Return the key of an image in a folder, from that in the memory of a process."""
    return blake2b(f"{_DECODING} {key!r}".encode(), digest_size=20).digest()


class ImageStore(SharedFile):
    """Decoded images of one size, by key."""

    application = 0x616D7A69
    tables = (
        "CREATE TABLE cells (key BLOB PRIMARY KEY, size INTEGER NOT NULL, "
        "position INTEGER NOT NULL, checksum INTEGER NOT NULL, "
        "UNIQUE (size, position)) WITHOUT ROWID",
        "CREATE TABLE files (size INTEGER PRIMARY KEY, name TEXT NOT NULL)",
    )
    kind = "cache of decoded images"
    consequence = (
        "Images that it lacks are decoded and not shared with other processes."
    )

    def __init__(self, path: Path, size: int, max_bytes: int = MAX_BYTES) -> None:
        super().__init__(path)
        self.size, self.max_bytes = size, max_bytes
        self._shape = (size, size, 3)
        self._n_bytes = 3 * size**2

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, StoredImage]:
        """Return the images that are there, after a check of their pixels."""
        return self._run(lambda connection: self._read(connection, keys), {})

    def put_many(
        self, images: Mapping[bytes, NDArray[np.uint8]]
    ) -> dict[bytes, StoredImage]:
        """Store images, and release their keys; return none if this fails."""
        stored = self._run(
            lambda connection: self._write(connection, images), None, create=True
        )
        if stored is None:
            self.release(list(images))
        return stored or {}

    def _read(
        self, connection: sqlite3.Connection, keys: Sequence[bytes]
    ) -> dict[bytes, StoredImage]:
        query = "SELECT key, position, checksum FROM cells WHERE key IN "
        rows = list(select(connection, query, keys))
        if not rows:
            return {}
        path = self._pixel_path(connection)
        self._check_length(path, 1 + max(position for _, position, _ in rows))
        file = _open_files.get(path)
        if file is None:
            file = _open_files[path] = PixelFile.of_file(path, self._shape)
        found = {}
        for key, position, checksum in sorted(rows, key=lambda row: row[1]):
            if zlib.crc32(file.read_bytes(position)) != checksum:
                raise DamagedFile(f"the pixels in {file.name} are damaged")
            found[key] = StoredImage(file, position)
        return found

    def _write(
        self,
        connection: sqlite3.Connection,
        images: Mapping[bytes, NDArray[np.uint8]],
    ) -> dict[bytes, StoredImage]:
        self._name_pixels(connection)
        with transaction(connection):
            query = "SELECT key FROM cells WHERE key IN "
            known = {key for (key,) in select(connection, query, list(images))}
            new = {key: image for key, image in images.items() if key not in known}
            if new:
                self._append(connection, new)
            unclaim(connection, list(images))
        return self._read(connection, list(images))

    def _append(
        self, connection: sqlite3.Connection, images: Mapping[bytes, NDArray[np.uint8]]
    ) -> None:
        """Write pixels behind those that were committed, and then their positions."""
        data = [image.tobytes() for image in images.values()]
        query = "SELECT coalesce(max(position) + 1, 0) FROM cells WHERE size = ?"
        first = connection.execute(query, (self.size,)).fetchone()[0]
        self._check_room(connection, len(data) * self._n_bytes)
        path = self._pixel_path(connection)
        if first:
            self._check_length(path, first)
        number = os.open(path, _WRITE, 0o666)
        try:
            write_at(number, b"".join(data), first * self._n_bytes)
            os.fsync(number)  # or a crash could leave positions without pixels
        finally:
            os.close(number)
        connection.executemany(
            "INSERT INTO cells VALUES (?, ?, ?, ?)",
            (
                (key, self.size, first + i, zlib.crc32(pixels))
                for i, (key, pixels) in enumerate(zip(images, data, strict=True))
            ),
        )

    def _name_pixels(self, connection: sqlite3.Connection) -> None:
        """Choose a new name: a former index may have had pixels of this size."""
        query = "SELECT count(*) FROM files WHERE size = ?"
        if connection.execute(query, (self.size,)).fetchone()[0]:
            return
        name = f"amzest-images-{self.size}-{secrets.token_hex(8)}.pixels"
        with transaction(connection):
            connection.execute(
                "INSERT OR IGNORE INTO files VALUES (?, ?)", (self.size, name)
            )

    def _pixel_path(self, connection: sqlite3.Connection) -> Path:
        query = "SELECT name FROM files WHERE size = ?"
        found = connection.execute(query, (self.size,)).fetchone()
        # Whoever made the file must not name another one, which would be overwritten.
        if found is None or not _NAME.fullmatch(str(found[0])):
            raise DamagedFile("it does not name a file of pixels")
        return self.path.with_name(found[0])

    def _check_length(self, path: Path, n_images: int) -> None:
        if not path.is_file():
            raise DamagedFile(f"{path.name} is missing")
        if path.stat().st_size < n_images * self._n_bytes:
            raise DamagedFile(f"{path.name} has been cut short")

    def _check_room(self, connection: sqlite3.Connection, n_bytes: int) -> None:
        query = (
            "SELECT sum(3 * size * size * (SELECT coalesce(max(position) + 1, 0) "
            "FROM cells WHERE cells.size = files.size)) FROM files"
        )
        present = connection.execute(query).fetchone()[0] or 0
        if present + n_bytes > self.max_bytes:
            limit = self.max_bytes / 2**30
            raise OSError(f"it would exceed its limit of {limit:g} GiB")
        if shutil.disk_usage(self.path.parent).free < n_bytes + _FREE_BYTES:
            raise OSError("less than 1 GiB of the disk is free")
