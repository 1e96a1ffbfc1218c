"""Files of lines, plain or compressed, read piece by piece."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from amzest.utils import require

#: Longest line that is read, in bytes. Published lines stay below 1 MB.
MAX_LINE_BYTES = 16 * 2**20

_PIECE_BYTES = 2**20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_COMPRESSIONS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
#: What people pass by mistake, and what to do about it.
_OTHER_KINDS = {
    b"PK\x03\x04": "a ZIP archive; unpack it first",
    b"BZh": "a bzip2 file; unpack it first",
    b"\xfd7zXZ": "an xz file; unpack it first",
    b"PAR1": "a Parquet file; read it with pandas.read_parquet",
    b"\xff\xfe": "UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8",
}


class LineTooLong(ValueError):
    """A line is longer than what is read; it was passed over, not kept in memory."""


def read_lines(
    path: str | os.PathLike[str], *, purpose: str, max_bytes: int = MAX_LINE_BYTES
) -> Iterator[tuple[int, bytes | LineTooLong]]:
    """Yield the lines of a file that hold something, with their numbers.

    Parameters
    ----------
    path : str or path-like
        A plain, gzip or Zstandard file. Which one is seen from its first bytes, the
        name does not matter.

    purpose : str
        Function that needs the lines, for the message about a missing package.

    max_bytes : int, default=16 MiB
        Longest line, in bytes. Of a longer one nothing is kept, so that memory does
        not depend on what is in the file.

    Yields
    ------
    number : int
        Of the line, counted from 1.

    line : bytes or LineTooLong
        Without white space around it; in place of a line that is too long, the
        exception that says so.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is of another kind, or the end of a compressed file is missing.
    """
    number = 0
    kept = b""  # the beginning of a line whose end is in a later piece
    n_passed = 0  # bytes of a line that is too long
    for piece in _read_pieces(Path(path), purpose):
        *lines, rest = piece.split(b"\n")
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


def _read_pieces(path: Path, purpose: str) -> Iterator[bytes]:
    """Yield the content of a file in pieces, unpacked."""
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
            str(path), compression=compression, buffer_size=_PIECE_BYTES
        )
    with stream:
        start = True
        while True:
            try:
                piece = stream.read(_PIECE_BYTES)
            except OSError as error:
                if compression is None:
                    raise
                msg = (
                    f"{path}: is no complete {compression} file ({error}). Copy or "
                    "download it again."
                )
                raise ValueError(msg) from error
            if not piece:
                return
            yield piece.removeprefix(_BYTE_ORDER_MARK) if start else piece
            start = False


def _too_long(n_bytes: int, max_bytes: int) -> LineTooLong:
    return LineTooLong(
        f"the line is {n_bytes:,} bytes long; at most {max_bytes:,} are read"
    )
