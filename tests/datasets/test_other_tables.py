"""Tables of pandas, polars and pyarrow are accepted and returned in kind."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from amzest.datasets import (
    balance_products,
    check_products,
    clean_products,
    group_products,
    split_products,
)
from amzest.utils import as_frame

BIG = 2**53 + 1
N_ROWS = 12
CELLS = {
    "id": [BIG + i for i in range(N_ROWS)],
    "title": [f"<b>Thing</b> no. {i} of {i * 7}" for i in range(N_ROWS)],
    "category": ["Mugs &amp; Cups", "Lamps"] * 6,
    "stock": [None if i % 4 == 0 else BIG + i for i in range(N_ROWS)],
    "tags": [["new"] if i % 3 else None for i in range(N_ROWS)],
}
KINDS = {
    "polars": pl.DataFrame,
    "pyarrow": pa.table,
    "batch": pa.RecordBatch.from_pydict,
}
RETURNED = {"polars": pl.DataFrame, "pyarrow": pa.Table, "batch": pa.Table}


def frame_of(cells=CELLS):
    return pd.DataFrame({**cells, "stock": pd.array(CELLS["stock"], dtype="Int64")})


def assert_same(table, frame, kind):
    assert type(table) is RETURNED[kind]
    found = as_frame(table)
    assert list(found) == list(frame)
    for name in frame:
        cells = [None if cell is pd.NA else cell for cell in frame[name]]
        assert [None if cell is pd.NA else cell for cell in found[name]] == cells, name


@pytest.mark.parametrize("kind", KINDS)
def test_split_group_and_balance(kind):
    table, frame = KINDS[kind](CELLS), frame_of()
    for part, expected in zip(
        split_products(table, 0.25, 0), split_products(frame, 0.25, 0), strict=True
    ):
        assert_same(part, expected, kind)
    np.testing.assert_array_equal(group_products(table), group_products(frame))
    assert_same(balance_products(table, 2, 0), balance_products(frame, 2, 0), kind)
    assert check_products(table) is None


@pytest.mark.parametrize("kind", ["polars", "pyarrow"])
def test_split_by_groups_of_a_column(kind):
    groups = [i // 3 for i in range(N_ROWS)]
    column = pl.Series(groups) if kind == "polars" else pa.array(groups)
    parts = split_products(KINDS[kind](CELLS), 0.25, 0, groups=column)
    expected = split_products(frame_of(), 0.25, 0, groups=groups)
    for part, frame in zip(parts, expected, strict=True):
        assert_same(part, frame, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_clean_products(kind):
    cells = {**CELLS, "title": [*CELLS["title"][:-1], CELLS["title"][0]]}
    table, report = clean_products(KINDS[kind](cells))
    expected, expected_report = clean_products(frame_of(cells))

    assert_same(table, expected, kind)
    assert len(expected) == N_ROWS - 1
    assert expected["title"].iloc[0] == "Thing no. 0 of 0"
    pd.testing.assert_frame_equal(report.frame(), expected_report.frame())


@pytest.mark.parametrize("kind", KINDS)
def test_clean_products_without_changes(kind):
    table = KINDS[kind]({"title": ["a", None], "tags": [["x"], None]})
    cleaned, _ = clean_products(table, duplicates=[])
    assert as_frame(cleaned)["tags"].tolist() == [["x"], None]


FUNCTIONS = {
    "check": check_products,
    "split": lambda table: split_products(table, 0.5, 0),
    "balance": lambda table: balance_products(table, 1),
    "group": group_products,
    "clean": clean_products,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_invalid_tables(name):
    for thing in ([["a"]], {"title": ["a"]}, None, "table.csv", np.zeros((2, 2)), 3):
        with pytest.raises(TypeError, match=r"`frame` must be a table .* got"):
            FUNCTIONS[name](thing)
    with pytest.raises(TypeError, match=r"`frame` is a lazy table .*collect"):
        FUNCTIONS[name](pl.LazyFrame(CELLS))


@pytest.mark.parametrize("name", ["check", "split", "balance"])
@pytest.mark.parametrize("as_kind", [pd.DataFrame, pl.DataFrame, pa.table])
@pytest.mark.parametrize(
    "cells", [[["A"], ["A"], ["B"], ["B"]], [{"a": 1}, {"a": 1}, {"a": 2}, None]]
)
def test_categories_that_are_not_single_values(name, as_kind, cells):
    table = as_kind({"title": list("abcd"), "category": cells})
    n_wrong = sum(cell is not None for cell in cells)
    match = rf"`category` is (not a single value .* {n_wrong} rows: row 0|missing)"
    with pytest.raises((TypeError, ValueError), match=match):
        FUNCTIONS[name](table)


@pytest.mark.parametrize("cell", [["a"], {"a": 1}, {"a"}, np.zeros(2), (1, ["a"])])
def test_ids_and_categories_that_are_not_hashable(cell):
    frame = pd.DataFrame({"title": list("abcd"), "category": list("AABB")})
    wrong = frame.assign(id=[1, cell, cell, None])
    for check in (
        lambda: check_products(wrong),
        lambda: clean_products(wrong, columns={"asin": "id"}),
    ):
        with pytest.raises(
            TypeError, match=r"`id` is not a single value .* row 1 .*row 2"
        ):
            check()
    with pytest.raises(TypeError, match="`groups` is not a single value"):
        split_products(frame, 0.5, groups=[1, cell, cell, 2])
    long = frame.assign(category=["A", ["x" * 10_000_000], "A", "A"])
    with pytest.raises(TypeError, match=r"`category`.* row 1") as caught:
        balance_products(long, 1)
    assert len(str(caught.value)) < 600


def test_duplicated_column_names():
    twice = pd.DataFrame([["a", "A", "B"]], columns=["title", "category", "category"])
    for name in ("check", "split", "balance"):
        with pytest.raises(ValueError, match="more than one column 'category'"):
            FUNCTIONS[name](twice)
