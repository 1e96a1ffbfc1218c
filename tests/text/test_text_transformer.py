"""Parameters of the Transformer text classifier."""

import pytest
from sklearn.base import clone
from text_checks import BAD_PARAMETERS, EMBEDDING_CHECKS, ROW_CHECKS
from text_inputs import KINDS, SMALL, TITLES

from amzest.text import TextTransformerClassifier

CLASSIFIER = TextTransformerClassifier(hidden_size=4, n_layers=1, n_heads=2, **SMALL)

BAD = [
    ("hidden_size", 0, "hidden_size"),
    ("n_layers", 0, "n_layers"),
    ("n_heads", 0, "n_heads"),
    ("n_heads", 2.5, "n_heads"),
    *BAD_PARAMETERS,
]


@pytest.mark.parametrize(
    ("hidden_size", "n_layers", "n_heads"), [(4, 1, 1), (6, 3, 2), (8, 2, 8)]
)
def test_architecture_follows_parameters(hidden_size, n_layers, n_heads):
    model = clone(CLASSIFIER).set_params(
        hidden_size=hidden_size, n_layers=n_layers, n_heads=n_heads, max_length=5
    )
    model.fit(TITLES, KINDS)
    named = {
        name.split(".")[1] for name in model.weights_ if name.startswith("blocks.")
    }
    assert named == {str(i) for i in range(n_layers)}
    assert model.architecture_["n_heads"] == n_heads
    assert model.weights_["widen.weight"].shape == (hidden_size, 8)
    assert model.weights_["positions"].shape == (6, hidden_size)
    assert model.transform(TITLES).shape == (16, 2 * hidden_size + 8 + 2)


def test_heads_share_the_width_evenly():
    model = clone(CLASSIFIER).set_params(hidden_size=6, n_heads=4)
    with pytest.raises(ValueError, match=r"`hidden_size` is 6, .*`n_heads` \(4\)"):
        model.fit(TITLES, KINDS)


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
