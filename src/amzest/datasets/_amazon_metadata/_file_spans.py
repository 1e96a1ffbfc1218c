"""Spans of a large file, which can be read at the same time.

The spans of a file depend on the file alone, so that what is read does not depend on
the number of processes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from amzest.datasets._amazon_metadata._line_files import file_compression, read_chunks
from amzest.datasets._amazon_metadata._packed_members import member_starts

#: Size of a span, in bytes of text and in compressed bytes. About the same number of
#: lines, as metadata is compressed to a quarter.
SPAN_BYTES = 64 * 2**20
PACKED_BYTES = 16 * 2**20
#: A compressed file is a stream if one of its spans would be longer than this.
_MAX_SPANS = 4


@dataclass(frozen=True)
class FileSpan:
    """Whole lines of a file.

    From byte `start` to byte `stop` of a plain file, where lines start; the lines that
    start in the members from `start` to `stop` of a compressed file, see `chunks`; or
    the span `number` of a stream, which may be unpacked into a file.
    """

    path: Path
    number: int = 0
    start: int = 0
    stop: int | None = None
    unpacked: Path | None = None

    def chunks(self, purpose: str) -> Iterator[bytes]:
        """Yield the text of the span in chunks."""
        if self.unpacked is not None:
            with open(self.unpacked, "rb") as file:
                while chunk := file.read(1 << 20):
                    yield chunk
            return
        compression = file_compression(self.path)
        chunks = read_chunks(self.path, compression, purpose, self.start, self.stop)
        if compression is None or (self.start, self.stop) == (0, None):
            yield from chunks
            return
        # A line may continue in the next member. It is read where it starts, also if
        # it starts exactly at `stop`: every span but the first leaves out everything
        # up to the first end of a line, and ends with the first one after `stop`.
        if self.start:
            for chunk in chunks:
                _, newline, rest = chunk.partition(b"\n")
                if newline:
                    yield rest
                    break
            else:
                return
        yield from chunks
        if self.stop is not None:
            for chunk in read_chunks(self.path, compression, purpose, self.stop):
                end, newline, _ = chunk.partition(b"\n")
                yield end + newline
                if newline:
                    return


def file_spans(path: Path) -> list[FileSpan] | None:
    """Return the spans of a file; None if it is a stream, see `stream_spans`."""
    compression = file_compression(path)
    size = path.stat().st_size
    if compression is None:
        starts = [0, *_line_starts(path, size)]
    elif size <= 2 * PACKED_BYTES:
        starts = [0]
    else:
        starts = member_starts(path, compression, PACKED_BYTES)
        longest = max(stop - start for start, stop in pairwise([*starts, size]))
        if longest > _MAX_SPANS * PACKED_BYTES:
            return None
    stops: list[int | None] = [*starts[1:], None]
    spans = enumerate(zip(starts, stops, strict=True))
    return [FileSpan(path, number, *span) for number, span in spans]


def stream_spans(
    path: Path, purpose: str
) -> Iterator[tuple[FileSpan, Iterator[bytes]]]:
    """Yield the spans of a stream and their chunks, which are read in this order.

    A span ends with the first line that ends at least `SPAN_BYTES` after its start.
    """
    chunks = read_chunks(path, file_compression(path), purpose)
    rest = next(chunks, b"")
    number = 0

    def one_span() -> Iterator[bytes]:
        nonlocal rest
        left, chunk, rest = SPAN_BYTES, rest, b""
        while chunk:
            end = chunk.find(b"\n", max(left - 1, 0)) + 1
            if end:
                rest = chunk[end:]
                yield chunk[:end]
                break
            left -= len(chunk)
            yield chunk
            chunk = next(chunks, b"")
        rest = rest or next(chunks, b"")

    while rest or not number:
        span = one_span()
        yield FileSpan(path, number), span
        for _ in span:  # what the caller has not read
            pass
        number += 1


def _line_starts(path: Path, size: int) -> Iterator[int]:
    """Yield starts of lines, about `SPAN_BYTES` apart."""
    start = 0
    with open(path, "rb") as file:
        while size - start > 1.5 * SPAN_BYTES:
            position = file.seek(start + SPAN_BYTES - 1)
            while chunk := file.read(1 << 16):
                end = chunk.find(b"\n") + 1
                if end:
                    start = position + end
                    break
                position += len(chunk)
            if not chunk or start == size:
                return
            yield start
