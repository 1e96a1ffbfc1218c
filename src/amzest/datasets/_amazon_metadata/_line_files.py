"""Read lines of plain or compressed files in chunks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from amzest.utils import require

#: Longest line that is read, in bytes. Published lines are shorter than 1 MB.
MAX_LINE_BYTES = 16 * 2**20

_CHUNK_BYTES = 2**20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_COMPRESSIONS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
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
    number = 0
    kept = b""  # the beginning of a line whose end is in a later chunk
    n_passed = 0  # bytes of a line that is too long
    for chunk in _read_chunks(Path(path), purpose):
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


def _read_chunks(path: Path, purpose: str) -> Iterator[bytes]:
    """Yield the decompressed content of a file in chunks."""
    if not path.is_file():
        kind = "is a folder, not a file" if path.is_dir() else "does not exist"
        msg = f"`path` {str(path)!r} {kind}. Check the spelling and the folder."
        raise IsADirectoryError(msg) if path.is_dir() else FileNotFoundError(msg)
    with open(path, "rb") as file:
        head = file.read(8)
    for magic, kind in _OTHER_KINDS.items():
        if head.startswith(magic):
            raise ValueError(f"{path}: is {kind}.")
    compression = next(
        (name for magic, name in _COMPRESSIONS.items() if head.startswith(magic)), None
    )
    if compression is None:
        stream: Any = open(path, "rb")  # noqa: SIM115
    else:
        pyarrow = require("pyarrow", extra="data", purpose=purpose)
        stream = pyarrow.input_stream(
            str(path), compression=compression, buffer_size=_CHUNK_BYTES
        )
    with stream:
        start = True
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
            yield chunk.removeprefix(_BYTE_ORDER_MARK) if start else chunk
            start = False


def _too_long(n_bytes: int, max_bytes: int) -> LineTooLong:
    return LineTooLong(
        f"the line is {n_bytes:,} bytes long; at most {max_bytes:,} are read"
    )
