"""Every public classifier passes every common check; none is skipped."""

import inspect

import numpy as np
import pytest
from product_checks import CHECKS, Case, column_of
from sklearn.base import is_classifier

import amzest
from amzest.datasets import make_products

#: Small settings: the checks are about behaviour, not about accuracy.
TEXT = {"embedding_size": 8, "n_buckets": 512, "max_epochs": 3, "random_state": 0}
IMAGE = {"image_size": 32, "max_epochs": 3, "batch_size": 16, "random_state": 0}
SMALL = {
    "TextCNNClassifier": {"n_filters": 8, "kernel_sizes": (2, 3), **TEXT},
    "TextLSTMClassifier": {"hidden_size": 8, **TEXT},
    "TextTransformerClassifier": {"hidden_size": 8, "n_heads": 2, **TEXT},
    "ImageCNNClassifier": {"filters": (4, 8), **IMAGE},
    "ImageInceptionClassifier": {
        "stem_filters": (4,),
        "filters": (8,),
        "modules_per_stage": (1,),
        **IMAGE,
    },
}

#: Settings that take all noise but the order of rows out of training.
QUIET_TEXT = {"token_dropout": 0.0, "embedding_dropout": 0.0, "dropout": 0.0}
QUIET_TRANSFORMER = {**QUIET_TEXT, "block_dropout": 0.0}
QUIET_IMAGE = {"augmentation": False, "dropout": 0.0}
QUIET = {
    "TextCNNClassifier": QUIET_TEXT,
    "TextLSTMClassifier": QUIET_TEXT,
    "TextTransformerClassifier": QUIET_TRANSFORMER,
    "ImageCNNClassifier": QUIET_IMAGE,
    "ImageInceptionClassifier": QUIET_IMAGE,
}

#: The guard: no public classifier may run fewer checks than this.
FEWEST_CHECKS = 45


def public_classifiers():
    """Return the classifiers that a user can import, by name."""
    members = {name: getattr(amzest, name) for name in amzest.__all__}
    return {
        name: member
        for name, member in members.items()
        if inspect.isclass(member)
        and hasattr(member, "predict")
        and is_classifier(member())
    }


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


def pictures(y):
    """Draw a noisy picture of one colour for each label."""
    rng = np.random.default_rng(0)
    colours = {label: 200 * np.eye(3)[i] for i, label in enumerate(sorted(set(y)))}
    noise = rng.integers(0, 55, (len(y), 32, 32, 3))
    return [(noise[i] + colours[label]).astype(np.uint8) for i, label in enumerate(y)]


@pytest.fixture(params=SMALL)
def case(request, products):
    data, y = products
    name = request.param
    is_text = name.startswith("Text")
    column = "title" if is_text else "image"
    return Case(
        classifier=public_classifiers()[name](**SMALL[name]),
        X=column_of(data[column] if is_text else pictures(y)),
        y=y,
        column=column,
        quiet=dict(QUIET[name]),
        unreadable=3.5 if is_text else b"no picture",
    )


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_common_check(case, check):
    try:
        check(case)
    except pytest.skip.Exception:
        pytest.fail("common checks are not skipped")


def test_every_public_classifier_is_checked():
    assert public_classifiers().keys() == SMALL.keys()


def test_every_classifier_runs_enough_checks(request):
    collected = [
        item.callspec.params["case"]
        for item in request.session.items
        if getattr(item, "function", None) is test_common_check
    ]
    if len(collected) < len(CHECKS) * len(SMALL):
        pytest.skip("only some of the checks were selected")
    for name in public_classifiers():
        assert collected.count(name) == len(CHECKS) >= FEWEST_CHECKS


def test_checks_have_names_of_their_own():
    names = [check.__name__ for check in CHECKS]
    assert len(set(names)) == len(names)
