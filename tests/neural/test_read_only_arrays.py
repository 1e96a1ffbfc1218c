"""Read-only arrays: memory-mapped weights and inputs."""

import joblib
import numpy as np
import pytest

from amzest.image import ImageCNNClassifier
from amzest.text import TextCNNClassifier, TextLSTMClassifier, TextTransformerClassifier

TITLES = np.array(["red shoe", "boot", "hose", "spade"] * 8, dtype=object)
LABELS = np.array(list("ssgg") * 8)
IMAGES = np.repeat(np.array([0, 200], np.uint8), 8 * 8 * 3).reshape(2, 8, 8, 3)
IMAGES = np.tile(IMAGES, (16, 1, 1, 1))
MODELS = [
    (network(max_epochs=1, random_state=0), TITLES)
    for network in (TextCNNClassifier, TextLSTMClassifier, TextTransformerClassifier)
] + [
    (
        ImageCNNClassifier(filters=(4,), image_size=32, max_epochs=1, random_state=0),
        IMAGES,
    )
]
NAMES = [type(model).__name__ for model, _ in MODELS]


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(("model", "X"), MODELS, ids=NAMES)
def test_memory_mapped_weights_and_read_only_inputs(model, X, tmp_path):
    weights = np.linspace(0.5, 1.5, len(X))
    model.fit(X, LABELS, sample_weight=weights)
    proba, features = model.predict_proba(X), model.transform(X)

    joblib.dump(model, tmp_path / "model.joblib")
    mapped = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    assert not any(array.flags.writeable for array in mapped.weights_.values())
    np.testing.assert_array_equal(mapped.predict_proba(read_only(X)), proba)
    np.testing.assert_array_equal(mapped.transform(read_only(X)), features)

    again = mapped.fit(read_only(X), read_only(LABELS), read_only(weights))
    np.testing.assert_array_equal(again.predict_proba(X), proba)


def test_memory_mapped_word_vectors(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("4 2\nred 1 0\nshoe 0 1\nboot 1 1\nhose -1 0\n", "utf-8")
    model = TextCNNClassifier(embeddings=path, max_epochs=1, random_state=0)
    proba = model.fit(TITLES, LABELS).predict_proba(TITLES)
    joblib.dump(model, tmp_path / "model.joblib")
    mapped = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    np.testing.assert_array_equal(mapped.predict_proba(TITLES), proba)
