import io

import numpy as np
import pandas as pd
import pytest

from amzest.evaluation._summaries._image_column import summarize_images

Image = pytest.importorskip("PIL.Image")


def test_images_of_every_kind(tmp_path):
    red = Image.new("RGB", (40, 10), "black")
    red.save(tmp_path / "a.png")
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(buffer, "JPEG")
    cells = [
        *("a.png", buffer.getvalue(), red, np.zeros((4, 4, 3), dtype=np.uint8)),
        *(None, "", "absent.png", b"no image"),
    ]
    found = summarize_images(
        pd.Series(cells, dtype=object), tmp_path, np.random.default_rng(0)
    )
    assert (found.n_rows, found.n_missing, found.n_decoded) == (8, 2, 6)
    assert found.n_unreadable == 2
    assert sorted(found.size) == pytest.approx([4, 8, 20, 20])
    # Three quarters of the square around an image of 4:1 are white.
    assert sorted(found.brightness) == pytest.approx([0, 0.75, 0.75, 1], abs=0.01)


def test_column_without_images():
    column = pd.Series([None, None], dtype=object)
    found = summarize_images(column, None, np.random.default_rng(0))
    assert (found.n_missing, found.n_unreadable, len(found.size)) == (2, 0, 0)
