"""Classification by the names of the categories, of texts and of images."""

import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
import transformers
from loopback import allow_only_loopback
from PIL import Image
from product_checks import CHECKS, Case, column_of
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from tiny_models import tiny_bert, tiny_clip, tiny_siglip

import amzest
from amzest import ColumnSelector, ZeroShotClassifier
from amzest.datasets import make_products
from amzest.ensemble import CrossFit
from amzest.pretrained import PretrainedImageEncoder, PretrainedTextEncoder
from amzest.pretrained._image_text_model import encode_category_texts
from amzest.text import TextLinearClassifier

#: Texts that share words with the titles: the weights of the encoder are random.
CATEGORIES = {"footwear": "shoe boot sandal", "outdoor": "hose spade rake"}
SHOES = ["red shoe", "old boot", "blue sandal", "running shoe", "boot", "red boot"]
TOOLS = ["garden hose", "old rake", "blue spade", "garden rake", "spade", "hose"]
TITLES = SHOES + TOOLS
LABELS = ["footwear"] * len(SHOES) + ["outdoor"] * len(TOOLS)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("encoder")))


@pytest.fixture
def classifier(model):
    return ZeroShotClassifier(model, CATEGORIES, template="{}")


# Texts -----------------------------------------------------------------------------


@pytest.mark.parametrize("self_training", [False, True])
def test_texts_are_classified_without_labels(classifier, self_training):
    classifier.set_params(self_training=self_training).fit(TITLES)
    assert classifier.classes_.tolist() == ["footwear", "outdoor"]
    assert classifier.score(TITLES, LABELS) > 0.9
    proba = classifier.predict_proba(TITLES)
    np.testing.assert_allclose(proba.sum(axis=1), 1)


def test_self_training_changes_the_classifier(classifier):
    plain = clone(classifier).set_params(self_training=False).fit(TITLES)
    trained = classifier.fit(TITLES)
    assert np.abs(plain.predict_proba(TITLES) - trained.predict_proba(TITLES)).max()
    np.testing.assert_array_equal(plain.transform(TITLES), trained.transform(TITLES))


def test_names_are_the_categories_in_the_template(model):
    names = ["Garden_hose", "shoe & boot"]
    classifier = ZeroShotClassifier(model, names, template="old {}").fit(TITLES)
    assert classifier.category_texts_ == {
        "Garden_hose": ["old Garden hose"],
        "shoe & boot": ["old shoe & boot", "old shoe", "old boot"],
    }
    default = ZeroShotClassifier(model, names).fit(TITLES)
    assert default.category_texts_["Garden_hose"] == [
        "a product of the category Garden hose."
    ]


def test_similarities(classifier, model):
    similarity = classifier.fit(TITLES).transform([*TITLES, None])
    assert similarity.shape == (len(TITLES) + 1, 2)
    assert similarity.dtype == np.float32
    assert (similarity[-1] == 0).all()
    encoder = PretrainedTextEncoder(model)
    vectors = encoder.fit_transform(TITLES)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    names = encoder.transform(list(CATEGORIES.values()))
    names /= np.linalg.norm(names, axis=1, keepdims=True)
    vectors -= (vectors.sum(axis=0) + names.mean(axis=0)) / (len(vectors) + 1)
    names -= names.mean(axis=0)
    for rows in (vectors, names):
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(similarity[:-1], vectors @ names.T, atol=1e-5)
    assert classifier.get_feature_names_out().tolist() == [
        "zeroshotclassifier0",
        "zeroshotclassifier1",
    ]


def test_missing_samples_get_equal_probabilities(classifier):
    X = [*TITLES, None, " ", np.nan]
    proba, present = classifier.fit(X).predict_proba_and_presence(X)
    assert present.tolist() == [True] * len(TITLES) + [False] * 3
    np.testing.assert_array_equal(proba[-3:], np.full((3, 2), 0.5))
    without = clone(classifier).fit(TITLES)
    np.testing.assert_allclose(proba[:-3], without.predict_proba(TITLES), atol=1e-5)


