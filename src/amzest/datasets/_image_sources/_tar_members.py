"""The members of a tar file: where they are, and the content of short ones."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, NamedTuple

from amzest.utils import shown

#: Bytes of a header with a long name, or of a text, that are read.
_MAX_READ = 2**20
_BLOCK = 512


class Member(NamedTuple):
    """A regular file within a tar file."""

    name: str
    offset: int  # of its content
    n_bytes: int


class _BoundedFile:
    """A file of which a header cannot make `tarfile` read more than a limit."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, n_bytes: int = -1) -> bytes:
        """Read a short part."""
        if not 0 <= n_bytes <= _MAX_READ:
            raise tarfile.ReadError(f"a header of {n_bytes} bytes")
        return self._file.read(n_bytes)


class TarMembers:
    """Iterates over the regular files of an uncompressed tar file.

    Nothing is extracted, and names are not used as paths. Links, devices and sparse
    files are passed over. A damaged file raises ValueError.
    """

    def __init__(self, path: str, file: IO[bytes]) -> None:
        self._path, self._file = path, file
        self._n_bytes = os.fstat(file.fileno()).st_size

    def __iter__(self) -> Iterator[Member]:
        bounded = _BoundedFile(self._file)
        with (
            tar_errors(self._path),
            tarfile.open(fileobj=bounded, mode="r:", errorlevel=2) as tar,  # type: ignore[call-overload]
        ):
            end = 0
            while (info := tar.next()) is not None:
                tar.members.clear()
                self._check_size(info)
                if tar.offset <= end:
                    raise tarfile.ReadError("a header that leads back")
                end = tar.offset
                if info.isreg() and not info.issparse():
                    yield Member(_text(info.name), info.offset_data, info.size)
            self._check_end(tar.offset)

    def read(self, member: Member) -> bytes:
        """Return the content of a short member."""
        if member.n_bytes > _MAX_READ:
            raise ValueError(
                f"{self._path}: {shown(member.name)} has {member.n_bytes} bytes; a text"
                f" of at most {_MAX_READ} is read."
            )
        here = self._file.tell()
        self._file.seek(member.offset)
        data = self._file.read(member.n_bytes)
        self._file.seek(here)
        return data

    def _check_size(self, info: tarfile.TarInfo) -> None:
        # A size can be negative, in the binary notation of numbers.
        has_content = info.isreg() and not info.issparse()
        end = info.offset_data + (info.size if has_content else 0)
        if info.size < 0 or end > self._n_bytes:
            raise ValueError(f"{self._path}: ends within {shown(info.name)}.")

    def _check_end(self, offset: int) -> None:
        """Raise if the members end at a damaged header, which `tarfile` ignores."""
        self._file.seek(offset)
        rest = self._file.read(_MAX_READ)
        if rest.strip(b"\0"):
            found = "data after its end" if not any(rest[:_BLOCK]) else "no header"
            raise ValueError(
                f"{self._path}: contains {found} at byte {offset}. It is damaged, or "
                "several tar files were joined: pass each of them."
            )


def _text(name: str) -> str:
    """Return a name with escapes in place of bytes that are not UTF-8."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


@contextmanager
def tar_errors(path: str) -> Iterator[None]:
    """Convert whatever `tarfile` raises within the block to ValueError with the path.

    Damaged headers raise errors of many types.
    """
    try:
        yield
    except Exception as error:
        ours = isinstance(error, ValueError) and str(error).startswith(path)
        if ours or isinstance(error, OSError):
            raise
        raise ValueError(
            f"{path}: cannot be read as an uncompressed tar file ({error})."
        ) from error
