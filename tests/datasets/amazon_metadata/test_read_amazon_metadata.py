"""Files of published metadata become frames of one schema."""

import gzip
import json
import tracemalloc

import pandas as pd
import pyarrow
import pytest
from amazon_lines import RELEASES, write_lines
from pandas.testing import assert_frame_equal

from amzest.datasets import AmazonMetadataReader, read_amazon_metadata
from amzest.datasets._shared._schema import SCHEMA

LINES = [
    "{'asin': 'B01', 'title': 'Mug', 'price': 7.5, 'categories': [['Home', 'Cups']]}",
    '{"asin": "B02", "title": "Lamp", "price": "$1,250.00", "category": ["Home"]}',
    '{"parent_asin": "B03", "title": "Tee", "price": null, "categories": ["Cloth"]}',
]


def write(path, lines, pack=bytes):
    path.write_bytes(pack("".join(f"{line}\n" for line in lines).encode()))
    return path


def zstd(data):
    return pyarrow.compress(data, "zstd", asbytes=True)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd])
def test_three_releases_in_one_file_have_one_schema(tmp_path, pack):
    frame = pd.concat(read_amazon_metadata(write(tmp_path / "meta", LINES, pack)))
    expected = pd.DataFrame(
        {
            "asin": ["B01", "B02", "B03"],
            "title": ["Mug", "Lamp", "Tee"],
            "description": None,
            "category": ["Home", "Home", "Cloth"],
            "category_path": ["Home > Cups", "Home", "Cloth"],
            "brand": None,
            "price": [7.5, 1250.0, None],
            "image_url": None,
        }
    ).astype(SCHEMA)
    assert_frame_equal(frame, expected)


def test_frames_have_the_requested_size_and_one_index(tmp_path):
    path = write(tmp_path / "meta", LINES * 3)
    reader = read_amazon_metadata(path, chunk_size=4, columns=["price", "asin"])
    frames = list(reader)
    assert [list(frame.index) for frame in frames] == [[0, 1, 2, 3], [4, 5, 6, 7], [8]]
    assert [list(frame) for frame in frames] == [["price", "asin"]] * 3
    assert (reader.n_products_, reader.n_skipped_, reader.skipped_) == (9, 0, [])


def test_broken_line_is_named_by_file_and_number(tmp_path):
    path = write(tmp_path / "meta.json", [LINES[0], "", "{'asin': ", LINES[1]])
    reader = read_amazon_metadata(path, chunk_size=1)
    assert len(next(reader)) == 1
    with pytest.raises(
        ValueError, match=r"meta\.json: line 3 does not contain .*: it is"
    ):
        next(reader)


def test_broken_lines_are_skipped_and_counted(tmp_path):
    bad = ["{'asin': __import__('os')}", "{}", '{"asin": "x", "price": "<style>"}']
    paths = [
        write(tmp_path / "one", [LINES[0], *bad[:2]] * 6),
        write(tmp_path / "two", [bad[0], *LINES, bad[2]]),
    ]
    for n_jobs in (1, 2):
        reader = read_amazon_metadata(
            paths, on_error="skip", chunk_size=4, n_jobs=n_jobs
        )
        assert pd.concat(reader)["asin"].tolist() == ["B01"] * 6 + [
            "B01",
            "B02",
            "B03",
            "x",
        ]
        assert (reader.n_products_, reader.n_skipped_) == (10, 13)
        assert len(reader.skipped_) == 10
        assert reader.skipped_[1].startswith(
            f"{paths[0]}: line 3 does not contain a product"
        )
        assert reader.unreadable_ == {"price": 1}


