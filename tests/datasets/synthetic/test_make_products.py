"""make_products: what is told by what, and that nothing else changes."""

from __future__ import annotations

import random
import re

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal, assert_series_equal
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from amzest.datasets import load_products, make_products

pytest.importorskip("PIL.Image", reason="make_products draws with Pillow")


def assert_same_shop(a, b):
    assert_frame_equal(a.frame.drop(columns="image"), b.frame.drop(columns="image"))
    for one, two in zip(a.data["image"], b.data["image"], strict=True):
        np.testing.assert_array_equal(one, two)


def text_probabilities(shop):
    texts = shop.data["title"] + " " + shop.data["description"]
    model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=30))
    return out_of_fold(model, texts, shop)


def image_probabilities(shop):
    photos = np.stack(list(shop.data["image"])).astype(float)
    border = np.concatenate([photos[:, 0], photos[:, -1], photos[:, :, 0]], axis=1)
    contrast = np.abs(photos - np.median(border, axis=1)[:, None, None]).sum(axis=3)
    n, size, _ = contrast.shape
    cells = contrast.reshape(n, size // 4, 4, size // 4, 4).mean(axis=(2, 4))
    model = RandomForestClassifier(60, random_state=0)
    return out_of_fold(model, cells.reshape(n, -1), shop)


def out_of_fold(model, X, shop):
    cv = StratifiedKFold(3, shuffle=True, random_state=0)
    return cross_val_predict(model, X, shop.target, cv=cv, method="predict_proba")


def accuracy(probabilities, shop):
    guess = np.array(shop.target_names)[probabilities.argmax(axis=1)]
    return np.mean(guess == shop.target.to_numpy())


@pytest.fixture(scope="module")
def shop():
    return make_products(400, random_state=0)


def test_bunch(shop):
    assert list(shop.data) == ["id", "title", "description", "price", "image"]
    assert list(shop.frame) == [*shop.data, "category"]
    assert_series_equal(shop.target, shop.frame["category"])
    assert shop.target_names == sorted(set(shop.target))
    assert shop.feature_names == list(shop.data)
    assert shop.image_root is None
    assert "Mugs: told by image" in shop.DESCR
    assert shop.data["id"].is_unique
    assert shop.data["id"][7] == "00007"
    assert not shop.frame.isna().any(axis=None)
    assert (shop.data["price"] > 0).all()
    assert all(
        photo.shape == (48, 48, 3) and photo.dtype == np.uint8
        for photo in shop.data["image"]
    )


def test_roles_of_categories(shop):
    kinds = list(shop.told_by.values())
    assert [kinds.count(kind) for kind in ("text", "both", "image")] == [3, 2, 3]
    assert set(shop.told_by) == set(shop.target_names)
    free = make_products(24, n_text_only=0, n_image_only=0, random_state=0)
    assert set(free.told_by.values()) == {"both"}
    assert set(make_products(6, n_categories=3, random_state=0).told_by.values()) == {
        "both"
    }


def test_categories_are_of_one_size_and_in_no_order(shop):
    assert set(shop.target.value_counts()) == {50}
    assert shop.target[:50].nunique() == 8


def test_weights_give_sizes():
    shop = make_products(
        20, n_categories=3, weights=[5, 4, 0], image_size=8, random_state=0
    )
    sizes = shop.target.value_counts()
    assert sizes[shop.target_names].tolist() == [10, 8, 2]


def test_fusion_beats_each_modality(shop):
    text, image = text_probabilities(shop), image_probabilities(shop)
    both = LogisticRegression(max_iter=3000)
    fused = out_of_fold(both, np.hstack([text, image]), shop)
    assert 0.62 <= accuracy(text, shop) <= 0.8
    assert 0.6 <= accuracy(image, shop) <= 0.8
    assert accuracy(fused, shop) >= 0.9


def test_informativeness_zero_is_chance():
    shop = make_products(
        400, text_informativeness=0, image_informativeness=0, random_state=0
    )
    # Eight categories: 0.125, and four standard deviations of 400 guesses.
    assert accuracy(text_probabilities(shop), shop) < 0.125 + 0.067
    assert accuracy(image_probabilities(shop), shop) < 0.125 + 0.067


def test_informativeness_one_without_roles_tells_all():
    shop = make_products(
        200,
        n_text_only=0,
        n_image_only=0,
        text_informativeness=1,
        image_informativeness=1,
        random_state=0,
    )
    assert accuracy(text_probabilities(shop), shop) > 0.97
    # A forest on 12 x 12 cells and 133 pictures; networks have more to go on.
    assert accuracy(image_probabilities(shop), shop) > 0.85


def test_informativeness_changes_only_newly_informed_products(shop):
    less = make_products(400, text_informativeness=0.5, random_state=0)
    changed = (less.data["title"] != shop.data["title"]).to_numpy()
    knows_text = shop.target.map(shop.told_by).isin(["text", "both"]).to_numpy()
    assert 0.35 < changed[knows_text].mean() < 0.55
    assert not changed[~knows_text].any()
    assert less.data["price"].equals(shop.data["price"])


@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_label_noise_is_exact(shop, share):
    noisy = make_products(400, label_noise=share, random_state=0)
    assert (noisy.target != noisy.true_target).sum() == 400 * share
    assert_series_equal(noisy.true_target, shop.target)
    assert_frame_equal(
        noisy.data.drop(columns="image"), shop.data.drop(columns="image")
    )


def test_missing_shares_are_exact_and_leave_the_rest(shop):
    holes = make_products(
        400,
        missing_title=0.1,
        missing_description=0.25,
        missing_image=0.5,
        random_state=0,
    )
    assert holes.data.isna().sum().to_dict() == {
        "id": 0,
        "title": 40,
        "description": 100,
        "price": 0,
        "image": 200,
    }
    kept = holes.data["title"].notna()
    assert_series_equal(holes.data["title"][kept], shop.data["title"][kept])
    for row in np.flatnonzero(holes.data["image"].notna())[:5]:
        np.testing.assert_array_equal(holes.data["image"][row], shop.data["image"][row])


def test_missing_all():
    X, _ = make_products(16, missing_title=1, missing_image=1, return_X_y=True)
    assert X["title"].isna().all()
    assert all(photo is None for photo in X["image"])


def test_same_seed_same_shop():
    first = make_products(40, image_size=16, random_state=3)
    assert_same_shop(first, make_products(40, image_size=16, random_state=3))
    from_generator = [
        make_products(40, image_size=16, random_state=np.random.RandomState(3))
        for _ in range(2)
    ]
    assert_same_shop(*from_generator)
    other = make_products(40, image_size=16, random_state=4)
    assert not other.data["title"].equals(first.data["title"])


@pytest.mark.parametrize("random_state", [0, None])
def test_global_generators_are_left_alone(random_state):
    np.random.seed(0)
    random.seed(0)
    before = np.random.get_state()[1].copy(), random.getstate()
    make_products(16, image_size=8, random_state=random_state)
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])
    assert random.getstate() == before[1]


