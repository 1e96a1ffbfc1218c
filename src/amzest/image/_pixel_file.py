"""Decoded images in a file: a temporary one, or one that processes share."""

from __future__ import annotations

import os
import tempfile
import weakref
from pathlib import Path
from typing import Any, NamedTuple, Self

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
        self,
        shape: tuple[int, ...],
        dtype: type[np.number[Any]] = np.uint8,
        path: Path | None = None,
    ) -> None:
        self.shape = shape
        self.dtype = dtype
        self.nbytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
        self.name = "the file of decoded images" if path is None else path.name
        # Closed by the finalizer: it has to stay open as long as this object lives.
        if path is None:
            self._file = tempfile.TemporaryFile(  # noqa: SIM115
                prefix="amzest-images-", buffering=0
            )
        else:
            self._file = open(path, "rb", buffering=0)  # noqa: SIM115
        weakref.finalize(self, self._file.close)

    @classmethod
    def of_file(cls, path: Path, shape: tuple[int, ...]) -> Self:
        """Return the images in a file that exists, to be read only."""
        return cls(shape, path=path)

    def write(self, position: int, pixels: NDArray[Any]) -> StoredImage:
        """Write an image, or its feature maps, at a position counted in images."""
        try:
            write_at(self._file.fileno(), pixels.tobytes(), position * self.nbytes)
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
        data = self.read_bytes(position)
        return np.frombuffer(data, dtype=self.dtype).reshape(self.shape)

    def read_bytes(self, position: int) -> bytes:
        """Read the bytes at a position."""
        number, offset = self._file.fileno(), position * self.nbytes
        data = _read_at(number, self.nbytes, offset)
        if len(data) < self.nbytes:
            missing = self.nbytes - len(data)
            raise OSError(f"{self.name} ends {missing} bytes too early")
        return data


#: Windows has no pread and pwrite: there, one thread at a time moves the position.
_seek_lock = ForkSafeLock()


def write_at(number: int, data: bytes, offset: int) -> None:
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
    """Read bytes at an offset, up to the end of the file.

    One system call may read fewer.
    """
    pieces = []
    while n_bytes:
        if hasattr(os, "pread"):
            piece = os.pread(number, n_bytes, offset)
        else:
            with _seek_lock:
                os.lseek(number, offset, os.SEEK_SET)
                piece = os.read(number, n_bytes)
        if not piece:
            break
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
