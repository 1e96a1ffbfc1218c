"""Accepted forms of text inputs, and error messages for others."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from no_rows import NO_ROWS, NO_ROWS_IDS

from amzest.text._columns import text_columns

TITLES = ["Blue mug", "Desk lamp", "Red chair"]


def matrix(values):
    """Return a matrix, which NumPy discourages by a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return np.asmatrix(values)


@pytest.mark.parametrize(
    "X",
    [
        TITLES,
        tuple(TITLES),
        np.array(TITLES),
        np.array(TITLES, dtype=object),
        np.array(TITLES)[:, None],
        matrix(TITLES).T,
        np.ma.array(TITLES),
        [[title] for title in TITLES],
        [(title,) for title in TITLES],
        [np.array([title]) for title in TITLES],
        pd.Series(TITLES),
        pd.Series(TITLES, index=[7, 7, 3]),
        pd.Series(TITLES, dtype="string"),
        pd.Series(TITLES, dtype="category"),
        pd.Series(TITLES).array,
        pd.Categorical(TITLES),
        pd.Index(TITLES),
        pd.DataFrame({0: TITLES}),
    ],
    ids=lambda X: type(X).__name__,
)
def test_one_column_in_any_container(X):
    cells, names = text_columns(X)
    assert cells.dtype == object
    assert cells.tolist() == [[title] for title in TITLES]
    assert all(isinstance(cell, str) for cell in cells.ravel())
    assert names is None


def test_names_are_those_of_the_frame_or_of_the_series():
    frame = pd.DataFrame({"title": TITLES, "description": ["a", "b", "c"]})
    cells, names = text_columns(frame)
    assert names == ["title", "description"]
    assert cells.tolist() == frame.to_numpy().tolist()
    assert text_columns(frame[["title"]])[1] == ["title"]
    assert text_columns(frame["title"])[1] == ["title"]
    assert text_columns(frame["title"].rename(3))[1] is None
    assert text_columns(frame.set_axis(["title", 1], axis=1))[1] is None


def test_two_columns_as_array_or_list_of_rows():
    rows = [["a", "b"], ["c", "d"], ["e", "f"]]
    for X in (rows, [tuple(row) for row in rows], np.array(rows)):
        cells, names = text_columns(X)
        assert cells.tolist() == rows
        assert names is None


@pytest.mark.parametrize(
    "missing",
    [None, np.nan, np.float32("nan"), float("nan"), pd.NA, pd.NaT, "", "  ", "\t\n"],
    ids=repr,
)
def test_missing_cells_are_empty_text(missing):
    X = np.empty(3, dtype=object)
    X[:] = ["mug", missing, "lamp"]
    for form in (X, list(X), pd.Series(X), pd.DataFrame({"title": X})):
        assert text_columns(form)[0].ravel().tolist() == ["mug", "", "lamp"]


def test_missing_cells_of_pandas_own_types():
    titles = ["mug", None, "lamp"]
    for dtype in ("string", "category", "string[pyarrow]"):
        series = pd.Series(titles, dtype=dtype)
        assert text_columns(series)[0].ravel().tolist() == ["mug", "", "lamp"]
        frame = pd.DataFrame({"title": series, "text": titles})
        assert text_columns(frame)[0][1].tolist() == ["", ""]


def test_inputs_are_not_changed():
    X = np.array(["mug", None], dtype=object)
    frame = pd.DataFrame({"title": X})
    text_columns(X)
    text_columns(X[:, None])
    text_columns(frame)
    text_columns(frame["title"])
    assert X.tolist() == ["mug", None]
    assert frame["title"].isna().tolist() == [False, True]


@pytest.mark.parametrize("cell", [3, 2.5, True, b"mug", ["mug"], {"a": 1}])
def test_invalid_cells_are_named_by_column_and_row(cell):
    X = np.empty(3, dtype=object)
    X[:] = ["mug", None, None]
    X[2] = cell
    with pytest.raises(TypeError, match=r"`title` row 2 \(.*expected text, found"):
        text_columns(pd.DataFrame({"text": TITLES, "title": X}))
    with pytest.raises(TypeError, match="`title` row 2"):
        text_columns(pd.Series(X, name="title"))
    with pytest.raises(TypeError, match="`column 0` row 2"):
        text_columns(X)


