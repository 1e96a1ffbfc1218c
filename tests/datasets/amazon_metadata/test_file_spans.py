"""Spans of large files: the same lines, numbers and frames as the whole file."""

import gzip
import json
import random
import struct
import zlib
from itertools import accumulate

import joblib
import pandas as pd
import pyarrow
import pytest
from amazon_lines import write_lines
from pandas.testing import assert_frame_equal

from amzest.datasets import read_amazon_metadata
from amzest.datasets._amazon_metadata import _file_spans
from amzest.datasets._amazon_metadata._file_spans import file_spans, stream_spans
from amzest.datasets._amazon_metadata._line_files import read_lines, split_lines
from amzest.datasets._amazon_metadata._packed_members import member_starts

PURPOSE = "a test"


def zstd(data):
    return pyarrow.compress(data, "zstd", asbytes=True)


def block(data):
    """Return a block as bgzip writes it."""
    pack = zlib.compressobj(wbits=-15)
    packed = pack.compress(data) + pack.flush()
    head = b"\x1f\x8b\x08\x04" + bytes(5) + b"\xff"
    extra = struct.pack("<H2sHH", 6, b"BC", 2, len(packed) + 25)
    return head + extra + packed + struct.pack("<II", zlib.crc32(data), len(data))


def skippable(data):
    return struct.pack("<II", 0x184D2A50, 4) + b"note" + zstd(data)


def in_members(pack, size):
    """Return a function that packs text in members of a size, cut anywhere."""

    def packed(text):
        pieces = [text[i : i + size] for i in range(0, len(text), size)]
        return b"".join(map(pack, pieces)) + pack(b"")

    return packed


PACKS = {
    "plain": bytes,
    "bgzip": in_members(block, 120),
    "gzip members": in_members(gzip.compress, 90),
    "zstd frames": in_members(zstd, 70),
    "skippable frames": in_members(skippable, 70),
    "one gzip member": gzip.compress,
    "one zstd frame": zstd,
}


@pytest.fixture(autouse=True)
def _small_spans(monkeypatch):
    monkeypatch.setattr(_file_spans, "SPAN_BYTES", 200)
    monkeypatch.setattr(_file_spans, "PACKED_BYTES", 150)


def random_text(seed):
    """Return lines of letters, some empty or long; random, so that they stay large."""
    generator = random.Random(seed)
    lines = []
    for i in range(generator.randrange(60, 100)):
        length = generator.choice([0, 3, 20, 40, 40, 60, 600 if i % 20 == 7 else 1])
        lines.append("".join(generator.choices("abcdefghijklmnopqrst ", k=length)))
    return "\n".join(lines).encode() + generator.choice([b"", b"\n", b"\n\n"])


def spans_of(path):
    """Return the lines of each span, and its number of ends of lines."""
    spans = file_spans(path)
    if spans is None:
        texts = [b"".join(text) for _, text in stream_spans(path, PURPOSE)]
    else:
        texts = [b"".join(span.chunks(PURPOSE)) for span in spans]
    return [list(split_lines([text])) for text in texts], [
        text.count(b"\n") for text in texts
    ]


def lines_of(path):
    return [line for span in spans_of(path)[0] for _, line in span]


def whole_lines(path):
    return [line for _, line in read_lines(path, purpose=PURPOSE)]


@pytest.mark.parametrize("pack", PACKS)
def test_lines_and_their_numbers_are_those_of_the_whole_file(tmp_path, pack):
    for seed in range(8):
        path = tmp_path / str(seed)
        path.write_bytes(PACKS[pack](random_text(seed)))
        lines, counts = spans_of(path)
        before = accumulate(counts, initial=0)
        found = [
            (n_before + number, line)
            for n_before, span in zip(before, lines, strict=False)
            for number, line in span
        ]
        assert found == list(read_lines(path, purpose=PURPOSE))
        assert len(lines) > 2


