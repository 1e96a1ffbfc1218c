"""Tables and columns of polars, pyarrow and others become those of pandas."""

import datetime as dt
import decimal
import subprocess
import sys

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from amzest.utils import (
    as_frame,
    as_native,
    as_pandas,
    as_series,
    column_names,
    is_table,
    replace_columns,
    take_rows,
)

BIG = 2**53 + 1
CELLS = {
    "big": [BIG, None, -BIG],
    "small": [1, 2, 3],
    "flag": [True, None, False],
    "text": ["a", None, "ü"],
    "share": [1.5, None, 2.0],
    "bytes": [b"\x00a\x00", None, b""],
    "list": [["a"], None, ["b", "c"]],
    "image": [{"bytes": b"\x00", "path": "x"}, None, {"bytes": b"", "path": None}],
    "time": [dt.datetime(2020, 1, 1), None, dt.datetime(2021, 1, 1)],
    "price": [decimal.Decimal("1.10"), None, decimal.Decimal("2.00")],
    "empty": [None, None, None],
}
TABLES = {
    "polars": pl.DataFrame(CELLS),
    "pyarrow": pa.table(CELLS),
    "record batch": pa.RecordBatch.from_pydict(CELLS),
    "narwhals": nw.from_native(pl.DataFrame(CELLS)),
}


class OnlyCapsule:
    """What has no more than the Arrow PyCapsule interface."""

    def __init__(self, data):
        self._data = data

    def __arrow_c_stream__(self, requested_schema=None):
        return self._data.__arrow_c_stream__(requested_schema)


TABLES["capsule of pyarrow"] = OnlyCapsule(pa.table(CELLS))
TABLES["capsule of polars"] = OnlyCapsule(pl.DataFrame(CELLS))


@pytest.mark.parametrize("kind", TABLES)
def test_as_frame_keeps_every_value(kind):
    frame = as_frame(TABLES[kind])

    assert list(frame) == list(CELLS)
    for name, cells in CELLS.items():
        found = [
            None if cell is None or cell is pd.NA else cell for cell in frame[name]
        ]
        if name in ("text", "share", "time"):
            found = [None if pd.isna(cell) else cell for cell in found]
        assert found == cells, name
    assert frame.dtypes[["big", "small", "flag", "text"]].astype(str).tolist() == [
        *("Int64", "int64", "boolean", "str")
    ]
    assert frame.index.equals(pd.RangeIndex(3))


@pytest.mark.parametrize(
    "dtype", [pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64, pl.Int8, pl.Int16, pl.Int32]
)
def test_integers_of_every_width_keep_their_digits(dtype):
    largest = dtype.max().pipe(pl.select).item()
    for cells in ([0, largest], [None, largest]):
        for column in (pl.Series(cells, dtype=dtype), pl.Series(cells, dtype=dtype)):
            series = as_series(column)
            assert series.iloc[1] == largest
            assert str(series.dtype).lower() == str(dtype).lower()
            assert series.isna().tolist() == [cells[0] is None, False]
            assert as_series(column.to_arrow()).equals(series)


@pytest.mark.parametrize(
    "column",
    [
        pl.Series(["a", None, "b"], dtype=pl.Categorical),
        pl.Series(["a", None, "b"], dtype=pl.Enum(["b", "a"])),
        pa.array(["a", None, "b"]).dictionary_encode(),
        pa.chunked_array([["a"], [None, "b"]]).dictionary_encode(),
        pa.array(["a", None, "b"], pa.large_string()),
        pa.array(["a", None, "b"], pa.string_view()),
        OnlyCapsule(pl.Series(["a", None, "b"])),
    ],
)
def test_texts_stored_in_other_ways(column):
    series = as_series(column)

    assert [None if pd.isna(cell) else cell for cell in series] == ["a", None, "b"]


def test_numbers_stored_as_a_dictionary_keep_their_digits():
    column = pa.array([BIG, None, BIG - 1]).dictionary_encode()

    assert as_series(column).tolist() == [BIG, None, BIG - 1]


