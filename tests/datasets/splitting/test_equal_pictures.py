"""picture_keys: equal keys are equal pictures."""

from __future__ import annotations

import numpy as np
import pytest

from amzest.datasets._splitting._equal_pictures import picture_keys

NUMBER = "51Iph04Jy3L"
AMAZON = "https://images-na.ssl-images-amazon.com/images/I"
OLD = "http://ecx.images-amazon.com/images"
NEW = "https://m.media-amazon.com/images"


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (
            f"{AMAZON}/{NUMBER}._SX38_SY50_CR,0,0,38,50_.jpg",
            f"{AMAZON}/{NUMBER}.jpg",
            True,
        ),
        (f"{AMAZON}/{NUMBER}.jpg", f"{OLD}/I/{NUMBER}.png", True),
        (f"{AMAZON}/{NUMBER}.jpg", f"{NEW}/I/{NUMBER}.jpg?x=1", True),
        (
            f"{AMAZON}/{NUMBER}.jpg",
            f"//images.amazon.co.uk/images/I/{NUMBER}.jpg",
            True,
        ),
        (f"{AMAZON}/41a%2BbL.jpg", f"{AMAZON}/41a+bL._SS40_.jpg", True),
        (f"{AMAZON}/{NUMBER}.jpg", f"{AMAZON}/{NUMBER.lower()}.jpg", False),
        (
            f"{AMAZON}/{NUMBER}.jpg",
            f"https://shop.example/images/I/{NUMBER}.jpg",
            False,
        ),
        (
            f"{AMAZON}/{NUMBER}.jpg",
            f"https://notamazon.com/images/I/{NUMBER}.jpg",
            False,
        ),
        (
            f"{OLD}/P/B00.01._SX80_.jpg",
            f"{OLD}/P/B00.01.jpg",
            True,
        ),
        ("http://shop.example/a.jpg", "HTTPS://SHOP.example:443/a.jpg#top", True),
        ("http://shop.example/a.jpg", "http://shop.example/A.jpg", False),
        ("http://shop.example/p?id=1", "http://shop.example/p?id=2", False),
        (b"a", bytearray(b"a"), True),
        (b"a", b"b", False),
    ],
)
def test_two_pictures(one, other, equal):
    first, second = picture_keys([one, other], name="image")
    assert first is not None
    assert second is not None
    assert (first == second) == equal


@pytest.mark.parametrize(
    "cell",
    [
        *(None, np.nan, "", "  ", b"", "no-img-sm.gif"),
        "http://g-ecx.images-amazon.com/images/G/01/x-site/icons/no-img-sm._V192198896_.gif",
    ],
)
def test_no_picture(cell):
    assert picture_keys([cell], name="image") == [None]


def test_files_are_equal_by_content(tmp_path):
    for name, content in {"a": b"12", "b": b"12", "c": b"13", "d": b"123"}.items():
        (tmp_path / name).write_bytes(content)
    cells = ["a", "b", "c", "d", str(tmp_path / "a"), tmp_path / "d", "./c", b"12"]
    keys = picture_keys(cells, name="image", image_root=tmp_path)
    first = [keys.index(key) for key in keys]
    assert first == [0, 0, 2, 3, 0, 3, 2, 0]


def test_file_is_absent(tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    match = r"`photo` names no file in 1 row: row 1 \('.*b'\)\. Pass image_root="
    with pytest.raises(ValueError, match=match):
        picture_keys(["a", "b"], name="photo", image_root=tmp_path)
    with pytest.raises(ValueError, match=match):
        picture_keys([None, str(tmp_path / "b")], name="photo")


def test_folder_is_not_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match="`photo` names no file in 3 rows: row 0"):
        keys = picture_keys(["a", "b", "./a"], name="photo")
    assert keys == ["a", "b", "a"]
    (tmp_path / "a").write_bytes(b"1")
    with pytest.raises(ValueError, match="in 1 row: row 1"):
        picture_keys(["a", "b"], name="photo")


def test_texts_are_no_paths():
    keys = picture_keys(["a", "b", " a"], name="image_url", read_files=False)
    assert keys == ["a", "b", "a"]


def test_cell_of_another_kind():
    with pytest.raises(TypeError, match=r"`photo` is neither .* row 1 \('list'\)"):
        picture_keys(["http://a.example/1.jpg", ["a"]], name="photo")


def test_dicts_of_bytes_and_path_are_what_they_hold():
    cells = [{"bytes": b"a", "path": None}, b"a", {"bytes": None, "path": None}]
    first, second, third = picture_keys(cells, name="image")
    assert first == second
    assert third is None
