"""Parameters of the convolutional text classifier."""

import numpy as np
import pytest
from sklearn.base import clone
from text_checks import BAD_PARAMETERS, EMBEDDING_CHECKS, ROW_CHECKS
from text_inputs import KINDS, SMALL, TITLES

from amzest.text import TextCNNClassifier

CLASSIFIER = TextCNNClassifier(n_filters=4, kernel_sizes=(1, 2), **SMALL)

BAD = [
    ("n_filters", 0, "n_filters"),
    ("kernel_sizes", (), "kernel_sizes"),
    ("kernel_sizes", (2, 0), "kernel_sizes"),
    ("kernel_sizes", (2.5,), "kernel_sizes"),
    ("kernel_sizes", 3, "kernel_sizes"),
    *BAD_PARAMETERS,
]


@pytest.mark.parametrize(
    ("n_filters", "kernel_sizes"), [(4, (2,)), (3, [1, 3, 9]), (2, np.array([2, 2]))]
)
def test_architecture_follows_parameters(n_filters, kernel_sizes):
    model = clone(CLASSIFIER).set_params(n_filters=n_filters, kernel_sizes=kernel_sizes)
    model.fit(TITLES, KINDS)
    assert model.architecture_["kernel_sizes"] == list(kernel_sizes)
    for i, size in enumerate(kernel_sizes):
        shape = model.weights_[f"convolutions.{i}.weight"].shape
        assert shape == (n_filters, 8, size)
    width = n_filters * len(kernel_sizes)
    assert model.transform(TITLES).shape == (16, width + 8 + 2)
    assert (model.transform(TITLES)[:, :width] >= 0).all()


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


def test_embeddings_without_a_training_word_raise(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("zzyzx 1 2 3\n")
    classifier = TextCNNClassifier(embeddings=path, max_embeddings=0, max_epochs=1)
    with pytest.raises(ValueError, match=r"`embeddings` .* none of the 2 words"):
        classifier.fit(["red", "blue"] * 4, ["a", "b"] * 4)


def test_predictions_do_not_depend_on_the_other_samples():
    classifier = TextCNNClassifier(**SMALL).fit(TITLES, KINDS)
    texts = [*TITLES, "", None, *TITLES[::-1], "", "unseen words, and many of them"]
    whole = classifier.predict_proba_and_presence(texts)
    features = classifier.transform(texts)
    for start in range(0, len(texts), 5):
        part = slice(start, start + 5)
        for ours, expected in zip(
            (
                *classifier.predict_proba_and_presence(texts[part]),
                classifier.transform(texts[part]),
            ),
            (*whole, features),
            strict=True,
        ):
            np.testing.assert_allclose(ours, expected[part], rtol=1e-5, atol=1e-7)