def test_line_of_100_megabytes_is_named_or_skipped(tmp_path):
    path = tmp_path / "meta"
    with gzip.open(path, "wt", compresslevel=1) as file:
        file.write(f"{LINES[0]}\n{{'asin': '")
        for _ in range(100):
            file.write("x" * 2**20)
        file.write(f"'}}\n{LINES[1]}\n")
    with pytest.raises(
        ValueError, match="line 2 does not contain a product: the line is 104,857"
    ):
        list(read_amazon_metadata(path))
    reader = read_amazon_metadata(path, on_error="skip")
    assert pd.concat(reader)["asin"].tolist() == ["B01", "B02"]
    assert reader.n_skipped_ == 1


def test_long_lines_make_small_frames(tmp_path):
    path = tmp_path / "meta"
    with gzip.open(path, "wt", compresslevel=1) as file:
        for i in range(80):
            file.write(f'{{"asin": "{i}", "title": "{"x" * 3 * 2**20}"}}\n')
    tracemalloc.start()
    try:
        sizes = [len(frame) for frame in read_amazon_metadata(path)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(sizes) == 80
    assert max(sizes) == 11
    assert peak < 200 * 2**20


@pytest.mark.parametrize(
    "line",
    [
        '{"category": ["a", ["b"]]}',
        '{"asin": "x", "category": [["a", ["b"]]]}',
        '{"asin": "x", "categories": {"a": 1}}',
        '{"asin": ["x"]}',
        '{"asin": "x", "title": {"a": "b"}}',
        '{"asin": "x", "price": [1]}',
        '{"reviewerID": "r", "asin": "x", "reviewText": "Good.", "overall": 5}',
        '[{"asin": "x"}]',
        "[" * 100_000,
        '{"asin": "x", "title": ' + "9" * 5_000 + "}",
        '{"asin": "\\ud800"}',
        "\x00",
    ],
)
def test_stray_line_of_any_kind_is_skipped_and_counted(tmp_path, line):
    path = write(tmp_path / "meta.json", [LINES[0], line, LINES[1]])
    reader = read_amazon_metadata(path, on_error="skip")
    assert pd.concat(reader)["asin"].tolist() == ["B01", "B02"]
    assert reader.n_skipped_ == 1
    assert reader.skipped_[0].startswith(f"{path}: line 2 does not contain a product: ")
    assert len(reader.skipped_[0]) < 1000
    with pytest.raises(
        ValueError, match=r"meta\.json: line 2 does not contain a product: "
    ) as e:
        list(read_amazon_metadata(path))
    assert len(str(e.value)) < 1000


def _flip(data, position):
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


@pytest.mark.parametrize("on_error", ["raise", "skip"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-3],
        lambda data: data[: len(data) // 2],
        lambda data: data[:5],
        lambda data: _flip(data, -6),  # of the checksum
        lambda data: _flip(data, -2),  # of the length
        lambda data: _flip(data, len(data) // 2),
        lambda data: data + b"no member",
        lambda data: data + data[:20],
    ],
)
def test_damaged_gzip_file_is_named(tmp_path, damage, on_error):
    path = tmp_path / "meta.json.gz"
    path.write_bytes(damage(gzip.compress("\n".join(LINES).encode())))
    with pytest.raises(
        ValueError, match=r"meta\.json\.gz: is not a complete gzip file"
    ):
        list(read_amazon_metadata(path, on_error=on_error))


def test_files_side_by_side_give_the_same_frames(tmp_path):
    paths = []
    for i, release in enumerate(RELEASES * 2):
        paths.append(tmp_path / f"{i}.json")
        write_lines(paths[-1], 300, release, seed=i)
    one, two = (
        list(read_amazon_metadata(paths, chunk_size=128, n_jobs=n_jobs))
        for n_jobs in (None, 2)
    )
    assert len(one) == len(two) == 18
    for left, right in zip(one, two, strict=True):
        assert_frame_equal(left, right)


def test_releases_of_the_same_products_agree(tmp_path):
    frames = []
    for release in RELEASES:
        path = tmp_path / release
        write_lines(path, 500, release)
        frames.append(pd.concat(read_amazon_metadata(path)))
    columns = ["asin", "title", "description", "brand"]
    assert_frame_equal(frames[0][columns], frames[1][columns])
    assert_frame_equal(frames[0][columns], frames[2][columns])
    assert frames[0]["category_path"].str.contains("\n").sum() > 20
    assert frames[1]["price"].isna().sum() > frames[0]["price"].isna().sum() > 20


def test_memory_does_not_grow_with_the_file(tmp_path):
    peaks = []
    for n in (4_000, 16_000):
        path = tmp_path / str(n)
        write_lines(path, n)
        tracemalloc.start()
        try:
            for frame in read_amazon_metadata(path, chunk_size=1_000):
                del frame
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"columns": ["asin", "colour"]}, ValueError, "`columns` .* unknown: 'colour'"),
        ({"columns": []}, ValueError, "`columns` must be different names"),
        (
            {"columns": ["asin", "asin"]},
            ValueError,
            "`columns` must be different names",
        ),
        ({"chunk_size": 0}, ValueError, "'chunk_size' parameter"),
        ({"on_error": "warn"}, ValueError, "'on_error' parameter"),
    ],
)
def test_wrong_arguments_are_named(tmp_path, arguments, error, message):
    path = write(tmp_path / "meta", LINES)
    with pytest.raises(error, match=message):
        read_amazon_metadata(path, **arguments)


