"""Published files are fetched once, from a mirror here, and become a cached table."""

import gzip

import pandas as pd
import pytest
from amazon_lines import RELEASES, make_lines
from file_server import serve_files
from image_server import ImageServer
from pandas.testing import assert_frame_equal

from amzest.datasets import fetch_amazon_products
from amzest.datasets._amazon_pipeline import _amazon_releases


def packed(lines):
    return gzip.compress("".join(f"{line}\n" for line in lines).encode())


@pytest.fixture(scope="module")
def mirror():
    """Serve files of all three releases as their publishers name them."""
    files = {}
    for seed, release in enumerate(RELEASES):
        published = _amazon_releases.RELEASES[release]
        for name in ("Books", "Toys & Games"):
            (path,) = published.paths([name])
            files[path] = packed(make_lines(400, release, seed))
    files["metadata.json.gz"] = packed(make_lines(2000, "2014"))
    with serve_files(files) as server:
        yield server


@pytest.fixture
def fetch(mirror, tmp_path):
    mirror.requests.clear()

    def fetch(release="2014", **arguments):
        defaults = {
            "categories": ["Books", "Toys & Games"],
            "data_home": tmp_path,
            "base_url": mirror.url,
        }
        return fetch_amazon_products(release, **{**defaults, **arguments})

    return fetch


@pytest.mark.parametrize("release", RELEASES)
def test_two_categories_of_each_release(fetch, mirror, release):
    products = fetch(release, n_per_category=30)
    assert [path.rpartition("/")[2] for path, _ in mirror.requests] == [
        f"meta_{name}.json{'l' if release == '2023' else ''}.gz"
        for name in ("Books", "Toys_and_Games")
    ]
    assert products.target.value_counts().max() == 30
    assert products.target_names == sorted(products.target.unique())
    assert (
        products.feature_names
        == list(products.data)
        == [*("asin", "title", "description", "brand", "price", "image_url")]
    )
    assert set(products.split) == {"train", "test"}
    assert len(products.frame) == len(products.data) == len(products.target)
    assert "fetch_amazon_products" in products.DESCR
    assert "products read                        800" in products.report


def test_second_call_takes_what_is_there(fetch, mirror):
    first = fetch()
    n_requests = len(mirror.requests)
    second = fetch(download_if_missing=False)
    assert len(mirror.requests) == n_requests == 2
    assert_frame_equal(first.frame, second.frame)
    # Another drawing reads the same files.
    assert len(fetch(n_per_category=5).frame) < len(first.frame)
    assert len(mirror.requests) == n_requests


def test_published_categories_by_name(fetch, mirror):
    X, y = fetch(categories="published", n_per_category=20, return_X_y=True)
    assert [path for path, _ in mirror.requests] == ["metadata.json.gz"]
    assert y.nunique() == 10
    assert "books" in set(y)
    assert len(X) == len(y) <= 200


def test_images_are_downloaded_and_failed_ones_again(tmp_path):
    with ImageServer() as images:
        lines = [
            {
                "asin": f"A{i}",
                "title": f"thing {i}",
                "imUrl": images.url("/fail" if i == 2 else f"/image/{i}.jpg"),
                "categories": [["Books" if i % 2 else "Baby"]],
            }
            for i in range(40)
        ]
        path = "categoryFiles/meta_Books.json.gz"
        with serve_files({path: packed(map(repr, lines))}) as server:
            arguments = {
                "categories": "Books",
                "data_home": tmp_path,
                "base_url": server.url,
                "images": True,
                "download_options": {"allow_private": True, "max_attempts": 1},
            }
            products = fetch_amazon_products("2014", **arguments)
        n_requests = images.n_requests.copy()
        again = fetch_amazon_products("2014", **arguments)
        assert images.n_requests - n_requests == {"/fail": 1}
    paths = products.data["image"]
    assert paths.isna().sum() == 1
    assert all(pd.io.common.file_exists(path) for path in paths.dropna())
    assert_frame_equal(products.frame, again.frame)
    assert "images: ok                            39" in products.report


def test_nothing_is_downloaded_against_the_users_will(fetch, mirror):
    with pytest.raises(OSError, match=r"meta_Books\.json\.gz' does not exist"):
        fetch(download_if_missing=False)
    assert mirror.requests == []


def test_wrong_arguments_are_named(fetch, mirror):
    with pytest.raises(ValueError, match="'release' parameter"):
        fetch("2015")
    with pytest.raises(ValueError, match="`categories` must be 'published' or names"):
        fetch(categories=["Rockets"])
    with pytest.raises(TypeError, match="'random_state' parameter"):
        fetch(random_state=None)
    assert mirror.requests == []


def test_file_that_is_not_at_the_mirror_is_named(fetch):
    with pytest.raises(
        OSError, match=r"meta_Baby\.json\.gz cannot be downloaded: .*404"
    ):
        fetch(categories=["Baby"])
