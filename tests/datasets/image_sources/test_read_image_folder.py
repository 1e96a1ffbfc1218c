"""A folder with a folder for each category becomes a table of paths."""

import os

import pytest

from amzest.datasets import read_image_folder


@pytest.fixture
def folder(tmp_path):
    for name in ("b/2.JPG", "b/10.png", "a/new/1.webp", "a/notes.txt", ".c/1.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "a" / ".1.png").touch()
    return tmp_path


def test_a_row_for_each_image(folder):
    frame = read_image_folder(folder)
    names = ["a/new/1.webp", "b/10.png", "b/2.JPG"]
    assert frame["image"].tolist() == [str(folder / name) for name in names]
    assert frame["category"].tolist() == ["a", "b", "b"]
    relative = read_image_folder(
        folder, image_column="file", category_column="kind", absolute_images=False
    )
    assert relative["file"].tolist() == [name.replace("/", os.sep) for name in names]
    assert relative.columns.tolist() == ["file", "kind"]


def test_folders_without_categories_or_images(folder, tmp_path):
    (folder / "3.png").touch()
    with pytest.raises(ValueError, match=r"3\.png' is in no folder of a category"):
        read_image_folder(folder)
    with pytest.raises(FileNotFoundError, match="is not a folder"):
        read_image_folder(folder / "none")
    (tmp_path / "x" / "y").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="contain no image"):
        read_image_folder(tmp_path / "x")
