"""Tables that are read in pieces, from files and from tables in memory."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from amzest.compose import ColumnSelector
from amzest.datasets import TableReader

FRAME = pd.DataFrame(
    {
        "title": [f"title {number}" for number in range(10)],
        "brand": ["a", None] * 5,
        "category": ["x", "y", "x", "z", "x"] * 2,
        "code": range(10),
    }
)


def whole(reader):
    return pd.concat(list(reader.pieces()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with two Parquet files, one of them in another folder."""
    path = tmp_path_factory.mktemp("table")
    (path / "b").mkdir()
    FRAME[:7].to_parquet(path / "a.parquet")
    FRAME[7:].to_parquet(path / "b" / "c.parquet")
    FRAME.to_parquet(path / "_metadata.parquet")
    return path


@pytest.mark.parametrize("piece_size", [1, 3, 100])
def test_a_folder_is_read_in_the_order_of_its_files(folder, piece_size):
    reader = TableReader(folder, piece_size=piece_size)
    assert reader.shape == (10, 4)
    assert len(reader) == 10
    assert max(map(len, reader.pieces())) <= piece_size
    found = whole(reader)
    assert found.index.tolist() == list(range(10))
    # A piece with missing cells only has the type object.
    pd.testing.assert_frame_equal(
        found.fillna("-"), FRAME.fillna("-"), check_index_type=False, check_dtype=False
    )


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "csv.gz"])
def test_files_of_other_kinds_are_read(tmp_path, suffix):
    path = tmp_path / f"table.{suffix}"
    if suffix == "jsonl":
        FRAME.to_json(path, orient="records", lines=True)
    else:
        FRAME.to_csv(path, index=False)
    reader = TableReader([path, str(path)], columns=["code", "title"], piece_size=4)
    assert reader.shape == (20, 2)
    assert whole(reader)["title"].tolist() == 2 * FRAME["title"].tolist()


@pytest.mark.parametrize("kind", ["list", "iterator", "chunks", "polars", "one table"])
def test_tables_are_read_several_times(kind, tmp_path):
    source = [FRAME[:4], FRAME[4:4], FRAME[4:]]
    if kind == "iterator":
        source = iter(source)
    if kind == "polars":
        source = [pl.from_pandas(frame) for frame in source]
    if kind == "chunks":
        FRAME.to_csv(tmp_path / "table.csv", index=False)
        source = pd.read_csv(tmp_path / "table.csv", chunksize=3)
    if kind == "one table":
        source = FRAME
    reader = TableReader(source, piece_size=3)
    for _ in range(2):
        assert whole(reader["title"]).tolist() == FRAME["title"].tolist()
    both = zip(reader["title"].pieces(), reader["code"].pieces(), strict=True)
    pairs = [pair for title, code in both for pair in zip(title, code, strict=True)]
    assert pairs == list(zip(FRAME["title"], FRAME["code"], strict=True))


def test_columns_are_selected():
    reader = TableReader(FRAME)
    title = reader["title"]
    assert (title.ndim, title.shape, title.columns) == (1, (10,), ["title"])
    table = reader[["code", "title"]]
    assert (table.ndim, table.shape) == (2, (10, 2))
    assert list(whole(table).columns) == ["code", "title"]
    assert repr(title) == "<TableReader of The iterable of tables: 10 rows, ['title']>"


def test_the_column_selector_selects_columns():
    reader = TableReader(FRAME)
    selector = ColumnSelector("brand").fit(reader)
    assert selector.feature_names_in_.tolist() == list(FRAME.columns)
    assert selector.transform(reader).columns == ["brand"]
    assert selector.transform(FRAME).equals(FRAME["brand"])
    assert ColumnSelector([3, 0]).fit_transform(reader).columns == ["code", "title"]
    with pytest.raises(ValueError, match="Did you mean 'title'"):
        ColumnSelector("titel").fit(reader)


def test_labels_are_codes():
    reader = TableReader(FRAME, piece_size=3)
    labels = reader.labels("category")
    assert labels.tolist() == FRAME["category"].tolist()
    assert labels.codes.dtype == np.int8
    assert reader.labels("code").tolist() == list(range(10))
    with pytest.raises(ValueError, match=r"`brand` has no label in rows 1, 3, 5"):
        TableReader(FRAME).labels("brand")


def test_wrong_sources_raise(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="folder without a table"):
        TableReader(tmp_path)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        TableReader(tmp_path / "a.parquet")
    with pytest.raises(TypeError, match="`source` is 5"):
        TableReader(5)
    with pytest.raises(TypeError, match="both paths and tables"):
        TableReader([folder, FRAME])
    for empty in ([], iter([])):
        with pytest.raises(ValueError, match="Pass at least one"):
            TableReader(empty)
    with pytest.raises(ValueError, match="no rows"):
        TableReader([FRAME[:0]])
    (tmp_path / "a.csv").write_text("a\n1\n")
    (tmp_path / "b.jsonl").write_text('{"a": 1}\n')
    with pytest.raises(ValueError, match="several kinds"):
        TableReader(tmp_path)


def test_wrong_columns_raise(folder):
    with pytest.raises(ValueError, match=r"has no column 'titel'. Available: 'title'"):
        TableReader(folder, columns=["titel"])
    with pytest.raises(ValueError, match="`columns` is empty"):
        TableReader(folder, columns=[])
    with pytest.raises(TypeError, match="indexed by the name of a column"):
        TableReader(folder)[0]
    reader = TableReader([FRAME, FRAME[["title"]]])
    with pytest.raises(ValueError, match="Table 1 of `source` has no column 'brand'"):
        whole(reader["brand"])


@pytest.mark.parametrize(("more", "now"), [(1, "now has more"), (-1, "now has 9")])
def test_a_table_that_has_changed_raises(more, now):
    tables = [FRAME]
    reader = TableReader(tables)
    tables[:] = [FRAME[:9]] if more < 0 else [FRAME, FRAME]
    with pytest.raises(ValueError, match=now):
        whole(reader)
