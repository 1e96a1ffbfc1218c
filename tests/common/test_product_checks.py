"""Every public classifier passes every common check; none is skipped."""

import numpy as np
import pytest
from product_checks import (
    CHECKS,
    NETWORK_CHECKS,
    Case,
    column_of,
    quiet_params,
    small,
)
from sklearn.base import is_classifier

import amzest.image
import amzest.text
from amzest.datasets import make_products
from amzest.neural import all_networks

NETWORKS = all_networks()
CLASSIFIERS = {
    **NETWORKS,
    "TextLinearClassifier": amzest.text.TextLinearClassifier,
}

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


@pytest.fixture(params=CLASSIFIERS)
def case(request, products):
    data, y = products
    is_text = request.param not in all_networks("image")
    column = "title" if is_text else "image"
    classifier = small(CLASSIFIERS[request.param])
    return Case(
        classifier=classifier,
        X=column_of(data[column] if is_text else images(y)),
        y=y,
        column=column,
        quiet=quiet_params(classifier),
        unreadable=3.5 if is_text else b"not an image",
    )


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_common_check(case, check):
    try:
        check(case)
    except pytest.skip.Exception:
        pytest.fail("common checks are not skipped")


@pytest.mark.parametrize("check", NETWORK_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", NETWORKS, indirect=True)
def test_check_of_networks(case, check):
    test_common_check(case, check)


def test_every_public_classifier_is_found():
    public = {
        name
        for module in (amzest, amzest.text, amzest.image)
        for name in module.__all__
        if hasattr(member := getattr(module, name), "predict")
        and is_classifier(member())
    }
    bases = {"BaseImageClassifier", "BaseTextClassifier"}
    assert CLASSIFIERS.keys() == public - bases


def test_every_classifier_runs_enough_checks(request):
    collected = [
        item.callspec.params["case"]
        for item in request.session.items
        if getattr(item, "function", None) is test_common_check
    ]
    if len(collected) < len(CHECKS) * len(CLASSIFIERS):
        pytest.skip("only some of the checks were selected")
    for name in CLASSIFIERS:
        assert collected.count(name) == len(CHECKS) >= FEWEST_CHECKS
    assert len(NETWORK_CHECKS) >= 5


def test_checks_have_names_of_their_own():
    names = [check.__name__ for check in CHECKS + NETWORK_CHECKS]
    assert len(set(names)) == len(names)
