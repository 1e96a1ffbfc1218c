"""Decoded images in a temporary file, for columns that exceed `max_memory`."""

from __future__ import annotations

import os
import tempfile
import weakref
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from amzest.utils import ForkSafeLock


class PixelFile:
    """Arrays of one shape and type, in an unnamed file that goes with the last of them.

    The file is read, not mapped: touched pages of a mapped file count as memory of the
    process, and an epoch touches all of them. `pread` and `pwrite` take the position as
    an argument, since forked processes share the one that `seek` sets.
    """

    def __init__(
        self, shape: tuple[int, ...], dtype: type[np.number[Any]] = np.uint8
    ) -> None:
        self.shape = shape
        self.dtype = dtype
        self.nbytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
        # Closed by the finalizer: it has to stay open as long as this object lives.
        self._file = tempfile.TemporaryFile(  # noqa: SIM115
            prefix="amzest-images-", buffering=0
        )
        weakref.finalize(self, self._file.close)

    def write(self, position: int, pixels: NDArray[Any]) -> StoredImage:
        """Write an image, or its feature maps, at a position counted in images."""
        try:
            _write_at(self._file.fileno(), pixels.tobytes(), position * self.nbytes)
        except OSError as error:
            raise OSError(
                error.errno,
                f"decoded images cannot be written ({error.strerror}); make room "
                "there, set TMPDIR to another folder, or raise max_memory",
                tempfile.gettempdir(),
            ) from error
        return StoredImage(self, position)

    def read(self, position: int) -> NDArray[Any]:
        """Read what is at a position."""
        data = _read_at(self._file.fileno(), self.nbytes, position * self.nbytes)
        return np.frombuffer(data, dtype=self.dtype).reshape(self.shape)


#: Windows has no pread and pwrite: there, one thread at a time moves the position.
_seek_lock = ForkSafeLock()


def _write_at(number: int, data: bytes, offset: int) -> None:
    """Write all bytes at an offset; one system call may write fewer."""
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
    """Read all bytes at an offset; one system call may read fewer."""
    pieces = []
    while n_bytes:
        if hasattr(os, "pread"):
            piece = os.pread(number, n_bytes, offset)
        else:
            with _seek_lock:
                os.lseek(number, offset, os.SEEK_SET)
                piece = os.read(number, n_bytes)
        if not piece:
            raise OSError(f"the file of decoded images ends {n_bytes} bytes too early")
        pieces.append(piece)
        n_bytes, offset = n_bytes - len(piece), offset + len(piece)
    return b"".join(pieces)


class StoredImage(NamedTuple):
    """An image in a file: the file, and the position in it."""

    file: PixelFile
    position: int


#: A decoded image: an array of shape (size, size, 3), or its position in a file.
DecodedImage = NDArray[np.uint8] | StoredImage


def pixels_of(image: DecodedImage) -> NDArray[np.uint8]:
    """Return the pixels of an image in memory or in a file."""
    return image.file.read(image.position) if isinstance(image, StoredImage) else image
