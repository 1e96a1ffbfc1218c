"""Cells of an image column that refer to an image within a larger file."""

from __future__ import annotations

from abc import ABC, abstractmethod


class ImageReference(ABC):
    """An encoded image within a larger file, read when it is needed.

    References are small, are pickled without the image, and are equal if they lead to
    the same image. The image is read anew each time.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def path(self) -> str:
        """Absolute path of the file."""

    @property
    @abstractmethod
    def key(self) -> tuple[str | int, ...]:
        """What identifies the image: path and state of the file, and the place in it.

        Images are read fastest in the order of their keys.
        """

    @abstractmethod
    def read(self) -> bytes:
        """Return the encoded image; raise UnreadableImage if it cannot be read."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ImageReference):
            return NotImplemented
        return type(self) is type(other) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)