def test_several_columns(classifier):
    frame = pd.DataFrame({"title": TITLES, "text": TITLES})
    frame.loc[0, "title"] = None
    frame.loc[1, "text"] = ""
    frame.loc[2] = None
    fitted = classifier.fit(frame)
    assert fitted.feature_names_in_.tolist() == ["title", "text"]
    assert fitted.predict_proba_and_presence(frame)[1].sum() == len(TITLES) - 1
    rows = np.arange(len(TITLES)) != 2
    assert fitted.score(frame[rows], np.array(LABELS)[rows]) > 0.9
    with pytest.raises(ValueError, match="fitted on 2"):
        fitted.predict(TITLES)


def test_in_pipelines_and_column_transformers(classifier):
    frame = pd.DataFrame({"title": TITLES, "price": range(len(TITLES))})
    pipeline = make_pipeline(ColumnSelector("title"), classifier).fit(frame)
    assert pipeline.score(frame, LABELS) > 0.9
    transformer = ColumnTransformer(
        [("title", classifier, "title"), ("price", "passthrough", ["price"])]
    )
    assert transformer.fit_transform(frame).shape == (len(TITLES), 3)


def test_integers_are_labels_with_descriptions(model):
    descriptions = {30: CATEGORIES["outdoor"], 7: list(CATEGORIES["footwear"].split())}
    classifier = ZeroShotClassifier(model, descriptions, template="{}").fit(TITLES)
    assert classifier.classes_.tolist() == [7, 30]
    assert classifier.predict(["shoe", "hose"]).tolist() == [7, 30]


# Labels ----------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
@pytest.mark.parametrize("form", [column_of, pd.Series, list, pd.array])
def test_some_labels(classifier, missing, form):
    y = form([*LABELS[:1], *[missing] * (len(TITLES) - 2), *LABELS[-1:]])
    fitted = classifier.fit(TITLES, y)
    assert fitted.score(TITLES, LABELS) > 0.8
    unlabelled = clone(classifier).fit(TITLES)
    assert np.abs(fitted.predict_proba(TITLES) - unlabelled.predict_proba(TITLES)).max()
    np.testing.assert_array_equal(fitted.class_prior_, [0.5, 0.5])


def test_labels_outweigh_the_names(classifier):
    wrong = ["outdoor" if y == "footwear" else "footwear" for y in LABELS]
    assert classifier.fit(TITLES).score(TITLES, wrong) < 0.1
    fitted = classifier.fit(TITLES * 100, wrong * 100)
    assert fitted.score(TITLES, wrong) > 0.9


def test_labels_are_the_names_without_categories(model):
    y = ["shoe" if label == "footwear" else "hose" for label in LABELS]
    y[1] = None
    fitted = ZeroShotClassifier(model).fit(TITLES, y)
    assert fitted.classes_.tolist() == ["hose", "shoe"]
    assert fitted.score(TITLES, ["shoe"] * len(SHOES) + ["hose"] * len(TOOLS)) > 0.7


def test_class_frequencies_of_labelled_samples(classifier):
    y = LABELS[3:]
    weights = np.where(np.array(y) == "footwear", 4.0, 1.0)
    fitted = classifier.fit(TITLES[3:], y, sample_weight=weights)
    np.testing.assert_allclose(fitted.class_prior_, [2 / 3, 1 / 3])
    np.testing.assert_array_equal(fitted.predict_proba([None])[0], fitted.class_prior_)


def test_a_category_without_labels_keeps_its_name(classifier):
    y = [label if label == "outdoor" else None for label in LABELS]
    fitted = classifier.fit(TITLES, y)
    assert fitted.score(TITLES, LABELS) > 0.8


def test_unlabelled_missing_samples_and_weights(classifier):
    y = column_of([*LABELS, None, None])
    y[2:4] = None
    X = [*TITLES, None, "spade"]
    weights = np.ones(len(X))
    weights[[0, -1]] = 0
    fitted = classifier.fit(X, y, sample_weight=weights)
    rows = [*range(1, len(TITLES))]
    removed = clone(classifier).fit(
        [TITLES[row] for row in rows], [y[row] for row in rows]
    )
    np.testing.assert_allclose(
        fitted.predict_proba(TITLES), removed.predict_proba(TITLES), atol=1e-4
    )


# Errors ----------------------------------------------------------------------------


