"""Image columns of all containers become one array of cells."""

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from no_rows import NO_ROWS, NO_ROWS_IDS
from PIL import Image

from amzest.image._cells import image_cells, image_key
from amzest.utils import is_missing_image

GREY = np.zeros((4, 5), np.uint8)


@pytest.mark.parametrize(
    "X",
    [
        ["a.jpg", None, b"x\0"],
        pd.Series(["a.jpg", None, b"x\0"]),
        pd.DataFrame({"image": ["a.jpg", None, b"x\0"]}),
        np.array(["a.jpg", None, b"x\0"], dtype=object),
        np.array([["a.jpg"], [None], [b"x\0"]], dtype=object),
        [["a.jpg"], [None], [b"x\0"]],
        pl.Series(["a.jpg", None, b"x\0"], dtype=pl.Object),
        pl.DataFrame({"image": pl.Series(["a.jpg", None, b"x\0"], dtype=pl.Object)}),
    ],
    ids=lambda X: type(X).__name__,
)
def test_columns_of_cells(X):
    cells, _ = image_cells(X)
    assert cells.dtype == object
    assert cells.shape == (3,)
    assert cells[0] == "a.jpg"
    assert cells[2] == b"x\0"


@pytest.mark.parametrize("shape", [(2, 4, 5), (2, 4, 5, 1), (2, 4, 5, 3), (2, 4, 5, 4)])
def test_one_array_of_images(shape):
    cells, name = image_cells(np.zeros(shape))
    assert name is None
    assert [cell.shape for cell in cells] == [shape[1:]] * 2


@pytest.mark.parametrize(
    "as_kind", [pl.DataFrame, pa.table, pa.RecordBatch.from_pydict]
)
@pytest.mark.parametrize(
    "cells",
    [
        ["a.jpg", None],
        [b"\x00\x01\x00", None],
        [{"bytes": b"\x00", "path": None}, {"bytes": None, "path": "a.jpg"}],
    ],
    ids=["paths", "bytes", "structs"],
)
def test_tables_of_other_libraries(as_kind, cells):
    for X in (as_kind({"image": cells}), as_kind({"image": cells})["image"]):
        found, name = image_cells(X)
        assert [None if pd.isna(cell) else cell for cell in found] == cells
        if hasattr(X, "columns"):
            assert name == "image"


@pytest.mark.parametrize(("X", "message"), NO_ROWS, ids=NO_ROWS_IDS)
def test_inputs_without_rows(X, message):
    with pytest.raises((TypeError, ValueError), match=f"`X` .*{message}"):
        image_cells(X)


@pytest.mark.parametrize("X", [[["a.jpg"], []], [[], ["a.jpg"]], [("a",), ("b", "c")]])
def test_rows_of_unequal_length(X):
    with pytest.raises(
        ValueError, match=r"`X` row 1 has length \d, but row 0 has length"
    ):
        image_cells(X)


def test_a_list_of_arrays_of_one_shape_is_a_column():
    cells, _ = image_cells([GREY, GREY])
    assert cells.shape == (2,)


def test_name_of_the_column_is_kept():
    assert image_cells(pd.Series([GREY], name="image"))[1] == "image"
    assert image_cells(pd.DataFrame({"image": [GREY]}))[1] == "image"
    assert image_cells(pd.Series([GREY]))[1] is None


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ("image.jpg", TypeError, "Wrap one image"),
        (Path("image.jpg"), TypeError, "Wrap one image"),
        (3, TypeError, "single int"),
        ([], ValueError, "0 rows"),
        (np.zeros((0, 4, 4)), ValueError, "0 rows"),
        (np.zeros((3, 4)), ValueError, "holds no images"),
        (np.array([b"abc"]), ValueError, "drops trailing NUL"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), ValueError, r"2 columns \('a', 'b'\)"),
        (np.array([["x", "y"]], dtype=object), ValueError, "2 columns"),
        ([["x", "y"]], ValueError, "2 columns"),
    ],
)
def test_invalid_columns(X, error, message):
    with pytest.raises(error, match=message):
        image_cells(X)


@pytest.mark.parametrize(
    "cell",
    [
        None,
        np.nan,
        pd.NA,
        "",
        " ",
        b"",
        "http://g-ecx.images-amazon.com/images/G/01/x-site/icons/no-img-sm._CB1_.gif",
        "no-img-lg.gif",
    ],
)
def test_missing(cell):
    assert is_missing_image(cell)


@pytest.mark.parametrize("cell", ["a.jpg", "no-img/a.jpg", b"x", GREY, Path("a")])
def test_not_missing(cell):
    assert not is_missing_image(cell)


def test_only_files_and_bytes_have_a_key(tmp_path):
    for cell in (np.zeros((8, 8)), Image.new("L", (4, 4)), tmp_path / "no.jpg", "\0"):
        assert image_key(cell, None, 8) is None
    (tmp_path / "a.jpg").touch()
    assert image_key(tmp_path / "a.jpg", None, 8) == image_key("a.jpg", tmp_path, 8)
    assert image_key(b"a", None, 8) == image_key(bytearray(b"a"), None, 8)
