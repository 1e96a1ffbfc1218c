"""The files of each release are found by either way of writing a category."""

import pytest

from amzest.datasets._amazon_pipeline._amazon_releases import RELEASES


@pytest.mark.parametrize("release", ["2014", "2018", "2023"])
def test_every_file_is_found_by_its_name(release):
    published = RELEASES[release]
    assert published.base_url.endswith("/")
    assert len(published.files) in (24, 29, 34)
    for file in published.files:
        (path,) = published.paths(file)
        assert path.rpartition("/")[2].startswith(f"meta_{file}.json")


def test_names_as_amazon_writes_them():
    assert RELEASES["2023"].paths(
        ["Toys & Games", "Toys_and_Games", "CDs & Vinyl"]
    ) == [
        "meta_Toys_and_Games.jsonl.gz",
        "meta_CDs_and_Vinyl.jsonl.gz",
    ]
    assert RELEASES["2018"].paths(["Clothing, Shoes & Jewelry"]) == [
        "meta_Clothing_Shoes_and_Jewelry.json.gz"
    ]
    assert RELEASES["2014"].paths("Baby") == ["categoryFiles/meta_Baby.json.gz"]


def test_published_categories_are_in_files_of_their_own_or_in_the_whole():
    assert RELEASES["2014"].paths("published") == ["metadata.json.gz"]
    for release in ("2018", "2023"):
        paths = RELEASES[release].paths("published")
        assert len(paths) in (11, 13)
        assert sum("Beauty" in path for path in paths) == 2


@pytest.mark.parametrize("categories", ["Rockets", ["Books", "Rockets"], []])
def test_unknown_categories_are_refused(categories):
    with pytest.raises(
        ValueError, match="`categories` must be 'published' or names of"
    ):
        RELEASES["2018"].paths(categories)
