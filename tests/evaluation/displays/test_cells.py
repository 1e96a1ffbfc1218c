import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from amzest.evaluation._displays._cells import as_cells, column_of, decode_photos

RED = np.full((8, 8, 3), (255, 0, 0), dtype=np.uint8)


def test_column_of_frame_by_name_or_default():
    X = pd.DataFrame({"title": ["a"], "name": ["b"]})
    assert column_of("titles", None, X, "title").tolist() == ["a"]
    assert column_of("titles", "name", X, "title").tolist() == ["b"]
    assert column_of("titles", ["c"], X, "title") == ["c"]
    assert column_of("titles", None, np.zeros((1, 2)), "title") is None


def test_column_of_frame_that_is_not_there():
    with pytest.raises(ValueError, match="`titles` is 'text', but `X` has 'title'"):
        column_of("titles", "text", pd.DataFrame({"title": ["a"]}), "title")
    with pytest.raises(ValueError, match="no named columns"):
        column_of("titles", "text", np.zeros((1, 2)), "title")


def test_as_cells_takes_columns_and_pictures():
    assert as_cells("titles", pd.Series(["a", "b"], index=[5, 9]), 2) == ["a", "b"]
    assert as_cells("titles", pd.DataFrame({"title": ["a", "b"]}), 2) == ["a", "b"]
    assert len(as_cells("images", np.zeros((3, 4, 4, 3)), 3)) == 3
    with pytest.raises(ValueError, match="`titles` has 1 row, but `y_true` has 2"):
        as_cells("titles", ["a"], 2)


def test_decode_photos_takes_every_form(tmp_path):
    Image.fromarray(RED).save(tmp_path / "red.png")
    encoded = io.BytesIO()
    Image.fromarray(RED).save(encoded, "PNG")
    cells = ["red.png", encoded.getvalue(), Image.fromarray(RED), RED]
    photos, notes = decode_photos(cells, tmp_path, "SomeDisplay")
    assert notes == ["shown"] * 4
    for photo in photos:
        assert photo.shape == (256, 256, 3)
        assert photo[128, 128].tolist() == [255, 0, 0]


def test_decode_photos_tells_why_there_is_none(tmp_path):
    broken = b"\x89PNG broken"
    cells = [None, float("nan"), " ", b"", "lost/mug.jpg", broken, 3, "x/no-img.gif"]
    photos, notes = decode_photos(cells, tmp_path, "SomeDisplay")
    assert photos == [None] * 8
    assert notes[:4] == ["no photo"] * 4
    assert notes[4] == "photo not found: mug.jpg"
    assert notes[5].startswith("photo cannot be decoded: not an image")
    assert notes[6].startswith("photo cannot be decoded: a int is no image")
    assert notes[7] == "no photo"
