"""Where the parts of a compressed file start that can be decompressed on their own.

These are the members of a gzip file [1]_ and the frames of a Zstandard file [2]_. A
file made by one run of gzip or zstd usually has a single one; files made by bgzip [3]_
or pzstd have many, and so have files that were concatenated.

References
----------
.. [1] RFC 1952, GZIP file format specification.
.. [2] RFC 8878, Zstandard compression.
.. [3] Sequence Alignment/Map format specification, section 4.1, BGZF.
"""

from __future__ import annotations

import mmap
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

#: Header of a gzip member: method 8, no reserved flag, time, and values of the last two
#: bytes that programs write.
_GZIP_HEADER = re.compile(
    rb"\x1f\x8b\x08[\x00-\x1f].{4}[\x00\x02\x04][\x00-\x0d\xff]", re.DOTALL
)
#: Bytes of a possible member that are decompressed to see whether it is one.
_TRIAL_BYTES = 1 << 16
_ZSTD_MAGIC = 0xFD2FB528
#: Frames with other data than text start with one of 16 numbers.
_SKIPPABLE_MAGIC = 0x184D2A5
_RAW, _RLE = 0, 1


def member_starts(path: Path, compression: str, step: int) -> list[int]:
    """Return starts of members, at least `step` bytes apart; the first one is 0.

    Only members that are certain are returned, and none of a damaged part of the file.
    """
    with (
        open(path, "rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        if compression == "zstd":
            starts = _zstd_frames(data)
        elif _block_size(data, 0):
            starts = _bgzip_blocks(data)
        else:
            starts = _gzip_members(data, step)
        found = [0]
        for start in starts:
            if start - found[-1] >= step and len(data) - start >= step // 2:
                found.append(start)
    return found


def _block_size(data: mmap.mmap, start: int) -> int:
    """Return the size of a block that bgzip wrote, 0 if it is none."""
    header = data[start : start + 18]
    # One extra field with the identifier BC and two bytes: the size of the block.
    if len(header) == 18 and header[:4] == b"\x1f\x8b\x08\x04":
        length, name, size, n_bytes = struct.unpack("<H2sHH", header[10:])
        if (length, name, size) == (6, b"BC", 2):
            return int(n_bytes) + 1
    return 0


def _bgzip_blocks(data: mmap.mmap) -> Iterator[int]:
    start = 0
    while size := _block_size(data, start):
        yield start
        start += size


def _gzip_members(data: mmap.mmap, step: int) -> Iterator[int]:
    """Yield members, the first one after each `step` bytes.

    A header can occur within compressed data by chance. Data that then decompresses
    without an error is practically impossible. If it happened, the part of the file
    before it would end within a member, which is an error, and not other text.
    """
    position = 0
    while match := _GZIP_HEADER.search(data, position):
        position = match.start() + 1
        if match.start() == 0 or _is_member(data, match.start()):
            yield match.start()
            position += step - 1


def _is_member(data: mmap.mmap, start: int) -> bool:
    unpack = zlib.decompressobj(wbits=31)
    try:
        text = unpack.decompress(data[start : start + _TRIAL_BYTES])
    except zlib.error:
        return False
    return unpack.eof or bool(text)


def _zstd_frames(data: mmap.mmap) -> Iterator[int]:
    start: int | None = 0
    while start is not None and start < len(data):
        yield start
        start = _frame_end(data, start)


def _frame_end(data: mmap.mmap, start: int) -> int | None:
    """Return where a frame ends, from the sizes of its blocks; None if damaged."""
    try:
        (magic,) = struct.unpack_from("<I", data, start)
        if magic >> 4 == _SKIPPABLE_MAGIC:
            (size,) = struct.unpack_from("<I", data, start + 4)
            return start + 8 + int(size)
        if magic != _ZSTD_MAGIC:
            return None
        descriptor = data[start + 4]
        single_segment, has_checksum = descriptor >> 5 & 1, descriptor >> 2 & 1
        # Sizes of the fields of the header: content size, window, dictionary.
        content = (single_segment, 2, 4, 8)[descriptor >> 6]
        dictionary = (0, 1, 2, 4)[descriptor & 3]
        position = start + 5 + (1 - single_segment) + dictionary + content
        is_last = False
        while not is_last:
            header = int.from_bytes(data[position : position + 3], "little")
            kind, size = header >> 1 & 3, header >> 3
            if position + 3 > len(data) or kind > 2:
                return None
            is_last = bool(header & 1)
            position += 3 + (1 if kind == _RLE else size)
        return position + 4 * has_checksum
    except (struct.error, IndexError):
        return None
