"""Lines of a text file: its encoding, byte order mark and compression."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from amzest.utils import shown

#: Longer marks first: that of UTF-32 starts with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: No encoding has a longer name.
_LONGEST_NAME = 100
#: What reading a damaged gzip file raises.
_DAMAGED = (gzip.BadGzipFile, EOFError, zlib.error)
_EXAMPLES = '"utf-8", "cp1252" (Windows), "latin-1", "utf-16"'


def codec_name(encoding: Any) -> str:
    """Return the name that Python has for an encoding, however it is spelled.

    Parameters
    ----------
    encoding : str
        What the user passed.

    Returns
    -------
    str
        Such as "utf-8" for "UTF_8", "utf8" and "U8".

    Raises
    ------
    TypeError
        If it is no string.
    ValueError
        If Python has no such encoding of text.
    """
    if not isinstance(encoding, str):
        msg = f"`encoding` must be a str such as {_EXAMPLES}, got {shown(encoding)}."
        raise TypeError(msg)
    try:
        codec = codecs.lookup(encoding[:_LONGEST_NAME])
        known = bool(getattr(codec, "_is_text_encoding", True))
    except (LookupError, ValueError):
        known = False
    if not known:
        msg = (
            f"`encoding` {shown(encoding)} is not known to Python. Pass the encoding "
            f"that the file was saved with, such as {_EXAMPLES}."
        )
        raise ValueError(msg)
    return codec.name


@contextmanager
def open_lines(path: Path, encoding: str) -> Iterator[io.TextIOBase]:
    """Open a text file, compressed or not, to read its lines.

    Parameters
    ----------
    path : Path
        The file.

    encoding : str
        What :func:`codec_name` returned.

    Yields
    ------
    text file
        Without a byte order mark; line breaks are as they are in the file.

    Raises
    ------
    ValueError
        If it is not of this encoding, or compressed and damaged. Also where the block
        that reads the lines finds this.
    """
    try:
        with _open(path) as file:
            mark = next((m for m in _MARKS if file.peek(4).startswith(m[0])), None)
            used = encoding if mark is None else _marked(path, encoding, mark[1])
            with io.TextIOWrapper(file, encoding=used, newline="") as lines:
                yield lines
    except (UnicodeError, *_DAMAGED) as error:
        raise ValueError(_problem(path, encoding, error)) from error


def _open(path: Path) -> Any:
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rb")
    return open(path, "rb")


def _marked(path: Path, encoding: str, marked: str) -> str:
    """Return the encoding that a byte order mark states, unless the user's differs."""
    family = marked.removesuffix("-sig")
    # UTF-8 is the default, so that the mark of another encoding says more.
    if encoding in ("utf-8", "utf-8-sig") or encoding.startswith(family):
        return marked
    msg = (
        f"{path}: starts with the byte order mark of {family}, but `encoding` is "
        f'"{encoding}". Pass encoding="{family}".'
    )
    raise ValueError(msg)


def _problem(path: Path, encoding: str, error: Exception) -> str:
    """Say what a file is not: in which line, if it is not of an encoding."""
    line, cell, data = "", "", b""
    try:
        if isinstance(error, UnicodeError):
            with _open(path) as file:
                data = file.read()
    except _DAMAGED as damage:
        error = damage
    if not isinstance(error, UnicodeError):
        return f"{path}: is no complete gzip file ({error}). Copy or download it again."
    try:
        data.decode(encoding)
    except UnicodeDecodeError as first:
        before = data[: first.start].decode(encoding, "ignore")
        n_lines = before.replace("\r\n", "\n").replace("\r", "\n").count("\n")
        line = f"line {n_lines + 1} "
        cell = f" after {before[-20:].splitlines()[-1]!r}" if before.strip() else ""
        reason = f"byte 0x{data[first.start]:02x}{cell}: {first.reason}"
    except UnicodeError as first:
        reason = str(first)
    else:
        reason = str(error)
    return (
        f"{path}: {line}is not {encoding} text ({reason}). Pass the encoding that the "
        'file was saved with, such as encoding="cp1252" for one that was saved by a '
        "Windows program."
    )
