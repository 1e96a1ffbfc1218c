"""Every public classifier passes every common check; none is skipped."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from product_checks import (
    CHECKS,
    NETWORK_CHECKS,
    Case,
    check_shared_models,
    column_of,
    quiet_params,
    small,
)
from sklearn.base import ClassifierMixin
from tiny_models import tiny_bert, tiny_vit

import amzest.image
import amzest.pretrained
import amzest.text
from amzest.datasets import make_products
from amzest.neural import all_networks

NETWORKS = all_networks()
CLASSIFIERS = {
    **NETWORKS,
    "TextLinearClassifier": amzest.text.TextLinearClassifier,
    "PretrainedTextClassifier": amzest.pretrained.PretrainedTextClassifier,
    "PretrainedImageClassifier": amzest.pretrained.PretrainedImageClassifier,
}

#: Pretrained classifiers of which the network is trained, or its last blocks.
FINE_TUNED = {
    "PretrainedTextClassifier-all": amzest.pretrained.PretrainedTextClassifier,
    "PretrainedImageClassifier-2": amzest.pretrained.PretrainedImageClassifier,
}
CASES = CLASSIFIERS | FINE_TUNED

#: The guard: no public classifier may run fewer checks than this.
FEWEST_CHECKS = 45


@pytest.fixture(scope="module")
def products():
    made = make_products(
        36,
        n_categories=3,
        n_text_only=0,
        n_image_only=0,
        text_informativeness=1.0,
        image_informativeness=1.0,
        image_size=32,
        random_state=0,
    )
    return made.data, np.asarray(made.target, dtype=object)


def images(y):
    """Generate a noisy image of one colour for each label."""
    rng = np.random.default_rng(0)
    colours = {label: 200 * np.eye(3)[i] for i, label in enumerate(sorted(set(y)))}
    noise = rng.integers(0, 55, (len(y), 32, 32, 3))
    return [(noise[i] + colours[label]).astype(np.uint8) for i, label in enumerate(y)]


@pytest.fixture(scope="module")
def text_encoder(products, tmp_path_factory):
    """Return the folder of a tiny encoder whose vocabulary has the words of titles."""
    words = sorted({word for title in products[0]["title"] for word in title.split()})
    return str(tiny_bert(tmp_path_factory.mktemp("encoder"), vocabulary=words))


@pytest.fixture(scope="module")
def image_encoder(tmp_path_factory):
    """Return the folder of a tiny encoder of images."""
    return str(tiny_vit(tmp_path_factory.mktemp("encoder")))


def without_dropout(folder):
    """Copy an encoder whose layers have no dropout, and return the folder."""
    copy = Path(f"{folder}-quiet")
    shutil.copytree(folder, copy, dirs_exist_ok=True)
    config = json.loads((copy / "config.json").read_text())
    rates = {name: 0.0 for name in config if name.endswith("dropout_prob")}
    (copy / "config.json").write_text(json.dumps(config | rates))
    return str(copy)


@pytest.fixture(params=CASES)
def case(request, products):
    data, y = products
    is_text = "Image" not in request.param
    column = "title" if is_text else "image"
    quiet = {}
    if request.param.startswith("PretrainedImage"):
        folder = request.getfixturevalue("image_encoder")
        classifier = CASES[request.param](folder, random_state=0)
        if request.param in FINE_TUNED:
            classifier.set_params(trainable=2, batch_size=16)
    elif request.param.startswith("PretrainedText"):
        folder = request.getfixturevalue("text_encoder")
        classifier = CASES[request.param](folder, random_state=0)
        if request.param in FINE_TUNED:
            classifier.set_params(trainable="all", learning_rate=3e-3, batch_size=12)
            quiet["model"] = without_dropout(folder)
    else:
        classifier = small(CLASSIFIERS[request.param])
    return Case(
        classifier=classifier,
        X=column_of(data[column] if is_text else images(y)),
        y=y,
        column=column,
        quiet=quiet_params(classifier) | quiet,
        unreadable=3.5 if is_text else b"not an image",
    )


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_common_check(case, check):
    try:
        check(case)
    except pytest.skip.Exception:
        pytest.fail("common checks are not skipped")
    check_shared_models()


@pytest.mark.parametrize("check", NETWORK_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", NETWORKS | FINE_TUNED, indirect=True)
def test_check_of_networks(case, check):
    test_common_check(case, check)


def test_every_public_classifier_is_found():
    public = {
        name
        for module in (amzest, amzest.text, amzest.image, amzest.pretrained)
        for name in module.__all__
        if hasattr(member := getattr(module, name), "predict")
        and issubclass(member, ClassifierMixin)
    }
    bases = {"BaseImageClassifier", "BaseTextClassifier"}
    # It needs names of categories; see test_zero_shot_classifier.py.
    bases |= {"ZeroShotClassifier"}
    # It combines these; see tests/automl.
    bases |= {"AutoClassifier"}
    assert CLASSIFIERS.keys() == public - bases


def test_every_classifier_runs_enough_checks(request):
    collected = [
        item.callspec.params["case"]
        for item in request.session.items
        if getattr(item, "function", None) is test_common_check
    ]
    if len(collected) < len(CHECKS) * len(CASES):
        pytest.skip("only some of the checks were selected")
    for name in CASES:
        assert collected.count(name) == len(CHECKS) >= FEWEST_CHECKS
    assert len(NETWORK_CHECKS) >= 5


def test_checks_have_names_of_their_own():
    names = [check.__name__ for check in CHECKS + NETWORK_CHECKS]
    assert len(set(names)) == len(names)
