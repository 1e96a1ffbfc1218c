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

#: The mark of UTF-32 starts with that of UTF-16, so it comes first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: Longer names are not looked up: no encoding has one.
_LONGEST_NAME = 100
#: Errors of reading a damaged gzip file.
_DAMAGED = (gzip.BadGzipFile, EOFError, zlib.error)
_EXAMPLES = '"utf-8", "cp1252" (Windows), "latin-1", "utf-16"'


def codec_name(encoding: str) -> str:
    """Return Python's name of an encoding: "utf-8" for "UTF_8" and "U8"."""
    try:
        # "base64" and "rot13" are codecs, but not encodings of text.
        codec = codecs.lookup(encoding[:_LONGEST_NAME])
        known = bool(getattr(codec, "_is_text_encoding", True))
    except (LookupError, ValueError):
        known = False
    if not known:
        msg = (
            f"`encoding` {shown(encoding)} is not known to Python. Pass the encoding "
            f"of the file, such as {_EXAMPLES}."
        )
        raise ValueError(msg)
    return codec.name


@contextmanager
def open_lines(path: Path, encoding: str) -> Iterator[io.TextIOBase]:
    """Open a text file, possibly compressed, without its byte order mark.

    Line breaks are not translated. ValueError if the file is damaged or has another
    encoding, also if this is found while the lines are read.
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
    """Return the encoding that a byte order mark states, or raise if it conflicts."""
    family = marked.removesuffix("-sig")
    # UTF-8 is the default: the user may not have chosen it, and the mark is certain.
    if encoding in ("utf-8", "utf-8-sig") or encoding.startswith(family):
        return marked
    msg = (
        f"{path}: starts with the byte order mark of {family}, but `encoding` is "
        f'"{encoding}". Pass encoding="{family}".'
    )
    raise ValueError(msg)


def _problem(path: Path, encoding: str, error: Exception) -> str:
    """Return a message about a damaged file or a wrong encoding, with the line."""
    line, cell, data = "", "", b""
    try:
        if isinstance(error, UnicodeError):
            with _open(path) as file:
                data = file.read()
    except _DAMAGED as damage:
        error = damage
    if not isinstance(error, UnicodeError):
        return (
            f"{path}: is not a complete gzip file ({error}). Copy or download it again."
        )
    # The reader decodes in chunks, so the position in its error is useless: the bytes
    # are decoded again as a whole to find the line.
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
        f"{path}: {line}is not {encoding} text ({reason}). Pass the encoding of "
        'the file, such as encoding="cp1252" for a file saved by a Windows program.'
    )