def test_unknown_labels(classifier):
    y = ["footwear"] * (len(TITLES) - 1) + ["toys"]
    with pytest.raises(ValueError, match=r"'toys'.*The categories are 'footwear'"):
        classifier.fit(TITLES, y)


@pytest.mark.parametrize("y", [None, [None] * len(TITLES)])
def test_no_labels_and_no_categories(classifier, y):
    with pytest.raises(ValueError, match="`categories` is None"):
        classifier.set_params(categories=None).fit(TITLES, y)


def test_numbers_as_labels_without_categories(model):
    y = [int(label == "outdoor") for label in LABELS]
    with pytest.raises(ValueError, match=r"label 0 is not a name.*StackingClassifier"):
        ZeroShotClassifier(model).fit(TITLES, y)
    with pytest.raises(ValueError, match=r"labels that.*cross_val_predict"):
        ZeroShotClassifier(model, ["shoe", "hose"]).fit(TITLES, y)


def test_one_class(model):
    with pytest.raises(ValueError, match=r"only one class .'shoe'.*`categories`"):
        ZeroShotClassifier(model).fit(TITLES, ["shoe"] * len(TITLES))


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"template": "a product"}, "`template`"),
        ({"template": 3}, "'template' parameter"),
        ({"categories": "shoes"}, "'categories' parameter"),
        ({"categories": ["a", "a"]}, "more than once"),
        ({"self_training": "yes"}, "'self_training' parameter"),
        ({"image_root": "shop"}, "`image_root` is 'shop'.*classifies texts"),
        ({"on_error": "missing"}, "`on_error`"),
        ({"pooling": "sum"}, "'pooling' parameter"),
    ],
)
def test_bad_parameters(classifier, params, error):
    with pytest.raises(ValueError, match=error):
        classifier.set_params(**params).fit(TITLES)


def test_lengths_and_weights(classifier):
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        classifier.fit(TITLES, LABELS[:-1])
    with pytest.raises(ValueError, match="at least one non-zero"):
        classifier.fit(TITLES, sample_weight=np.zeros(len(TITLES)))
    with pytest.raises(ValueError, match="is missing in all of the 2"):
        classifier.fit([None, ""])
    with pytest.raises(NotFittedError):
        classifier.predict(TITLES)


# State -----------------------------------------------------------------------------


def test_a_pickle_contains_no_weights(classifier):
    fitted = classifier.fit(TITLES)
    data = pickle.dumps(fitted)
    assert len(data) < 10_000
    np.testing.assert_array_equal(
        pickle.loads(data).predict_proba(TITLES), fitted.predict_proba(TITLES)
    )


def test_embedded_weights_predict_without_the_folder(classifier, model, tmp_path):
    folder = shutil.copytree(model, tmp_path / "model")
    classifier.set_params(model=str(folder), embed_weights=True, cache=False)
    fitted = classifier.fit(TITLES)
    expected = fitted.predict_proba(TITLES)
    shutil.rmtree(folder)
    amzest.clear_cache()
    np.testing.assert_allclose(fitted.predict_proba(TITLES), expected, atol=1e-6)


def test_changed_and_moved_folders(classifier, model, tmp_path):
    folder = shutil.copytree(model, tmp_path / "model")
    fitted = classifier.set_params(model=str(folder)).fit(TITLES)
    expected = fitted.predict_proba(TITLES)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"more": 1}))
    with pytest.raises(ValueError, match="are not those"):
        fitted.predict(TITLES)
    shutil.rmtree(folder)
    with pytest.raises(FileNotFoundError, match="model_"):
        fitted.predict(TITLES)
    fitted.encoder_.model_ = model
    np.testing.assert_array_equal(fitted.predict_proba(TITLES), expected)


def test_no_socket_is_opened(classifier, clip, red_and_blue, monkeypatch):
    connected = allow_only_loopback(monkeypatch)
    amzest.clear_cache()
    classifier.fit(TITLES).predict(TITLES)
    ZeroShotClassifier(clip, ["red", "blue"]).fit(red_and_blue).predict(red_and_blue)
    assert connected == []


