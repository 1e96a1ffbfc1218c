"""What counts as a missing cell."""

import numpy as np
import pandas as pd
import pytest

from amzest.utils import describe_rows, is_missing, missing_mask


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


def test_rows_are_written_out_and_counted():
    assert describe_rows(np.array([4])) == "row 4"
    assert describe_rows(np.arange(9)) == "rows 0, 1, 2, 3, 4 and 4 more"