def test_a_table_of_one_column_is_a_column():
    assert as_series(pl.DataFrame({"kind": ["a", "b"]})).tolist() == ["a", "b"]


@pytest.mark.parametrize("thing", [3, None, "text", ["a"], {"a": [1]}, np.arange(3)])
def test_other_things_are_returned_unchanged(thing):
    assert as_pandas(thing) is thing
    assert as_series(thing) is thing
    assert as_native(thing) is thing
    assert not is_table(thing)


@pytest.mark.parametrize("thing", [pd.DataFrame({"a": [1]}), pd.Series([1])])
def test_pandas_is_not_copied(thing):
    assert as_pandas(thing) is thing


def test_a_lazy_table_is_to_be_collected():
    for read in (as_frame, as_pandas, as_series, as_native):
        with pytest.raises(TypeError, match=r"lazy table \(LazyFrame\).*\.collect\(\)"):
            read(pl.LazyFrame({"a": [1]}))


@pytest.mark.parametrize(
    "thing", [{"a": [1]}, [["a"]], np.zeros((2, 2)), 3, None, "text", pl.Series([1])]
)
def test_as_frame_of_what_is_no_table(thing):
    with pytest.raises(TypeError, match="`frame` must be a table with named columns"):
        as_frame(thing)


def test_names_that_do_not_tell_columns_apart():
    twice = pa.table([pa.array([1]), pa.array([2])], names=["a", "a"])
    for table in (
        twice,
        OnlyCapsule(twice),
        pa.RecordBatch.from_arrays([[1], [2]], ["a", "a"]),
    ):
        with pytest.raises(
            ValueError, match="`frame` has more than one column named 'a'"
        ):
            as_frame(table)

    levels = pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")]))
    for read in (as_frame, column_names):
        with pytest.raises(ValueError, match=r"several levels .a MultiIndex.. Join"):
            read(levels)


def test_the_index_that_pyarrow_keeps_of_a_pandas_table_is_no_column():
    frame = pd.DataFrame({"title": ["a", "b"]}, index=[7, 5])

    assert list(as_frame(pa.Table.from_pandas(frame))) == ["title"]


@pytest.mark.parametrize("kind", TABLES)
def test_take_rows_gives_the_same_kind(kind):
    table = TABLES[kind]
    for rows in (np.array([2, 0]), np.array([True, False, True])):
        taken = take_rows(table, rows)
        assert (
            as_frame(taken)["small"].tolist()
            == as_frame(table)["small"].to_numpy()[rows].tolist()
        )
    assert type(take_rows(TABLES["polars"], rows)) is pl.DataFrame
    assert type(take_rows(TABLES["pyarrow"], rows)) is pa.Table


def test_take_rows_of_a_column():
    assert take_rows(pl.Series(["a", "b"]), np.array([1])).to_list() == ["b"]
    assert take_rows(pa.array(["a", "b"]), np.array([1])).to_pylist() == ["b"]


@pytest.mark.parametrize("make", [pl.DataFrame, pa.table])
def test_replace_columns_leaves_the_others(make):
    table = make({"title": ["a", None], "n": [BIG, None]})

    changed = replace_columns(table, {"title": [None, "b"]})

    assert type(changed) is type(table)
    assert as_frame(changed)["n"].tolist() == [BIG, pd.NA]
    assert as_frame(changed)["title"].isna().tolist() == [True, False]


def test_tables_without_rows_or_columns():
    assert as_frame(pl.DataFrame({"a": []})).shape == (0, 1)
    assert as_frame(pa.table({"a": pa.array([], pa.string())})).shape == (0, 1)
    assert as_frame(pl.DataFrame({"a": [1, 2]}).select([])).shape == (0, 0)


def test_no_library_is_imported_that_the_user_does_not_use():
    code = (
        "import sys, pandas as pd, amzest\n"
        "from amzest.utils import as_frame, as_series\n"
        "as_frame(pd.DataFrame({'a': [1]})), as_series(['a']), as_series((1, 2))\n"
        "print('polars' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.stdout.split() == ["False"], done.stderr
