"""Files of lines come back line by line, whatever they are packed in."""

import gzip
import tracemalloc

import pyarrow
import pytest

from amzest.datasets._amazon_metadata._line_files import LineTooLong, read_lines

TEXT = b"one\r\n\n  two \nthree"
LINES = [(1, b"one"), (3, b"two"), (4, b"three")]


def zstd(data):
    return pyarrow.compress(data, "zstd", asbytes=True)


def lines_of(path, **limits):
    return list(read_lines(path, purpose="a test", **limits))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd])
def test_packing_is_seen_from_the_content(tmp_path, pack):
    path = tmp_path / "lines.anything"
    path.write_bytes(pack(TEXT))
    assert lines_of(path) == LINES


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_packed_files_one_after_the_other_are_one(tmp_path, pack):
    path = tmp_path / "lines"
    path.write_bytes(pack(b"a\nb") + pack(b"c\nd\n"))
    assert lines_of(path) == [(1, b"a"), (2, b"bc"), (3, b"d")]


def test_byte_order_mark_and_missing_last_line_end(tmp_path):
    path = tmp_path / "lines"
    path.write_bytes(b"\xef\xbb\xbfone\ntwo")
    assert lines_of(path) == [(1, b"one"), (2, b"two")]


def test_empty_file_has_no_lines(tmp_path):
    path = tmp_path / "lines"
    path.write_bytes(b"")
    assert lines_of(path) == []


def test_lines_across_chunks_are_complete(tmp_path, monkeypatch):
    monkeypatch.setattr("amzest.datasets._amazon_metadata._line_files._CHUNK_BYTES", 3)
    path = tmp_path / "lines"
    path.write_bytes(TEXT)
    assert lines_of(path) == LINES


@pytest.mark.parametrize("end", [b"\nlast\n", b"\nlast", b""])
def test_line_too_long_is_skipped_and_named(tmp_path, monkeypatch, end):
    monkeypatch.setattr("amzest.datasets._amazon_metadata._line_files._CHUNK_BYTES", 4)
    path = tmp_path / "lines"
    path.write_bytes(b"first\n" + b"x" * 11 + end)
    first, long, *last = lines_of(path, max_bytes=10)
    assert first == (1, b"first")
    assert long[0] == 2
    assert isinstance(long[1], LineTooLong)
    assert str(long[1]) == "the line is 11 bytes long; at most 10 are read"
    assert last == ([(3, b"last")] if end else [])
    assert lines_of(path, max_bytes=11)[1] == (2, b"x" * 11)


def test_line_of_100_megabytes_does_not_stay_in_memory(tmp_path):
    path = tmp_path / "lines"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(100):
            file.write(b"x" * 2**20)
        file.write(b"\nnext\n")
    tracemalloc.start()
    try:
        long, following = lines_of(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(long[1], LineTooLong)
    assert following == (2, b"next")
    assert peak < 60 * 2**20


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_truncated_file_raises(tmp_path, pack):
    path = tmp_path / "lines.gz"
    path.write_bytes(pack(TEXT * 100)[:-9])
    with pytest.raises(
        ValueError, match=r"lines\.gz: is not a complete (gzip|zstd) file"
    ):
        lines_of(path)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"PK\x03\x04", "a ZIP archive"),
        (b"PAR1", "a Parquet file"),
        (b"\xff\xfea\x00", "UTF-16"),
    ],
)
def test_file_of_another_kind_is_refused(tmp_path, head, kind):
    path = tmp_path / "meta.json"
    path.write_bytes(head + b"rest")
    with pytest.raises(ValueError, match=rf"meta\.json: is {kind}"):
        lines_of(path)


def test_missing_file_and_folder_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        lines_of(tmp_path / "none")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        lines_of(tmp_path)
