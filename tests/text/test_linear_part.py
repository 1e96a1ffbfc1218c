"""The linear part beside a network: on and off, its weight, and new words."""

import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from text_inputs import KINDS, SMALL, TITLES

from amzest.text import TextCNNClassifier
from amzest.text._linear_model import CANDIDATES, DEFAULT_C

NETWORK = TextCNNClassifier(n_filters=4, kernel_sizes=(1, 2), batch_size=32, **SMALL)
FILLERS = "acme norvik tallow kestrel classic large small durable red blue"
NOUNS = {
    "garden": "trowel rake hose spade secateurs wheelbarrow pruner dibber",
    "kitchen": "skillet ladle whisk colander spatula saucepan grater wok",
    "music": "guitar violin flute ukulele cello banjo oboe clarinet",
}
FILLERS = FILLERS.split()
NOUNS = {kind: words.split() for kind, words in NOUNS.items()}


def titles_of(nouns, n_per_class, seed=0):
    """Return titles of three fillers and one of some nouns, and their classes."""
    rng = np.random.default_rng(seed)
    titles, kinds = [], []
    for kind, words in NOUNS.items():
        for a, b, c in rng.choice(FILLERS, (n_per_class, 3)):
            titles.append(f"{a} {b} {rng.choice(words[nouns])} {c}")
            kinds.append(kind)
    return titles, np.array(kinds)


@pytest.fixture(scope="module")
def seen():
    return titles_of(slice(0, 5), 50)


@pytest.fixture(scope="module")
def model(seen):
    return clone(NETWORK).fit(*seen)


@pytest.fixture(scope="module")
def pure(seen):
    return clone(NETWORK).set_params(linear_part=False).fit(*seen)


def test_attributes_with_and_without_the_linear_part(model, pure):
    assert model.linear_model_.coef.shape == (len(model.linear_features_.keys), 3)
    assert model.C_ in CANDIDATES
    assert len(model.calibration_.weights) == 2
    assert pure.linear_features_ is pure.linear_model_ is pure.C_ is None
    assert len(pure.calibration_.weights) == 1
    assert pure.weights_.keys() == model.weights_.keys()


def test_transform_adds_the_linear_scores_to_the_activations(model, pure, seen):
    texts = [*seen[0][:5], None]
    whole, network = model.transform(texts), pure.transform(texts)
    assert network.shape == (6, 4 * 2 + 8)
    assert whole.shape == (6, 4 * 2 + 8 + 3)
    inputs = model._encode(model._read(texts, reset=False))
    matrix = inputs.linear_matrix(np.arange(5))
    np.testing.assert_array_equal(whole[:5, -3:], model.linear_model_.scores(matrix))
    assert (whole[5] == 0).all()


def test_probabilities_are_those_of_the_calibrated_parts(model, seen):
    features = model.transform(seen[0])
    last = model.weights_["logits.weight"], model.weights_["logits.bias"]
    logits = features[:, :-3] @ last[0].T + last[1]
    logits -= logits.mean(axis=1, keepdims=True)
    expected = np.exp(model.calibration_.log_proba([logits, features[:, -3:]]))
    np.testing.assert_allclose(model.predict_proba(seen[0]), expected, atol=1e-5)


def test_a_network_without_the_linear_part_is_smaller(model, pure):
    assert len(pickle.dumps(pure)) < len(pickle.dumps(model)) - 5_000


def test_refit_without_the_linear_part_and_back(model, pure, seen):
    other = clone(pure).fit(*seen).set_params(linear_part=True)
    before = other.predict_proba(seen[0])
    np.testing.assert_array_equal(before, pure.predict_proba(seen[0]))
    other.fit(*seen)
    np.testing.assert_array_equal(
        other.predict_proba(seen[0]), model.predict_proba(seen[0])
    )


def test_regularisation_of_an_earlier_fit_is_not_used_again(model, seen):
    other = clone(model).fit(*seen)
    other.C_ = 17.0
    other.set_params(calibrate=False).fit(*seen)
    assert other.C_ == DEFAULT_C
    other.C_ = 17.0
    assert other.set_params(calibrate=True).fit(*seen).C_ == model.C_


def test_small_training_sets_are_not_calibrated():
    model = clone(NETWORK).fit(TITLES, KINDS)
    assert model.C_ == DEFAULT_C
    assert model.calibration_ == model._default_calibration()
    assert model.validation_scores_ is None


def test_read_only_weights_predict_the_same(model, seen, tmp_path):
    path = tmp_path / "model.joblib"
    joblib.dump(model, path)
    mapped = joblib.load(path, mmap_mode="r")
    assert not mapped.linear_model_.coef.flags.writeable
    np.testing.assert_array_equal(
        mapped.predict_proba(seen[0]), model.predict_proba(seen[0])
    )


def test_copies_of_a_text_are_held_out_together():
    # Each text is repeated: a memory of the texts is worth nothing on held-out ones.
    rng = np.random.default_rng(0)
    words = rng.integers(0, 10**6, (60, 6))
    texts = [" ".join(f"w{word}" for word in row) for row in words] * 4
    y = np.tile(rng.integers(0, 3, 60), 4)
    model = clone(NETWORK).set_params(embedding_dropout=0.0, dropout=0.0)
    assert max(model.fit(texts, y).validation_scores_) < 0.6
    # More words of each text differ: they are no copies, and are recognised.
    changed = [f"{text} x{i}" for i, text in enumerate(texts)]
    assert max(model.fit(changed, y).validation_scores_) > 0.9


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    """Write vectors, of which those of the nouns of a class are similar."""
    rng = np.random.default_rng(0)
    lines = [(word, 1.4 * rng.normal(size=20)) for word in FILLERS]
    for words in NOUNS.values():
        centre = 1.5 * rng.normal(size=20)
        lines += [(word, centre + rng.normal(size=20)) for word in words]
    path = tmp_path_factory.mktemp("vectors") / "vectors.txt"
    text = [" ".join([word, *map(str, vector)]) for word, vector in lines]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("n_per_class", [33, 60], ids=["default", "calibrated"])
def test_vectors_decide_on_words_that_the_linear_part_does_not_know(
    vectors, n_per_class
):
    train, new = titles_of(slice(0, 5), n_per_class), titles_of(slice(5, 8), 60, 1)
    settings = {"n_filters": 32, "max_epochs": 10, "batch_size": 8}
    model = clone(NETWORK).set_params(embeddings=vectors, **settings).fit(*train)
    assert (model.validation_scores_ is None) == (n_per_class < 34)
    alone = clone(model).set_params(linear_part=False).fit(*train)
    assert model.score(*new) >= max(0.9, alone.score(*new) - 0.05)
    known = titles_of(slice(0, 5), 60, 2)
    assert model.score(*known) >= 0.97
    without = clone(model).set_params(embeddings=None).fit(*train)
    assert without.score(*new) < 0.7


def test_the_file_of_vectors_is_read_once(vectors, seen, monkeypatch):
    from amzest.text import _base

    read, calls = _base.read_word_vectors, []

    def counted(*arguments):
        calls.append(arguments)
        return read(*arguments)

    monkeypatch.setattr(_base, "read_word_vectors", counted)
    model = clone(NETWORK).set_params(embeddings=vectors, max_epochs=1).fit(*seen)
    assert len(calls) == 1
    assert model.validation_scores_ is not None
    assert not {"_file_vectors", "_vectors"} & vars(model).keys()