def test_lines_that_start_where_a_span_ends(tmp_path):
    path = tmp_path / "lines"
    for size in (1, 2, 3, 4):
        for text in (b"a\nb\nc\nd\n" * 9, b"\n" * 40, b"abcd" * 10, b"abcdefg\n" * 5):
            for pack in (zstd, gzip.compress, block):
                path.write_bytes(in_members(pack, size)(text))
                assert lines_of(path) == whole_lines(path)


def test_spans_are_of_the_expected_size(tmp_path):
    path = tmp_path / "lines"
    path.write_bytes(b"123456789\n" * 100)
    spans = file_spans(path)
    assert [span.start for span in spans] == [0, 200, 400, 600, 800]
    assert [span.stop for span in spans] == [200, 400, 600, 800, None]
    path.write_bytes(b"x" * 5000)
    assert len(file_spans(path)) == 1
    path.write_bytes(b"x" * 250)
    assert len(file_spans(path)) == 1


def test_header_within_compressed_data_is_no_member(tmp_path):
    # Stored blocks: the text is in the file as it is.
    text = random_text(0) + b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03 a\n" * 30
    path = tmp_path / "meta.gz"
    path.write_bytes(gzip.compress(text, compresslevel=0))
    assert member_starts(path, "gzip", 50) == [0]
    assert file_spans(path) is None
    assert lines_of(path) == whole_lines(path)


@pytest.mark.parametrize("pack", ["bgzip", "gzip members", "zstd frames"])
def test_damaged_file_is_named(tmp_path, pack):
    path = tmp_path / "meta"
    data = PACKS[pack](random_text(1))
    for damaged in (data[:-40], data[: len(data) // 2], data + b"other"):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"meta: is not a complete"):
            spans_of(path)


@pytest.mark.parametrize("pack", ["plain", "bgzip", "one gzip member"])
def test_frames_do_not_depend_on_the_number_of_workers(tmp_path, monkeypatch, pack):
    monkeypatch.setattr(_file_spans, "SPAN_BYTES", 20_000)
    monkeypatch.setattr(_file_spans, "PACKED_BYTES", 3_000)
    paths = [tmp_path / "a", tmp_path / "b"]
    for seed, path in enumerate(paths):
        write_lines(path, 30, "2018", seed)
        path.write_bytes(PACKS[pack](path.read_bytes()))

    def frames(n_jobs):
        # Threads see the small spans.
        with joblib.parallel_config("threading"):
            return list(read_amazon_metadata(paths, chunk_size=9, n_jobs=n_jobs))

    one = frames(1)
    assert len(one) > 7
    # Two workers read one stream each, three share the streams.
    for n_jobs in (2, 3):
        for left, right in zip(one, frames(n_jobs), strict=True):
            assert_frame_equal(left, right)


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("pack", ["plain", "zstd frames", "one gzip member"])
def test_broken_lines_have_their_number_in_the_file(
    tmp_path, monkeypatch, pack, n_jobs
):
    monkeypatch.setattr(_file_spans, "SPAN_BYTES", 900)
    monkeypatch.setattr(_file_spans, "PACKED_BYTES", 100)
    lines = [json.dumps({"asin": f"A{i:03d}", "category": ["x"]}) for i in range(60)]
    lines[20] = ""
    lines[30] = lines[50] = '{"asin": '
    path = tmp_path / "meta"
    path.write_bytes(PACKS[pack]("\n".join(lines).encode()))
    with joblib.parallel_config("threading"):
        with pytest.raises(ValueError, match=r"meta: line 31 does not contain"):
            list(read_amazon_metadata(path, n_jobs=n_jobs))
        reader = read_amazon_metadata(path, n_jobs=n_jobs, on_error="skip")
        assert len(pd.concat(reader)) == 57
    assert [text.split(" does")[0] for text in reader.skipped_] == [
        f"{path}: line {number}" for number in (31, 51)
    ]


def test_error_of_a_stream_reaches_the_caller(tmp_path):
    path = tmp_path / "meta"
    write_lines(path, 10, "2018")
    path.write_bytes(gzip.compress(path.read_bytes())[:-300])
    with (
        joblib.parallel_config("threading"),
        pytest.raises(ValueError, match="meta: is not a complete gzip file"),
    ):
        list(read_amazon_metadata(path, n_jobs=3))
