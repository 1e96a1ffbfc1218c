import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from amzest.evaluation._displays._cells import as_cells, column_of, decode_images

RED = np.full((8, 8, 3), (255, 0, 0), dtype=np.uint8)


def test_column_of_frame_by_name_or_default():
    X = pd.DataFrame({"title": ["a"], "name": ["b"]})
    assert column_of("titles", None, X, "title").tolist() == ["a"]
    assert column_of("titles", "name", X, "title").tolist() == ["b"]
    assert column_of("titles", ["c"], X, "title") == ["c"]
    assert column_of("titles", None, np.zeros((1, 2)), "title") is None


def test_column_of_frame_that_does_not_exist():
    with pytest.raises(ValueError, match="`titles` is 'text', but `X` has 'title'"):
        column_of("titles", "text", pd.DataFrame({"title": ["a"]}), "title")
    with pytest.raises(ValueError, match="no named columns"):
        column_of("titles", "text", np.zeros((1, 2)), "title")


def test_as_cells_of_columns_and_images():
    assert as_cells("titles", pd.Series(["a", "b"], index=[5, 9]), 2) == ["a", "b"]
    assert as_cells("titles", pd.DataFrame({"title": ["a", "b"]}), 2) == ["a", "b"]
    assert len(as_cells("images", np.zeros((3, 4, 4, 3)), 3)) == 3
    with pytest.raises(ValueError, match="`titles` has 1 row, but `y_true` has 2 rows"):
        as_cells("titles", ["a"], 2)


def test_decode_images_of_every_type(tmp_path):
    Image.fromarray(RED).save(tmp_path / "red.png")
    encoded = io.BytesIO()
    Image.fromarray(RED).save(encoded, "PNG")
    cells = ["red.png", encoded.getvalue(), Image.fromarray(RED), RED]
    images, notes = decode_images(cells, tmp_path, "SomeDisplay")
    assert notes == ["shown"] * 4
    for image in images:
        assert image.shape == (256, 256, 3)
        assert image[128, 128].tolist() == [255, 0, 0]


def test_decode_images_notes_the_reason_of_failure(tmp_path):
    broken = b"\x89PNG broken"
    cells = [None, float("nan"), " ", b"", "lost/mug.jpg", broken, 3, "x/no-img.gif"]
    images, notes = decode_images(cells, tmp_path, "SomeDisplay")
    assert images == [None] * 8
    assert notes[:4] == ["no image"] * 4
    assert notes[4] == "image not found: mug.jpg"
    assert notes[5].startswith("image cannot be decoded: not an image")
    assert notes[6].startswith("image cannot be decoded: a int is not an image")
    assert notes[7] == "no image"
