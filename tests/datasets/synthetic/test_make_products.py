"""make_products: informative modalities, exact fractions, reproducible output."""

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

pytest.importorskip("PIL.Image", reason="make_products needs Pillow")


def assert_same_products(a, b):
    assert_frame_equal(a.frame.drop(columns="image"), b.frame.drop(columns="image"))
    for one, two in zip(a.data["image"], b.data["image"], strict=True):
        np.testing.assert_array_equal(one, two)


def text_probabilities(products):
    texts = products.data["title"] + " " + products.data["description"]
    model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=30))
    return out_of_fold(model, texts, products)


def image_probabilities(products):
    images = np.stack(list(products.data["image"])).astype(float)
    border = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0]], axis=1)
    contrast = np.abs(images - np.median(border, axis=1)[:, None, None]).sum(axis=3)
    n, size, _ = contrast.shape
    cells = contrast.reshape(n, size // 4, 4, size // 4, 4).mean(axis=(2, 4))
    model = RandomForestClassifier(60, random_state=0)
    return out_of_fold(model, cells.reshape(n, -1), products)


def out_of_fold(model, X, products):
    cv = StratifiedKFold(3, shuffle=True, random_state=0)
    return cross_val_predict(model, X, products.target, cv=cv, method="predict_proba")


def accuracy(probabilities, products):
    guess = np.array(products.target_names)[probabilities.argmax(axis=1)]
    return np.mean(guess == products.target.to_numpy())


@pytest.fixture(scope="module")
def products():
    return make_products(400, random_state=0)


def test_bunch(products):
    assert list(products.data) == ["id", "title", "description", "price", "image"]
    assert list(products.frame) == [*products.data, "category"]
    assert_series_equal(products.target, products.frame["category"])
    assert products.target_names == sorted(set(products.target))
    assert products.feature_names == list(products.data)
    assert products.image_root is None
    assert "Mugs: identified by image" in products.DESCR
    assert products.data["id"].is_unique
    assert products.data["id"][7] == "00007"
    assert not products.frame.isna().any(axis=None)
    assert (products.data["price"] > 0).all()
    assert all(
        image.shape == (48, 48, 3) and image.dtype == np.uint8
        for image in products.data["image"]
    )


def test_modalities_of_categories(products):
    kinds = list(products.told_by.values())
    assert [kinds.count(kind) for kind in ("text", "both", "image")] == [3, 2, 3]
    assert set(products.told_by) == set(products.target_names)
    free = make_products(24, n_text_only=0, n_image_only=0, random_state=0)
    assert set(free.told_by.values()) == {"both"}
    assert set(make_products(6, n_categories=3, random_state=0).told_by.values()) == {
        "both"
    }


def test_categories_have_one_size_and_are_shuffled(products):
    assert set(products.target.value_counts()) == {50}
    assert products.target[:50].nunique() == 8


def test_weights():
    products = make_products(
        20, n_categories=3, weights=[5, 4, 0], image_size=8, random_state=0
    )
    sizes = products.target.value_counts()
    assert sizes[products.target_names].tolist() == [10, 8, 2]


def test_fusion_beats_each_modality(products):
    text, image = text_probabilities(products), image_probabilities(products)
    both = LogisticRegression(max_iter=3000)
    fused = out_of_fold(both, np.hstack([text, image]), products)
    assert 0.62 <= accuracy(text, products) <= 0.8
    assert 0.6 <= accuracy(image, products) <= 0.8
    assert accuracy(fused, products) >= 0.9


def test_informativeness_zero():
    products = make_products(
        400, text_informativeness=0, image_informativeness=0, random_state=0
    )
    # Eight categories: 0.125, and four standard deviations of 400 guesses.
    assert accuracy(text_probabilities(products), products) < 0.125 + 0.067
    assert accuracy(image_probabilities(products), products) < 0.125 + 0.067


def test_informativeness_one_for_all_categories():
    products = make_products(
        200,
        n_text_only=0,
        n_image_only=0,
        text_informativeness=1,
        image_informativeness=1,
        random_state=0,
    )
    assert accuracy(text_probabilities(products), products) > 0.97
    # A random forest on 12 x 12 cells of 133 images; networks do better.
    assert accuracy(image_probabilities(products), products) > 0.85


def test_informativeness_changes_only_products_that_become_informative(products):
    less = make_products(400, text_informativeness=0.5, random_state=0)
    changed = (less.data["title"] != products.data["title"]).to_numpy()
    by_text = products.target.map(products.told_by).isin(["text", "both"]).to_numpy()
    assert 0.35 < changed[by_text].mean() < 0.55
    assert not changed[~by_text].any()
    assert less.data["price"].equals(products.data["price"])


@pytest.mark.parametrize("fraction", [0.0, 0.1, 1.0])
def test_label_noise_is_exact(products, fraction):
    noisy = make_products(400, label_noise=fraction, random_state=0)
    assert (noisy.target != noisy.true_target).sum() == 400 * fraction
    assert_series_equal(noisy.true_target, products.target)
    assert_frame_equal(
        noisy.data.drop(columns="image"), products.data.drop(columns="image")
    )


def test_missing_fractions_are_exact_and_change_nothing_else(products):
    incomplete = make_products(
        400,
        missing_title=0.1,
        missing_description=0.25,
        missing_image=0.5,
        random_state=0,
    )
    assert incomplete.data.isna().sum().to_dict() == {
        "id": 0,
        "title": 40,
        "description": 100,
        "price": 0,
        "image": 200,
    }
    kept = incomplete.data["title"].notna()
    assert_series_equal(incomplete.data["title"][kept], products.data["title"][kept])
    for row in np.flatnonzero(incomplete.data["image"].notna())[:5]:
        np.testing.assert_array_equal(
            incomplete.data["image"][row], products.data["image"][row]
        )


def test_missing_all():
    X, _ = make_products(16, missing_title=1, missing_image=1, return_X_y=True)
    assert X["title"].isna().all()
    assert all(image is None for image in X["image"])


def test_same_seed_same_shop():
    first = make_products(40, image_size=16, random_state=3)
    assert_same_products(first, make_products(40, image_size=16, random_state=3))
    from_generator = [
        make_products(40, image_size=16, random_state=np.random.RandomState(3))
        for _ in range(2)
    ]
    assert_same_products(*from_generator)
    other = make_products(40, image_size=16, random_state=4)
    assert not other.data["title"].equals(first.data["title"])


@pytest.mark.parametrize("random_state", [0, None])
def test_global_generators_are_unchanged(random_state):
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


def test_price_depends_weakly_on_category(products):
    medians = products.data.groupby(products.target)["price"].median()
    assert medians["Watches"] > medians["Tea"]
    spread = np.log(products.data["price"]).groupby(products.target).std()
    assert (spread > np.log(medians).std()).all()


def test_texts_look_like_titles(products):
    by_text = products.target.map(products.told_by) == "text"
    mentions = products.data["title"][
        by_text & (products.target == "Tea")
    ].str.contains(r"tea|chai", flags=re.IGNORECASE)
    assert mentions.mean() > 0.85
    assert products.data["title"].str.len().between(10, 100).all()
    assert products.data["description"].str.endswith(".").all()


def test_image_folder_round_trip_through_load_products(tmp_path, products):
    folder = tmp_path / "new" / "images"
    made = make_products(40, image_folder=folder, missing_image=0.1, random_state=0)
    assert made.image_root == str(folder)
    assert len(list(folder.iterdir())) == 36
    made.frame.to_csv(tmp_path / "new" / "products.csv", index=False)
    loaded = load_products(tmp_path / "new", check_images="decode")
    assert_frame_equal(loaded.frame, made.frame)
    assert loaded.target_names == made.target_names


def test_image_folder_contains_the_same_pixels(tmp_path):
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
        ({"n_samples": 40.0}, TypeError, "'n_samples' parameter .* an int"),
        ({"n_categories": 1}, ValueError, r"'n_categories' parameter .* \[2, 12\]"),
        ({"n_categories": 13}, ValueError, r"'n_categories' parameter .* \[2, 12\]"),
        ({"image_size": 4}, ValueError, r"'image_size' parameter .* \[8, inf\)"),
        ({"n_text_only": -1}, ValueError, "'n_text_only' parameter .* Got -1"),
        ({"n_text_only": 9}, ValueError, r"more than `n_categories` \(8\)"),
        ({"n_text_only": 6}, ValueError, r"`n_text_only` \(6\) and `n_image_only`"),
        ({"label_noise": 1.5}, ValueError, "'label_noise' parameter .* Got 1.5"),
        ({"missing_title": "no"}, TypeError, "'missing_title' parameter .* Got 'no'"),
        ({"text_informativeness": -0.1}, ValueError, "'text_informativeness' param"),
        ({"image_informativeness": np.nan}, ValueError, "'image_informativeness' p"),
        ({"weights": [1, 2]}, ValueError, "`weights` must contain one number for eac"),
        ({"with_price": "yes"}, TypeError, "'with_price' parameter .* Got 'yes'"),
        ({"weights": [-1] * 8}, ValueError, "`weights` must not be negative"),
        ({"random_state": "0"}, TypeError, "'random_state' parameter .* Got '0'"),
        ({"random_state": -1}, ValueError, "'random_state' parameter .* Got -1"),
    ],
)
def test_wrong_argument_is_named(arguments, error, match):
    with pytest.raises(error, match=match):
        make_products(**arguments)


def test_frame_is_ordinary_pandas(products):
    assert isinstance(products.frame, pd.DataFrame)
    assert products.frame.index.equals(pd.RangeIndex(400))
