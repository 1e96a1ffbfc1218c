"""Cells of tables: which are missing, and arrays of them."""

import numpy as np
import pandas as pd
import pytest

from amzest.utils import cell_matrix, is_missing, missing_mask, object_array


@pytest.mark.parametrize(
    "cell", [None, np.nan, np.float32("nan"), pd.NA, pd.NaT, "", " \t"]
)
def test_missing(cell):
    assert is_missing(cell)


@pytest.mark.parametrize(
    "cell", ["NA", "None", "nan", "-", 0, 0.0, False, b"x", np.zeros((2, 2))]
)
def test_not_missing(cell):
    assert not is_missing(cell)


def test_mask():
    column = np.array(["a", None, "", np.nan, "b"], dtype=object)
    assert missing_mask(column).tolist() == [False, True, True, True, False]


@pytest.mark.parametrize(
    "cells", [[], [1, "a"], [[1, 2], [3, 4]], [np.zeros(2)] * 2, [b"\0", None]]
)
def test_arrays_keep_each_cell(cells):
    array = object_array(cells)
    assert array.dtype == object
    assert array.shape == (len(cells),)
    assert all(one is other for one, other in zip(array, cells, strict=True))


def test_rows_of_cells():
    assert cell_matrix([[[1], 2], [3, "4"]]).tolist() == [[[1], 2], [3, "4"]]
    assert cell_matrix([[], []]).shape == (2, 0)