def test_missing_files_raise_before_reading(tmp_path):
    path = write(tmp_path / "meta", LINES)
    with pytest.raises(FileNotFoundError, match="none' does not exist"):
        read_amazon_metadata([path, tmp_path / "none"])
    with pytest.raises(IsADirectoryError, match="is a folder"):
        read_amazon_metadata(tmp_path)
    with pytest.raises(ValueError, match="`path_or_paths` is empty"):
        read_amazon_metadata([])


def test_reader_is_an_iterator(tmp_path):
    reader = read_amazon_metadata(write(tmp_path / "meta", LINES))
    assert isinstance(reader, AmazonMetadataReader)
    assert iter(reader) is reader
    assert len(list(reader)) == 1
    assert list(reader) == []


@pytest.mark.data
def test_every_real_line_is_read(real_data):
    counts = {}
    for path in sorted((real_data / "mcauley").iterdir()):
        reader = read_amazon_metadata(path)
        frame = pd.concat(reader)
        counts[path.name] = len(frame)
        assert reader.n_skipped_ == 0
        assert frame["asin"].notna().all()
        with open(path, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rt") if packed else open(path) as lines:
            if packed:
                raw = [json.loads(line) for line in lines]
                assert frame["asin"].tolist() == [line["asin"] for line in raw]
                assert frame["title"].fillna("").tolist() == [x["title"] for x in raw]
    assert sorted(counts.values()) == [10, 1547, 3385]


@pytest.mark.data
def test_real_quirks_come_through(real_data):
    folder = real_data / "mcauley"
    old = pd.concat(read_amazon_metadata(folder / "meta_2014_sample.json"))
    assert old["image_url"].str.contains("no-img").sum() == 1
    assert old["title"].str.contains("&amp;", regex=False).sum() == 2
    assert old["category_path"].str.contains("\n").sum() == 1
    cards = read_amazon_metadata(folder / "meta_Gift_Cards.json.gz")
    assert len(pd.concat(cards)) == 1547
    assert cards.unreadable_ == {"price": 4}
    magazines = read_amazon_metadata(folder / "meta_Magazine_Subscriptions.json.gz")
    frame = pd.concat(magazines)
    assert magazines.unreadable_ == {"price": 18}
    assert frame["asin"].duplicated().sum() == 1065
    assert frame["title"].str.startswith("<span").sum() == 3153
    assert frame["category_path"].isna().sum() == 502
    assert (frame["category"] == "Magazine Subscriptions").all()
    assert not frame["image_url"].dropna().str.contains("_SX38_").any()
