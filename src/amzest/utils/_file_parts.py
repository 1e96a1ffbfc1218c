"""Images that are stored as they are within a larger file, such as a tar file."""

from __future__ import annotations

import os
from dataclasses import dataclass

from amzest.utils._image_cells import UnreadableImage
from amzest.utils._image_files import check_regular_file, open_regular_file
from amzest.utils._image_references import ImageReference

#: Longer parts of a file are not images.
MAX_IMAGE_BYTES = 2**28


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file with many images, in the state in which it was indexed."""

    path: str  # absolute
    n_bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> SourceFile:
        """Return the present state of a file; raise OSError or UnreadableImage."""
        path = os.path.abspath(path)
        found = os.stat(path)
        check_regular_file(found)
        return cls(path, found.st_size, found.st_mtime_ns)

    @property
    def key(self) -> tuple[str, int, int]:
        """What identifies the content of the file."""
        return self.path, self.n_bytes, self.mtime_ns

    def check(self, found: os.stat_result) -> None:
        """Raise if the file has another state now."""
        if (found.st_size, found.st_mtime_ns) != (self.n_bytes, self.mtime_ns):
            raise UnreadableImage(
                f"{self.path} has changed since its images were listed; list them again"
            )


class FilePart(ImageReference):
    """An image that is stored at an offset of a file."""

    __slots__ = ("n_bytes", "offset", "source")

    def __init__(self, source: SourceFile, offset: int, n_bytes: int) -> None:
        self.source, self.offset, self.n_bytes = source, offset, n_bytes

    @property
    def path(self) -> str:
        """Absolute path of the file."""
        return self.source.path

    @property
    def key(self) -> tuple[str | int, ...]:
        """Path and state of the file, offset and length."""
        return (*self.source.key, self.offset, self.n_bytes)

    def read(self) -> bytes:
        """Read the bytes at the offset."""
        source = self.source
        # Opened each time, which takes a tenth of the time of decoding a thumbnail: no
        # limit of open files is reached, and a file that has changed is noticed.
        try:
            with open_regular_file(source.path, 2**62) as file:
                source.check(os.fstat(file.fileno()))
                file.seek(self.offset)
                data = file.read(self.n_bytes)
        except UnreadableImage as error:
            # Also if it is not found: the row is not one without an image.
            raise UnreadableImage(_named(source.path, error)) from error
        if len(data) != self.n_bytes:
            raise UnreadableImage(f"{source.path} ends within the image")
        return data

    def __repr__(self) -> str:
        return f"<image in {os.path.basename(self.path)} at byte {self.offset}>"


def _named(path: str, error: UnreadableImage) -> str:
    reason = str(error)
    return reason if path in reason else f"{path}: {reason}"
