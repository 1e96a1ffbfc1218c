"""Probabilities of image networks are calibrated on held-out images."""

import weakref

import numpy as np
import pytest

from amzest.image import ImageCNNClassifier, _decoded_images
from amzest.neural import Calibration, _scikeras_engine
from amzest.neural._training import Trainer

SMALL = {"filters": (4,), "image_size": 32, "max_epochs": 2, "random_state": 0}


@pytest.fixture(autouse=True)
def few_images_are_calibrated(monkeypatch):
    """Calibrate the few images of these tests, too."""
    monkeypatch.setattr(ImageCNNClassifier, "_min_calibration_samples", 100)


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 90, (110, 32, 32, 3)).astype(np.uint8)
    X[::2] += 100
    return X, np.array(["light", "dark"] * 55)


def splits_of(X, y, **settings):
    """Return the rows of the fits without some images, without fitting."""
    model = ImageCNNClassifier(**{**SMALL, **settings})
    return model._splits(model._check_training_data(X, y))


def test_one_fit_without_some_images_and_all_epochs_on_all(images, monkeypatch):
    """Images are decoded once, and the first network is freed before the second."""
    X, y = images
    cells, decode = [], _decoded_images.decode
    models, build = [], _scikeras_engine._build_compiled
    fits, start = [], Trainer.__init__

    def record_cell(cell, *settings):
        cells.append(cell)
        return decode(cell, *settings)

    def record_model(*settings):
        assert not [model for model in models if model() is not None]
        model = build(*settings)
        models.append(weakref.ref(model))
        return model

    def record_fit(self, engine, rows, **settings):
        fits.append(rows)
        start(self, engine, rows, **settings)

    monkeypatch.setattr(_decoded_images, "decode", record_cell)
    monkeypatch.setattr(_scikeras_engine, "_build_compiled", record_model)
    monkeypatch.setattr(Trainer, "__init__", record_fit)
    model = ImageCNNClassifier(on_error="missing", **SMALL)
    with pytest.warns(UserWarning, match="1 of 111 images") as caught:
        model.fit([*X, b"broken"], [*y, "dark"])
    assert len(caught) == 1
    assert len(cells) == 111
    first, last = fits
    assert len(first.held_out) == 22
    assert len(first.train) == 88
    assert len(last.train) == 110
    assert model.n_iter_ == len(model.validation_scores_) == 2
    assert model.calibration_ != model._default_calibration()

    monkeypatch.undo()
    plain = ImageCNNClassifier(calibrate=False, **SMALL).fit(X, y)
    assert plain.calibration_ == plain._default_calibration()
    for name, weight in model.weights_.items():
        np.testing.assert_array_equal(weight, plain.weights_[name])
    np.testing.assert_array_equal(model.predict(X), plain.predict(X))


@pytest.mark.parametrize("max_memory", [0, 1])
def test_copies_are_held_out_together(images, max_memory):
    X, y = images
    X, y = [*X, *X[:60].copy(), None, None], [*y, *y[:60], "dark", "dark"]
    ((_, held_out),) = splits_of(X, y, max_memory=max_memory)
    held_out = np.isin(np.arange(172), held_out)
    np.testing.assert_array_equal(held_out[:60], held_out[110:170])
    assert 0 < held_out[:60].sum() < 60


@pytest.mark.parametrize(
    ("settings", "n_held_out"),
    [({}, 22), ({"early_stopping": True}, 11), ({"validation_fraction": 0.5}, 55)],
)
def test_only_images_that_exist_are_held_out(images, settings, n_held_out):
    X, y = images
    column, labels = [None] * 300 + list(X), ["none"] * 300 + list(y)
    ((train, held_out),) = splits_of(column, labels, **settings)
    assert len(held_out) == n_held_out
    assert len(train) == 110 - n_held_out
    assert min(*train, *held_out) == 300


def test_fewer_than_100_images_are_fitted_once(images):
    X, y = images
    column, labels = [None] * 200 + list(X[:99]), ["none"] * 200 + list(y[:99])
    assert splits_of(column, labels) == []
    assert splits_of(X, y, calibrate=False) == []
    for early_stopping in (False, True):
        model = ImageCNNClassifier(early_stopping=early_stopping, **SMALL)
        with pytest.raises(ValueError, match="every cell is missing or blank"):
            model.fit([None] * 200, labels[99:])


def test_confidence_is_the_accuracy_on_held_out_images():
    """A quarter of the labels is wrong; smoothing of them makes it under-confident."""
    rng = np.random.default_rng(1)
    light = rng.random(600) < 0.5
    X = rng.integers(0, 90, (600, 32, 32, 3)).astype(np.uint8)
    X[light] += 100
    y = light ^ (rng.random(600) < 0.25)
    settings = {**SMALL, "max_epochs": 4, "learning_rate": 0.02, "label_smoothing": 0.4}
    model = ImageCNNClassifier(augmentation=False, **settings).fit(X, y)
    assert np.mean(model.predict(X) == light) > 0.95
    accuracy = model.validation_scores_[-1]
    confidence = model.predict_proba(X).max(axis=1).mean()
    assert confidence == pytest.approx(accuracy, abs=0.06)
    model.calibration_ = Calibration((1.0,), -40.0)  # softmax
    assert accuracy - model.predict_proba(X).max(axis=1).mean() > 0.08


def test_fewer_than_1000_images_are_not_calibrated(monkeypatch):
    monkeypatch.undo()
    X, y = np.zeros((1000, 32, 32, 3), np.uint8), ["a", "b"] * 500
    X[:, 0, 0, 0] = np.arange(1000) % 256
    X[:, 0, 0, 1] = np.arange(1000) // 256
    assert splits_of(X[:999], y[:999]) == []
    ((train, held_out),) = splits_of(X, y)
    assert (len(train), len(held_out)) == (800, 200)
