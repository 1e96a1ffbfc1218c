"""Folds, candidates, shuffles and processes encode each distinct cell once.

What is encoded is written to a file, so that the cells that worker processes encode are
counted as well.
"""

import contextlib
from collections import Counter
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from PIL import Image
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from tiny_models import tiny_bert, tiny_resnet

import amzest
from amzest.ensemble import CrossFit
from amzest.pretrained import PretrainedImageClassifier, PretrainedTextClassifier

for _extra in ("torch", "transformers"):
    pytest.importorskip(_extra)

LABELS = ["shoes", "garden", "outdoor"] * 16
#: Each title occurs in two rows.
TITLES = [
    f"{word} {'old ' * (i % 2)}{i % 8}"
    for i in range(16)
    for word in ("red shoe", "garden hose", "rake")
]


@pytest.fixture(autouse=True)
def empty_cache():
    amzest.clear_cache()
    yield
    amzest.clear_cache()


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("models") / "bert"))


@pytest.fixture(scope="module")
def resnet(tmp_path_factory):
    return str(tiny_resnet(tmp_path_factory.mktemp("models") / "resnet"))


@pytest.fixture
def images(tmp_path):
    """Return paths of images, of which some are equal and some are missing."""
    paths = []
    for i in range(len(LABELS)):
        path = tmp_path / f"{i}.png"
        level = np.uint8(4 * (i % 40) + 80 * (i % 3 == 0))
        Image.fromarray(np.full((40, 30, 3), level)).save(path)
        paths.append(None if i % 12 == 7 else str(path))
    return paths


# Local classes are pickled by value: workers cannot import this module.
def text_classifier(log, model, **settings):
    def logging():
        from amzest.pretrained._text_model import TextModel

        encode = TextModel.encode

        def logged(model, texts):
            with open(log, "a") as file:
                file.write("".join(f"{text}\n" for text in texts))
            return encode(model, texts)

        return mock.patch.object(TextModel, "encode", logged)

    return with_logs(PretrainedTextClassifier, logging)(
        model, random_state=0, **settings
    )


def image_classifier(log, model, **settings):
    @contextlib.contextmanager
    def logging():
        from amzest.image import _decoding
        from amzest.pretrained._torch_image_model import TorchImageModel

        decode, encode = _decoding.decode, TorchImageModel.encode

        def logged_decode(cell, *arguments):
            with open(log, "a") as file:
                file.write(f"decoded {cell}\n")
            return decode(cell, *arguments)

        def logged_encode(model, pixels):
            with open(log, "a") as file:
                file.write("".join(f"encoded {p.mean():.2f}\n" for p in pixels))
            return encode(model, pixels)

        with (
            mock.patch.object(_decoding, "decode", logged_decode),
            mock.patch.object(TorchImageModel, "encode", logged_encode),
        ):
            yield

    return with_logs(PretrainedImageClassifier, logging)(
        model, random_state=0, **settings
    )


def with_logs(classifier, logging):
    """Return a subclass that fits and predicts within a context."""

    class LoggingClassifier(classifier):
        def fit(self, X, y):
            with logging():
                return super().fit(X, y)

        def _predict_parts(self, X):
            with logging():
                return super()._predict_parts(X)

    return LoggingClassifier


def counts(log):
    """Return how often each line was logged."""
    return Counter(log.read_text().splitlines())


def cross_fit_and_search(classifier, X, y, n_jobs=None):
    """Fit classifiers on many subsets of the rows."""
    for seed in (0, 1):
        folds = StratifiedKFold(5, shuffle=True, random_state=seed)
        CrossFit([("model", classifier)], cv=folds, n_jobs=n_jobs).fit(X, y)
    grid = {"class_weight": [None, "balanced"], "random_state": [0, 1]}
    GridSearchCV(classifier, grid, cv=3, n_jobs=n_jobs).fit(X, y).predict(X)
    order = np.random.default_rng(0).permutation(len(X))
    classifier.fit([X[i] for i in order], [y[i] for i in order])


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_each_text_is_encoded_once(kind, bert, tmp_path):
    log, cache = tmp_path / "log", True if kind == "memory" else tmp_path / "cache"
    classifier = text_classifier(str(log), bert, cache=cache)
    cross_fit_and_search(classifier, TITLES, LABELS)
    assert len(set(TITLES)) < len(TITLES)
    assert counts(log) == dict.fromkeys(set(TITLES), 1)


def test_without_a_cache_each_fit_encodes(bert, tmp_path):
    log = tmp_path / "log"
    classifier = text_classifier(str(log), bert, cache=False)
    classifier.fit(TITLES, LABELS).fit(TITLES, LABELS)
    assert counts(log) == dict.fromkeys(set(TITLES), 2)


def test_the_same_text_in_two_columns_is_encoded_once(bert, tmp_path):
    log = tmp_path / "log"
    X = [[title, title if i % 2 else None] for i, title in enumerate(TITLES)]
    text_classifier(str(log), bert).fit(X, LABELS).predict(X[::-1])
    assert counts(log) == dict.fromkeys(set(TITLES), 1)


def test_a_second_process_finds_the_folder(bert, tmp_path):
    log = tmp_path / "log"
    classifier = text_classifier(str(log), bert, cache=tmp_path / "cache")
    first = classifier.fit(TITLES, LABELS).predict_proba(TITLES)
    log.write_text("")
    amzest.clear_cache()  # as in a new process
    with mock.patch(
        "amzest.pretrained._text_input.live_text_model",
        side_effect=AssertionError("the model is loaded"),
    ):
        second = classifier.fit(TITLES, LABELS).predict_proba(TITLES)
    np.testing.assert_array_equal(first, second)
    assert counts(log) == {}


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_each_image_is_decoded_and_encoded_once(kind, resnet, images, tmp_path):
    log, cache = tmp_path / "log", True if kind == "memory" else tmp_path / "cache"
    classifier = image_classifier(str(log), resnet, cache=cache)
    cross_fit_and_search(classifier, images, LABELS)
    check_images(log, images)


def check_images(log, images):
    files = {Path(path).read_bytes() for path in images if path}
    found = counts(log)
    assert set(found.values()) == {1}
    for what in ("decoded", "encoded"):
        assert sum(line.startswith(what) for line in found) == len(files)
    assert len(files) < sum(path is not None for path in images)


@pytest.mark.slow
def test_two_processes_and_a_folder_encode_each_cell_once(
    bert, resnet, images, tmp_path
):
    log, cache = tmp_path / "texts", tmp_path / "cache"
    classifier = text_classifier(str(log), bert, cache=cache)
    cross_fit_and_search(classifier, TITLES, LABELS, n_jobs=2)
    assert counts(log) == dict.fromkeys(set(TITLES), 1)

    log = tmp_path / "images"
    classifier = image_classifier(str(log), resnet, cache=cache)
    cross_fit_and_search(classifier, images, LABELS, n_jobs=2)
    check_images(log, images)


@pytest.mark.slow
def test_two_processes_with_memories_of_their_own(bert, tmp_path):
    """As documented: each worker, and the process that predicts, encodes the cells."""
    log = tmp_path / "log"
    classifier = text_classifier(str(log), bert)
    cross_fit_and_search(classifier, TITLES, LABELS, n_jobs=2)
    assert counts(log).keys() == set(TITLES)
    assert max(counts(log).values()) <= 3
