"""Parameters of the recurrent text classifier."""

import numpy as np
import pytest
from sklearn.base import clone
from text_checks import BAD_PARAMETERS, EMBEDDING_CHECKS, ROW_CHECKS
from text_inputs import KINDS, SMALL, TITLES

from amzest.text import TextLSTMClassifier

CLASSIFIER = TextLSTMClassifier(hidden_size=4, **SMALL)

BAD = [
    ("hidden_size", 0, "hidden_size"),
    ("hidden_size", 2.5, "hidden_size"),
    *BAD_PARAMETERS,
]


@pytest.mark.parametrize("hidden_size", [1, 5])
def test_architecture_follows_parameters(hidden_size):
    model = clone(CLASSIFIER).set_params(hidden_size=hidden_size).fit(TITLES, KINDS)
    assert model.architecture_["hidden_size"] == hidden_size
    for direction in ("onward", "backward_"):
        shape = model.weights_[f"{direction}.weight_ih_l0"].shape
        assert shape == (4 * hidden_size, 8)
    assert model.transform(TITLES).shape == (16, 4 * hidden_size + 8 + 2)
    assert np.abs(model.transform(TITLES)[:, : 4 * hidden_size]).max() < 1


@pytest.mark.parametrize("check", EMBEDDING_CHECKS, ids=lambda check: check.__name__)
def test_embeddings(check, tmp_path):
    check(CLASSIFIER, tmp_path)


@pytest.mark.parametrize("check", ROW_CHECKS, ids=lambda check: check.__name__)
def test_rows(check):
    check(CLASSIFIER)


@pytest.mark.parametrize(("parameter", "value", "message"), BAD)
def test_bad_parameter_is_named(parameter, value, message):
    model = clone(CLASSIFIER).set_params(**{parameter: value})
    with pytest.raises(ValueError, match=message):
        model.fit(TITLES, KINDS)
