import numpy as np
import pandas as pd
import pytest

from amzest.inspection._samples import Samples

ROWS = np.array([1, 1, 0])
PIXELS = np.zeros((2, 2, 3), np.uint8)


@pytest.mark.parametrize("as_table", [True, False])
def test_texts_keep_their_type(as_table):
    column = pd.Series(["a", None], name="text", dtype="str", index=[5, 5])
    samples = Samples(column.to_frame() if as_table else column)
    found = samples.with_cells(ROWS, {0: {2: "new"}})
    found = found["text"] if as_table else found
    assert found.dtype == column.dtype
    assert found.isna().tolist() == [True, True, False]
    assert found[2] == "new"


@pytest.mark.parametrize(
    "paths",
    [
        pd.DataFrame({"image": ["a.jpg", "b.jpg"]}),
        pd.Series(["a.jpg", "b.jpg"], dtype="category"),
        np.array(["a.jpg", "b.jpg"]),
        ["a.jpg", "b.jpg"],
    ],
    ids=lambda paths: type(paths).__name__,
)
def test_paths_are_replaced_by_pixels(paths):
    samples = Samples(paths)
    found = samples.with_cells(ROWS, {0: {1: PIXELS}})
    cells = Samples(found).cells(0)
    assert cells[0] == "b.jpg"
    assert cells[1] is PIXELS
    assert cells[2] == "a.jpg"


def test_arrays_of_images_stay_arrays():
    images = np.zeros((2, 4, 4), np.uint8)
    found = Samples(images).with_cells(ROWS, {0: {0: np.ones((4, 4), np.uint8)}})
    assert found.shape == (3, 4, 4)
    assert found.dtype == np.uint8
    assert found[0].all()
    assert Samples(images).with_cells(ROWS, {0: {0: None}})[0] is None