def test_the_module_imports_no_framework():
    code = (
        "import sys; from amzest import ZeroShotClassifier; ZeroShotClassifier('m');"
        "assert not {'torch', 'transformers', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_same_predictions_for_every_n_jobs(classifier):
    one, two = (
        cross_val_score(
            classifier, TITLES, LABELS, cv=2, scoring="neg_log_loss", n_jobs=n_jobs
        )
        for n_jobs in (1, 2)
    )
    np.testing.assert_array_equal(one, two)


def test_folds_without_and_with_labels(classifier):
    assert cross_val_score(classifier, TITLES, LABELS, cv=3).mean() > 0.8
    members = [("names", classifier), ("linear", TextLinearClassifier())]
    crossfit = CrossFit(members, cv=3, random_state=0).fit(TITLES, LABELS)
    assert crossfit.oof_proba_["names"].shape == (len(TITLES), 2)


# Images ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return str(tiny_clip(tmp_path_factory.mktemp("clip")))


@pytest.fixture(scope="module")
def siglip(tmp_path_factory):
    return str(tiny_siglip(tmp_path_factory.mktemp("siglip")))


@pytest.fixture(scope="module")
def red_and_blue():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 60, (12, 32, 32, 3)).astype(np.uint8)
    images[::2, ..., 0] += 190
    images[1::2, ..., 2] += 190
    return column_of(list(images))


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_images_are_compared_with_names(kind, red_and_blue, request):
    """The similarities are those of the features of transformers."""
    folder = request.getfixturevalue(kind)
    fitted = ZeroShotClassifier(folder, ["shoe", "garden hose"]).fit(red_and_blue)
    assert isinstance(fitted.encoder_, PretrainedImageEncoder)
    assert fitted.category_texts_["shoe"] == ["a photo of a shoe."]
    assert (fitted.projection_ is None) == (kind == "siglip")
    network = transformers.AutoModel.from_pretrained(folder).eval()
    pixels = fitted.encoder_.settings_.preprocessing.apply(np.stack(red_and_blue))
    images = network.get_image_features(pixel_values=torch.from_numpy(pixels))
    images = unit(getattr(images, "pooler_output", images).detach().numpy())
    texts = ["a photo of a garden hose.", "a photo of a shoe."]
    names = unit(encode_category_texts(Path(folder), texts))
    images -= (images.sum(axis=0) + names.mean(axis=0)) / (len(images) + 1)
    names -= names.mean(axis=0)
    np.testing.assert_allclose(
        fitted.transform(red_and_blue), unit(images) @ unit(names).T, atol=2e-4
    )


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_images_with_a_few_labels(kind, red_and_blue, request):
    y = column_of([None] * len(red_and_blue))
    y[0], y[1] = "shoe", "garden hose"
    fitted = ZeroShotClassifier(request.getfixturevalue(kind)).fit(red_and_blue, y)
    expected = ["shoe", "garden hose"] * (len(y) // 2)
    assert fitted.predict(red_and_blue).tolist() == expected


def test_image_files(clip, red_and_blue, tmp_path):
    paths = []
    for i, image in enumerate(red_and_blue):
        Image.fromarray(image).save(tmp_path / f"{i}.png")
        paths.append(f"{i}.png")
    frame = pd.DataFrame({"image": [*paths, None]})
    classifier = ZeroShotClassifier(clip, ["shoe", "hose"], image_root=tmp_path)
    fitted = classifier.fit(frame)
    proba, present = fitted.predict_proba_and_presence(frame)
    assert present.tolist() == [True] * len(paths) + [False]
    of_arrays = ZeroShotClassifier(clip, ["shoe", "hose"]).fit(red_and_blue)
    np.testing.assert_allclose(
        proba[:-1], of_arrays.predict_proba(red_and_blue), atol=1e-5
    )
    before = fitted.input_fingerprint(frame)
    Image.fromarray(red_and_blue[1]).save(tmp_path / "0.png", compress_level=0)
    assert fitted.input_fingerprint(frame) != before


def test_texts_have_no_files(classifier):
    assert classifier.input_fingerprint(TITLES) is None


def test_images_that_cannot_be_decoded(clip, red_and_blue):
    X = column_of([*red_and_blue, b"no image"])
    classifier = ZeroShotClassifier(clip, ["shoe", "hose"])
    with pytest.raises(ValueError, match="row 12"):
        classifier.fit(X)
    classifier.set_params(on_error="missing")
    with pytest.warns(UserWarning, match="1 of 13 images"):
        classifier.fit(X)
    with pytest.warns(UserWarning, match="1 of 13 images"):
        assert classifier.predict_proba_and_presence(X)[1].sum() == 12


def test_parameters_of_texts_are_none_of_images(clip, red_and_blue):
    classifier = ZeroShotClassifier(clip, ["shoe", "hose"], prompt="query: ")
    with pytest.raises(ValueError, match=r"`prompt`.*classifies images"):
        classifier.fit(red_and_blue)


def test_embedded_weights_of_images(clip, red_and_blue, tmp_path):
    folder = shutil.copytree(clip, tmp_path / "model")
    classifier = ZeroShotClassifier(
        str(folder), ["shoe", "hose"], embed_weights=True, cache=False
    )
    fitted = classifier.fit(red_and_blue)
    expected = fitted.predict_proba(red_and_blue)
    shutil.rmtree(folder)
    amzest.clear_cache()
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_allclose(loaded.predict_proba(red_and_blue), expected, atol=1e-6)


# Common checks ---------------------------------------------------------------------

#: Checks that do not apply, and why. They have to fail.
NOT_APPLICABLE = {
    "check_boolean_labels": "labels without descriptions are names",
    "check_class_weight": "no such parameter; sample_weight has the same effect",
    "check_fitted_state_is_plain_data": "holds the fitted encoder, an estimator",
    "check_global_generators_are_untouched": "sets random_state: nothing is random",
    "check_kind_and_tags": "y is optional",
    "check_labels_come_back_as_they_came_in": "labels without descriptions are names",
    "check_missing_label_is_named": "samples without a label are unlabelled",
    "check_partial_fit_adds_a_class_without_forgetting": "has no partial_fit",
    "check_partial_fit_validates_as_fit_does": "has no partial_fit",
    "check_parameters_round_trip": "sets random_state: nothing is random",
    "check_random_state_instance": "sets random_state: nothing is random",
    "check_same_bits_for_every_n_jobs": "cross_val_predict makes integers of names",
    "check_same_seed_same_bits": "sets random_state: nothing is random",
    "check_warm_start_begins_as_without": "has no warm_start",
}


@pytest.fixture(scope="module")
def products():
    made = make_products(
        36,
        n_categories=3,
        n_text_only=0,
        n_image_only=0,
        text_informativeness=1.0,
        image_size=32,
        random_state=0,
    )
    return made.data["title"], np.asarray(made.target, dtype=object)


@pytest.fixture(scope="module")
def case(products, tmp_path_factory):
    titles, y = products
    words = sorted({word for title in titles for word in title.split()})
    folder = tiny_bert(tmp_path_factory.mktemp("encoder"), vocabulary=words)
    return Case(
        classifier=ZeroShotClassifier(str(folder)),
        X=column_of(titles),
        y=y,
        column="title",
        quiet={},
        unreadable=3.5,
    )


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_common_check(case, check):
    if check.__name__ not in NOT_APPLICABLE:
        check(case)
        return
    with pytest.raises((AssertionError, ValueError, pytest.fail.Exception)):
        check(case)


def test_most_common_checks_apply():
    names = {check.__name__ for check in CHECKS}
    assert set(NOT_APPLICABLE) <= names
    assert len(names) - len(NOT_APPLICABLE) >= 30


# Real weights ----------------------------------------------------------------------


@pytest.mark.weights
def test_titles_are_classified_by_real_weights(minilm):
    titles = [
        *("red running shoes size 42", "leather ankle boots", "flip flops for men"),
        *("garden hose 20 m", "steel spade with wooden handle", "pruning shears"),
        *("python programming for beginners", "a history of rome", "crime novel"),
    ]
    y = ["Footwear"] * 3 + ["GardenTools"] * 3 + ["Books & Magazines"] * 3
    for self_training in (False, True):
        classifier = ZeroShotClassifier(
            minilm, sorted(set(y)), self_training=self_training
        )
        assert classifier.fit(titles).score(titles, y) == 1.0
