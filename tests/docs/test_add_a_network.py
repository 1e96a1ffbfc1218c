"""The network of the guide passes all checks of the networks of the package."""

import importlib
import inspect
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from joblib.externals.loky import get_reusable_executor
from product_checks import CHECKS, Case, column_of, quiet_params, small
from sklearn.exceptions import SkipTestWarning
from sklearn.utils import estimator_checks

from amzest import TextCNNClassifier
from amzest.datasets import make_products

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "user_guide"

#: Checks of scikit-learn that need no numeric input. It skips them for estimators of
#: text; the networks of the package pass them nevertheless.
CHECKS_OF_SCIKIT_LEARN = [
    estimator_checks.check_estimator_cloneable,
    estimator_checks.check_estimator_repr,
    estimator_checks.check_estimator_tags_renamed,
    estimator_checks.check_estimators_unfitted,
    estimator_checks.check_get_params_invariance,
    estimator_checks.check_mixin_order,
    estimator_checks.check_no_attributes_set_in_init,
    estimator_checks.check_parameters_default_constructible,
    estimator_checks.check_set_output_transform,
    estimator_checks.check_set_params,
    estimator_checks.check_valid_tag_types,
]


@pytest.fixture(scope="module")
def classifier():
    """Import the class from the guide's folder, also in subprocesses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(GUIDE)
        paths = [str(GUIDE), os.environ.get("PYTHONPATH", "")]
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
        patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        patch.setattr(sys, "dont_write_bytecode", True)
        get_reusable_executor().shutdown()  # its processes have the former path
        yield importlib.import_module("text_gated_cnn").TextGatedCNNClassifier
        get_reusable_executor().shutdown()
        sys.modules.pop("text_gated_cnn")


@pytest.fixture(scope="module")
def case(classifier):
    products = make_products(
        36,
        n_categories=3,
        n_text_only=0,
        n_image_only=0,
        text_informativeness=1.0,
        image_size=8,
        random_state=0,
    )
    return Case(
        classifier=small(classifier),
        X=column_of(products.data["title"]),
        y=np.asarray(products.target, dtype=object),
        column="title",
        quiet=quiet_params(classifier()),
        unreadable=3.5,
    )


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_common_check(case, check):
    try:
        check(case)
    except pytest.skip.Exception:
        pytest.fail("common checks are not skipped")


def test_scikit_learn_checks_it_as_it_checks_the_five_networks(classifier):
    with pytest.warns(SkipTestWarning, match="Can't test estimator"):
        generated, expected = (
            list(estimator_checks.estimator_checks_generator(estimator))
            for estimator in (small(classifier), TextCNNClassifier())
        )
    assert [c.func for _, c in generated] == [c.func for _, c in expected]
    for estimator, check in generated:
        check(estimator)


@pytest.mark.parametrize(
    "check", CHECKS_OF_SCIKIT_LEARN, ids=lambda check: check.__name__
)
def test_scikit_learn_check_without_numbers(classifier, check):
    check(classifier.__name__, small(classifier))


@pytest.mark.parametrize("kernel_size", [1, 2, 3, 8])
def test_padding_and_other_texts_do_not_reach_the_features(classifier, kernel_size):
    model = small(classifier, kernel_size=kernel_size)
    texts = ["rake", "red shoe", "a long green garden hose with a blue rake"]
    model.fit(texts * 8, ["tool", "shoe", "tool"] * 8)
    together = model.transform(texts)
    assert together.shape == (3, 8 + 8 + 2)  # filters, word vectors, linear part
    for text, row in zip(texts, together, strict=True):
        np.testing.assert_allclose(model.transform([text])[0], row, atol=1e-5)


def test_the_order_of_words_matters(case):
    model = case.fit()
    one, two = model.transform(["blue mug tea", "tea mug blue"])[:, :8]
    assert np.abs(one - two).max() > 1e-4


@pytest.mark.parametrize("parameter", ["n_filters", "kernel_size"])
@pytest.mark.parametrize("value", [0, 2.5, "three"])
def test_bad_parameter_is_named(case, parameter, value):
    with pytest.raises(ValueError, match=parameter):
        case.fit(**{parameter: value})


def test_the_file_is_short():
    lines = (GUIDE / "text_gated_cnn.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 120


def test_its_docstring_is_complete(classifier):
    documentation = inspect.getdoc(classifier)
    for text in ("kernel_size : int, default=3", "tol : float, default=0.0001"):
        assert text in documentation
    assert list(inspect.signature(classifier).parameters)[:3] == [
        "n_filters",
        "kernel_size",
        "embedding_size",
    ]
