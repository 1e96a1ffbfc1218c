"""Read lines of plain or compressed files in chunks."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from amzest.utils import require

#: Longest line that is read, in bytes. Published lines are shorter than 1 MB.
MAX_LINE_BYTES = 16 * 2**20

_CHUNK_BYTES = 2**20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_COMPRESSIONS = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x50\x2a\x4d\x18": "zstd",  # with a skippable frame first, as pzstd writes it
}
#: Files that are passed by mistake, with a remedy.
_OTHER_KINDS = {
    b"PK\x03\x04": "a ZIP archive; unpack it first",
    b"BZh": "a bzip2 file; unpack it first",
    b"\xfd7zXZ": "an xz file; unpack it first",
    b"PAR1": "a Parquet file; read it with pandas.read_parquet",
    b"\xff\xfe": "UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8",
}


class LineTooLong(ValueError):
    """A line is too long to be read; it was not kept in memory."""


def read_lines(
    path: str | os.PathLike[str], *, purpose: str, max_bytes: int = MAX_LINE_BYTES
) -> Iterator[tuple[int, bytes | LineTooLong]]:
    """Yield the numbers and the stripped lines of a file that are not empty.

    Compression is detected from the first bytes. In place of a line of more than
    `max_bytes` the exception is yielded, and nothing of the line is kept in memory.
    """
    chunks = read_chunks(Path(path), file_compression(path), purpose)
    yield from split_lines(chunks, max_bytes)


def split_lines(
    chunks: Iterable[bytes], max_bytes: int = MAX_LINE_BYTES
) -> Iterator[tuple[int, bytes | LineTooLong]]:
    """Yield the numbers and the stripped lines of a text, see `read_lines`."""
    number = 0
    kept = b""  # the beginning of a line whose end is in a later chunk
    n_passed = 0  # bytes of a line that is too long
    for chunk in chunks:
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            number += 1
            if n_passed + len(kept) + len(line) > max_bytes:
                yield number, _too_long(n_passed + len(kept) + len(line), max_bytes)
            elif stripped := (kept + line).strip():
                yield number, stripped
            kept, n_passed = b"", 0
        kept += rest
        if n_passed or len(kept) > max_bytes:
            kept, n_passed = b"", n_passed + len(kept)
    if n_passed:
        yield number + 1, _too_long(n_passed, max_bytes)
    elif kept.strip():
        yield number + 1, kept.strip()


def file_compression(path: str | os.PathLike[str]) -> str | None:
    """Return the compression of a file; raise if it cannot contain lines of text."""
    path = Path(path)
    if not path.is_file():
        kind = "is a folder, not a file" if path.is_dir() else "does not exist"
        msg = f"`path` {str(path)!r} {kind}. Check the spelling and the folder."
        raise IsADirectoryError(msg) if path.is_dir() else FileNotFoundError(msg)
    with open(path, "rb") as file:
        head = file.read(8)
    for magic, kind in _OTHER_KINDS.items():
        if head.startswith(magic):
            raise ValueError(f"{path}: is {kind}.")
    return next(
        (name for magic, name in _COMPRESSIONS.items() if head.startswith(magic)), None
    )


def read_chunks(
    path: Path,
    compression: str | None,
    purpose: str,
    start: int = 0,
    stop: int | None = None,
) -> Iterator[bytes]:
    """Yield the decompressed content of a file, or of a part of it, in chunks.

    The part is from byte `start` to byte `stop` of the file, before decompression.
    """
    part = path if (start, stop) == (0, None) else _FilePart(path, start, stop)
    if compression is None:
        stream: Any = open(path, "rb") if part is path else part  # noqa: SIM115
    else:
        pyarrow = require("pyarrow", extra="data", purpose=purpose)
        stream = pyarrow.input_stream(
            str(path) if part is path else part,
            compression=compression,
            buffer_size=_CHUNK_BYTES,
        )
    with stream:
        is_first = start == 0
        while True:
            try:
                chunk = stream.read(_CHUNK_BYTES)
            except OSError as error:
                if compression is None:
                    raise
                msg = (
                    f"{path}: is not a complete {compression} file ({error}). Copy or "
                    "download it again."
                )
                raise ValueError(msg) from error
            if not chunk:
                return
            yield chunk.removeprefix(_BYTE_ORDER_MARK) if is_first else chunk
            is_first = False


class _FilePart(io.RawIOBase):
    """The bytes of a file from `start` to `stop`, as a file."""

    def __init__(self, path: Path, start: int, stop: int | None) -> None:
        self._file = open(path, "rb")  # noqa: SIM115
        self._left = os.fstat(self._file.fileno()).st_size if stop is None else stop
        self._left -= self._file.seek(start)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(max(0, min(len(buffer), self._left)))
        self._left -= len(data)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def _too_long(n_bytes: int, max_bytes: int) -> LineTooLong:
    return LineTooLong(
        f"the line is {n_bytes:,} bytes long; at most {max_bytes:,} are read"
    )
