"""group_products: near titles and equal images in one group."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GroupKFold

from amzest.datasets import group_products
from amzest.datasets._shared._column_chunks import ColumnChunks
from amzest.datasets._splitting._group_products import group_columns
from amzest.datasets._splitting._labels import join_groups

IMAGE = "https://m.media-amazon.com/images/I/a"


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "title": ["red mug 1", "Lamp", "RED Mug 1", None, "Rug", None],
            "image_url": [None, f"{IMAGE}.jpg", None, f"{IMAGE}._SX3_.jpg", "", ""],
            "image": [None, None, b"1", None, b"1", None],
        },
        index=list("uvwxyz"),
    )


def test_titles_and_images_are_joined(frame):
    assert group_products(frame).tolist() == [0, 1, 0, 1, 0, 2]


@pytest.mark.parametrize(
    ("ignored", "expected"),
    [
        ("title_column", [0, 1, 2, 1, 2, 3]),
        ("image_column", [0, 1, 0, 1, 2, 3]),
        ("url_column", [0, 1, 0, 2, 0, 3]),
    ],
)
def test_column_is_ignored(frame, ignored, expected):
    assert group_products(frame, **{ignored: None}).tolist() == expected


def test_columns_of_other_names(frame):
    names = {"title": "name", "image_url": "link", "image": "file"}
    groups = group_products(
        frame.rename(columns=names),
        title_column="name",
        image_column="file",
        url_column="link",
    )
    np.testing.assert_array_equal(groups, group_products(frame))


@pytest.mark.parametrize("dtype", ["object", "str", "string", "category"])
def test_dtypes_of_titles(frame, dtype):
    groups = group_products(frame.astype({"title": dtype}))
    assert groups.tolist() == [0, 1, 0, 1, 0, 2]


def test_labels_are_groups_for_scikit_learn(frame):
    groups = group_products(frame)
    for train, test in GroupKFold(3).split(frame, groups=groups):
        assert not set(groups[train]) & set(groups[test])


def test_similarity(frame):
    frame.loc["y", "title"] = "red mug 1 large"
    without = frame.drop(columns="image")
    assert group_products(without).tolist() == [0, 1, 0, 1, 2, 3]
    assert group_products(without, similarity=0.75).tolist() == [0, 1, 0, 1, 0, 2]


def test_frame_without_rows(frame):
    assert group_products(frame.iloc[:0]).tolist() == []


def test_column_is_absent(frame):
    match = r"no column 'name' \(title_column\)\. Available: 'title'"
    with pytest.raises(ValueError, match=match):
        group_products(frame, title_column="name")
    with pytest.raises(ValueError, match="Products cannot be compared"):
        group_products(frame[[]])


def test_title_is_not_a_string(frame):
    with pytest.raises(
        TypeError, match=r"`title` is not a string in 6 rows: row 0 \('int"
    ):
        group_products(frame.assign(title=range(6)))


def test_join_groups_is_transitive():
    parts = [[0, 1, 1, 2, 3], [0, 1, 2, 2, 3], [0, 1, 2, 3, 3]]
    joined = join_groups([np.array(part) for part in parts])
    assert joined.tolist() == [0, 1, 1, 1, 1]


@pytest.mark.parametrize("name", ["similarity", "description_similarity"])
@pytest.mark.parametrize("value", [0.49, 1.01, float("nan"), "0.8", None, True])
def test_similarity_out_of_range(frame, name, value):
    match = rf"'{name}' parameter .* a float in the range \[0\.5, 1\.0\]\. Got"
    with pytest.raises(ValueError, match=match):
        group_products(frame, **{name: value})


def by_all_pairs(titles, urls):
    """Label rows by comparing every pair, and uniting the groups of near ones."""
    labels = list(range(len(titles)))
    words = [set(title.split()) if title else set() for title in titles]
    for a in range(len(titles)):
        for b in range(a):
            near = 10 * len(words[a] & words[b]) >= 8 * max(len(words[a] | words[b]), 1)
            if near or (urls[a] and urls[a] == urls[b]):
                old, new = labels[a], labels[b]
                labels = [new if label == old else label for label in labels]
    first = {}
    return [first.setdefault(label, len(first)) for label in labels]


@pytest.mark.parametrize("chunk_size", [1, 7, 1000])
def test_columns_in_chunks_give_the_groups_of_all_pairs(chunk_size):
    rng = np.random.default_rng(0)
    for n_words in (7, 12, 40):
        titles = [
            " ".join(f"w{word}" for word in rng.integers(0, n_words, rng.integers(9)))
            for _ in range(60)
        ]
        numbers = rng.integers(0, 90, 60).tolist()
        urls = [f"https://a.example/\udcff{n}" if n > 30 else None for n in numbers]
        columns = {
            "title": ColumnChunks.of(titles, chunk_size),
            "url": ColumnChunks.of(urls, chunk_size),
        }
        groups = group_columns(
            columns, similarity=0.8, description_similarity=0.8, image_root=None
        )
        assert groups.tolist() == by_all_pairs(titles, urls)
        assert 5 < len(set(groups.tolist())) < 60
