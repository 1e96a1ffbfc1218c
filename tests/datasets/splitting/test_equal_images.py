"""image_keys: equal images have equal keys."""

from __future__ import annotations

import numpy as np
import pytest

from amzest.datasets._splitting._equal_images import image_keys

IDENTIFIER = "51Iph04Jy3L"
AMAZON = "https://images-na.ssl-images-amazon.com/images/I"
OLD = "http://ecx.images-amazon.com/images"
NEW = "https://m.media-amazon.com/images"


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (
            f"{AMAZON}/{IDENTIFIER}._SX38_SY50_CR,0,0,38,50_.jpg",
            f"{AMAZON}/{IDENTIFIER}.jpg",
            True,
        ),
        (f"{AMAZON}/{IDENTIFIER}.jpg", f"{OLD}/I/{IDENTIFIER}.png", True),
        (f"{AMAZON}/{IDENTIFIER}.jpg", f"{NEW}/I/{IDENTIFIER}.jpg?x=1", True),
        (
            f"{AMAZON}/{IDENTIFIER}.jpg",
            f"//images.amazon.co.uk/images/I/{IDENTIFIER}.jpg",
            True,
        ),
        (f"{AMAZON}/41a%2BbL.jpg", f"{AMAZON}/41a+bL._SS40_.jpg", True),
        (f"{AMAZON}/{IDENTIFIER}.jpg", f"{AMAZON}/{IDENTIFIER.lower()}.jpg", False),
        (
            f"{AMAZON}/{IDENTIFIER}.jpg",
            f"https://shop.example/images/I/{IDENTIFIER}.jpg",
            False,
        ),
        (
            f"{AMAZON}/{IDENTIFIER}.jpg",
            f"https://notamazon.com/images/I/{IDENTIFIER}.jpg",
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
def test_two_images(one, other, equal):
    first, second = image_keys([one, other], name="image")
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
def test_missing_image(cell):
    assert image_keys([cell], name="image") == [None]


def test_files_are_equal_by_content(tmp_path):
    for name, content in {"a": b"12", "b": b"12", "c": b"13", "d": b"123"}.items():
        (tmp_path / name).write_bytes(content)
    cells = ["a", "b", "c", "d", str(tmp_path / "a"), tmp_path / "d", "./c", b"12"]
    keys = image_keys(cells, name="image", image_root=tmp_path)
    first = [keys.index(key) for key in keys]
    assert first == [0, 0, 2, 3, 0, 3, 2, 0]


def test_missing_file(tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    match = r"`link` is not a file in 1 row: row 1 \('.*b'\)\. Pass image_root="
    with pytest.raises(ValueError, match=match):
        image_keys(["a", "b"], name="link", image_root=tmp_path)
    with pytest.raises(ValueError, match=match):
        image_keys([None, str(tmp_path / "b")], name="link")


def test_without_image_root(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match="`link` is not a file in 3 rows: row 0"):
        keys = image_keys(["a", "b", "./a"], name="link")
    assert keys == ["a", "b", "a"]
    (tmp_path / "a").write_bytes(b"1")
    with pytest.raises(ValueError, match="in 1 row: row 1"):
        image_keys(["a", "b"], name="link")


def test_without_reading_files():
    keys = image_keys(["a", "b", " a"], name="image_url", read_files=False)
    assert keys == ["a", "b", "a"]


def test_cell_of_a_wrong_type():
    with pytest.raises(TypeError, match=r"`link` is neither .* row 1 \('list'\)"):
        image_keys(["http://a.example/1.jpg", ["a"]], name="link")


def test_dicts_of_bytes_and_path():
    cells = [{"bytes": b"a", "path": None}, b"a", {"bytes": None, "path": None}]
    first, second, third = image_keys(cells, name="image")
    assert first == second
    assert third is None