def test_return_X_y_and_no_price():
    X, y = make_products(
        16, with_price=False, image_size=8, return_X_y=True, random_state=0
    )
    assert list(X) == ["id", "title", "description", "image"]
    assert y.name == "category"
    assert len(X) == len(y) == 16


def test_price_depends_weakly_on_category(shop):
    medians = shop.data.groupby(shop.target)["price"].median()
    assert medians["Watches"] > medians["Tea"]
    spread = np.log(shop.data["price"]).groupby(shop.target).std()
    assert (spread > np.log(medians).std()).all()


def test_texts_read_like_titles(shop):
    told = shop.target.map(shop.told_by) == "text"
    mentions = shop.data["title"][told & (shop.target == "Tea")].str.contains(
        r"tea|chai", flags=re.IGNORECASE
    )
    assert mentions.mean() > 0.85
    assert shop.data["title"].str.len().between(10, 100).all()
    assert shop.data["description"].str.endswith(".").all()


def test_image_folder_round_trip_through_load_products(tmp_path, shop):
    folder = tmp_path / "new" / "photos"
    drawn = make_products(40, image_folder=folder, missing_image=0.1, random_state=0)
    assert drawn.image_root == str(folder)
    assert len(list(folder.iterdir())) == 36
    drawn.frame.to_csv(tmp_path / "new" / "products.csv", index=False)
    loaded = load_products(tmp_path / "new", check_images="decode")
    assert_frame_equal(loaded.frame, drawn.frame)
    assert loaded.target_names == drawn.target_names


def test_image_folder_holds_the_same_pixels(tmp_path):
    from PIL import Image

    arrays = make_products(16, image_size=16, random_state=0)
    files = make_products(16, image_size=16, image_folder=tmp_path, random_state=0)
    for path, array in zip(files.data["image"], arrays.data["image"], strict=True):
        with Image.open(path) as image:
            np.testing.assert_array_equal(np.asarray(image), array)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"n_samples": 15}, ValueError, r"`n_samples` must be at least two .* 16"),
        ({"n_samples": 40.0}, TypeError, "`n_samples` must be an int"),
        ({"n_categories": 1}, ValueError, "`n_categories` must be from 2 to 12"),
        ({"n_categories": 13}, ValueError, "`n_categories` must be from 2 to 12"),
        ({"image_size": 4}, ValueError, "`image_size` must be at least 8"),
        ({"n_text_only": -1}, ValueError, "`n_text_only` must be from 0 to 8"),
        ({"n_text_only": 6}, ValueError, r"`n_text_only` \(6\) and `n_image_only`"),
        ({"label_noise": 1.5}, ValueError, "`label_noise` must be a number from 0"),
        ({"missing_title": "no"}, TypeError, "`missing_title` must be a number"),
        ({"text_informativeness": -0.1}, ValueError, "`text_informativeness` must"),
        ({"image_informativeness": np.nan}, ValueError, "`image_informativeness` mu"),
        ({"weights": [1, 2]}, ValueError, "`weights` must hold one number for each"),
        ({"weights": [-1] * 8}, ValueError, "`weights` must not be negative"),
        ({"random_state": "0"}, TypeError, "'random_state' parameter .* Got '0'"),
        ({"random_state": -1}, ValueError, "'random_state' parameter .* Got -1"),
    ],
)
def test_wrong_argument_is_named(arguments, error, match):
    with pytest.raises(error, match=match):
        make_products(**arguments)


def test_frame_is_ordinary_pandas(shop):
    assert isinstance(shop.frame, pd.DataFrame)
    assert shop.frame.index.equals(pd.RangeIndex(400))