def test_columns_of_numbers_raise():
    with pytest.raises(TypeError, match=r"`price` row 0.*found float"):
        text_columns(pd.DataFrame({"title": TITLES, "price": [1.0, 2.0, 3.0]}))
    with pytest.raises(TypeError, match=r"`column 0` row 0.*found int"):
        text_columns(np.arange(3))


@pytest.mark.parametrize("X", ["one title", b"one title", 3, 2.5])
def test_a_single_value_raises(X):
    with pytest.raises(TypeError, match=rf"single {type(X).__name__}.*\[text\]"):
        text_columns(X)


@pytest.mark.parametrize(
    "X", [[], np.array([], dtype=object), pd.Series([], dtype="string"), pl.Series([])]
)
def test_no_rows(X):
    with pytest.raises(ValueError, match="0 rows"):
        text_columns(X)


def test_no_columns():
    with pytest.raises(ValueError, match="0 columns"):
        text_columns(pd.DataFrame(index=range(3)))
    with pytest.raises(ValueError, match="0 columns"):
        text_columns([[], []])


def test_other_dimensions():
    with pytest.raises(ValueError, match="3 dimensions"):
        text_columns(np.full((2, 3, 2), "mug"))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([["a", "b"], ["c"]], "row 1 has length 1, but row 0 has length 2"),
        ([("a",), ("b",), ("c", "d")], "row 2 has length 2, but row 0 has length 1"),
        ([["a"], []], "row 1 has length 0"),
        ([np.array(["a"]), np.array(["b", "c"])], "row 1 has length 2"),
    ],
)
def test_rows_of_unequal_length(X, message):
    with pytest.raises(ValueError, match=f"`X` {message}"):
        text_columns(X)


@pytest.mark.parametrize("cell", [["a"], ["a", "b"], ("a",), np.array(["a"])])
def test_cells_that_are_sequences_add_no_dimension(cell):
    for X in ([["mug", cell], ["lamp", cell]], [["mug", "x"], ["lamp", cell]]):
        with pytest.raises(TypeError, match=r"`column 1` row [01] .*expected text"):
            text_columns(X)


@pytest.mark.parametrize(("X", "message"), NO_ROWS, ids=NO_ROWS_IDS)
def test_inputs_without_rows_raise(X, message):
    with pytest.raises((TypeError, ValueError), match=f"`X` .*{message}"):
        text_columns(X)


def test_duplicate_names_raise():
    twice = pd.DataFrame([["mug", "blue"]], columns=["title", "title"])
    with pytest.raises(ValueError, match="`X` has more than one column named 'title'"):
        text_columns(twice)
    levels = twice.set_axis(pd.MultiIndex.from_product([["en"], ["a", "b"]]), axis=1)
    with pytest.raises(ValueError, match="several levels"):
        text_columns(levels)


@pytest.mark.parametrize(
    "as_kind", [pl.DataFrame, pa.table, pa.RecordBatch.from_pydict]
)
def test_tables_of_other_libraries(as_kind):
    table = as_kind({"title": [*TITLES, None], "text": ["a", " ", None, "b"]})

    cells, names = text_columns(table)

    assert names == ["title", "text"]
    assert cells.tolist() == [
        *(["Blue mug", "a"], ["Desk lamp", ""], ["Red chair", ""], ["", "b"])
    ]
    assert all(type(cell) is str for cell in cells.ravel())


@pytest.mark.parametrize(
    "column",
    [
        pl.Series(TITLES),
        pl.Series(TITLES, dtype=pl.Categorical),
        pa.array(TITLES),
        pa.chunked_array([TITLES[:1], TITLES[1:]]),
        pa.array(TITLES).dictionary_encode(),
        pa.array(TITLES, pa.large_string()),
    ],
)
def test_columns_of_other_libraries(column):
    assert text_columns(column)[0].ravel().tolist() == TITLES


def test_invalid_cells_of_other_libraries_raise():
    table = pl.DataFrame({"title": TITLES, "tags": [["a"], None, ["b"]]})
    with pytest.raises(TypeError, match=r"`tags` row 0 \(\['a'\]\): expected text"):
        text_columns(table)
    with pytest.raises(TypeError, match="lazy table"):
        text_columns(table.lazy())


def test_messages_are_short_for_every_cell():
    with pytest.raises(TypeError) as caught:
        text_columns(["mug", ["x" * 10_000_000]])
    assert len(str(caught.value)) < 400
