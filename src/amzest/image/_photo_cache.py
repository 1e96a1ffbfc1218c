"""Decoded photos that later fits and predictions of this process find again.

A search fits and scores the same photos many times. What is kept are arrays of pixels
by the file they came from; which of them is dropped first is a matter of time alone.
Estimators know nothing of this: neither pickle nor clone sees it.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import weakref
from collections import OrderedDict
from collections.abc import Hashable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from amzest.utils import MAX_PIXELS, ForkSafeLock

#: Bytes of pixels in files that are kept open for later; they take disk, not memory.
MAX_STORED_BYTES = 2**32


def photo_key(
    cell: Any, root: Path | None, size: int, max_pixels: int = MAX_PIXELS
) -> Hashable | None:
    """Return what tells a decoded photo from all others.

    Parameters
    ----------
    cell : object
        One cell of an image column.

    root : Path or None
        Folder that relative paths start from.

    size : int
        Height and width of the decoded photo.

    max_pixels : int, default=50000000
        Width times height of the largest image that is decoded. An image that was
        decoded under a higher limit is not found under this one.

    Returns
    -------
    tuple or None
        Of a file its path, place on disk, length and times, so that a file that was
        changed is another photo; of bytes a hash. None for pixels and for what is no
        file.
    """
    if isinstance(cell, bytes | bytearray | memoryview):
        return hashlib.blake2b(cell, digest_size=20).digest(), size, max_pixels
    if not isinstance(cell, str | os.PathLike):
        return None
    try:
        path = os.fspath(cell if root is None else os.path.join(root, cell))
        found = os.stat(path)
    except (OSError, ValueError):  # decoding says what is wrong with it
        return None
    path = os.path.abspath(path)
    return (
        path,
        found.st_dev,
        found.st_ino,
        found.st_size,
        found.st_mtime_ns,
        found.st_ctime_ns,
        size,
        max_pixels,
    )


class PhotoFile:
    """Pixels in a file without a name, which vanishes with the last of its photos.

    It is read, not mapped: pages of a mapped file count as memory of the process once
    they were touched, and an epoch touches all of them. Each read names its place:
    forked processes share the position in the file that `seek` moves.

    Parameters
    ----------
    shape : tuple of int
        Shape of one photo, of dtype uint8.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.nbytes = int(np.prod(shape))
        # Closed when this object goes, which no `with` can say.
        self._file = tempfile.TemporaryFile(  # noqa: SIM115
            prefix="amzest-images-", buffering=0
        )
        weakref.finalize(self, self._file.close)

    def write(self, place: int, pixels: NDArray[np.uint8]) -> StoredPhoto:
        """Put a photo into its place in the file."""
        try:
            _write_at(self._file.fileno(), pixels.tobytes(), place * self.nbytes)
        except OSError as error:
            raise OSError(
                error.errno,
                f"decoded images cannot be written ({error.strerror}); make room "
                "there, set TMPDIR to another folder, or raise max_memory",
                tempfile.gettempdir(),
            ) from error
        return StoredPhoto(self, place)

    def read(self, place: int) -> NDArray[np.uint8]:
        """Return the photo at a place."""
        held = _read_at(self._file.fileno(), self.nbytes, place * self.nbytes)
        return np.frombuffer(held, dtype=np.uint8).reshape(self.shape)


#: Where there is no pread, as on Windows: one seek and read at a time.
_seek_lock = ForkSafeLock()


def _write_at(number: int, data: bytes, offset: int) -> None:
    """Write all bytes at a place in a file, whatever its position is."""
    left = memoryview(data)
    while left:
        if hasattr(os, "pwrite"):
            n_written = os.pwrite(number, left, offset)
        else:
            with _seek_lock:
                os.lseek(number, offset, os.SEEK_SET)
                n_written = os.write(number, left)
        left, offset = left[n_written:], offset + n_written


def _read_at(number: int, n_bytes: int, offset: int) -> bytes:
    """Read so many bytes at a place in a file, whatever its position is."""
    pieces = []
    while n_bytes:
        if hasattr(os, "pread"):
            piece = os.pread(number, n_bytes, offset)
        else:
            with _seek_lock:
                os.lseek(number, offset, os.SEEK_SET)
                piece = os.read(number, n_bytes)
        if not piece:
            raise OSError(f"decoded images end {n_bytes} bytes early")
        pieces.append(piece)
        n_bytes, offset = n_bytes - len(piece), offset + len(piece)
    return b"".join(pieces)


class StoredPhoto(NamedTuple):
    """A photo that is in a file, and not in memory."""

    file: PhotoFile
    place: int

    @property
    def nbytes(self) -> int:
        """Bytes of pixels."""
        return self.file.nbytes


#: A decoded photo: an array of shape (size, size, 3), or where to read it.
Photo = NDArray[np.uint8] | StoredPhoto


def pixels_of(photo: Photo) -> NDArray[np.uint8]:
    """Return the pixels of a photo, wherever they are."""
    return photo.file.read(photo.place) if isinstance(photo, StoredPhoto) else photo


class PhotoCache:
    """Decoded photos, of which those that were not used for longest go first.

    Attributes
    ----------
    n_bytes : int
        Bytes of pixels that are kept.
    """

    def __init__(self) -> None:
        self.n_bytes = 0
        self._photos: OrderedDict[Hashable, Photo] = OrderedDict()
        self._lock = ForkSafeLock()

    def __len__(self) -> int:
        return len(self._photos)

    def get(self, key: Hashable) -> Photo | None:
        """Return a photo, now the one used last; None if it is not here."""
        with self._lock:
            photo = self._photos.get(key)
            if photo is not None:
                self._photos.move_to_end(key)
            return photo

    def put(self, key: Hashable, photo: Photo) -> None:
        """Keep a photo, read-only, for everybody shares it."""
        if isinstance(photo, np.ndarray):
            photo.flags.writeable = False
        with self._lock:
            if key not in self._photos:
                self._photos[key] = photo
                self.n_bytes += photo.nbytes

    def shrink(self, max_bytes: int) -> None:
        """Let photos go until no more than so many bytes are kept."""
        with self._lock:
            while self._photos and self.n_bytes > max_bytes:
                self.n_bytes -= self._photos.popitem(last=False)[1].nbytes


#: The photos of this process: in memory, and in files.
IN_MEMORY, STORED = PhotoCache(), PhotoCache()
