"""Fits without some samples choose the epochs and the calibration of the last one."""

import numpy as np
import pytest
from dense_classifiers import KerasDenseClassifier, TorchDenseClassifier
from sklearn.base import clone
from sklearn.datasets import make_blobs, make_classification
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from amzest.neural import _base as base_module

#: Large batches, to be fast.
QUICK = {"batch_size": 50, "learning_rate": 0.05, "random_state": 0}


def network(**settings):
    return TorchDenseClassifier(**{**QUICK, **settings})


@pytest.fixture(scope="module")
def blobs():
    X, y = make_blobs(200, centers=4, cluster_std=2.0, random_state=0)
    return X, np.array(["ant", "bee", "cow", "dog"])[y]


def expected_calibration_error(y, proba, n_bins=15):
    """Return the error in bins of equal numbers of samples; labels are 0, 1, ..."""
    confidence, right = proba.max(axis=1), proba.argmax(axis=1) == y
    bins = np.array_split(np.argsort(confidence), n_bins)
    gaps = [abs(right[rows].mean() - confidence[rows].mean()) for rows in bins]
    return np.mean(gaps)


@pytest.fixture
def fits(monkeypatch):
    """Return the numbers of training and held-out samples of each fit."""
    recorded = []
    trainer = base_module.Trainer

    def record(engine, rows, **options):
        recorded.append((len(rows.train), len(rows.held_out)))
        return trainer(engine, rows, **options)

    monkeypatch.setattr(base_module, "Trainer", record)
    return recorded


class Recorder:
    """A callback that keeps the tasks, and the fitted estimator after each."""

    def __init__(self, stop_after=None):
        self.tasks, self.models, self.limits = [], [], []
        self.stop_after = stop_after

    def setup(self, estimator, context): ...
    def teardown(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context):
        if context.task_name == "fit":
            self.limits.append(context.max_subtasks)

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.tasks.append(context.task_name)
        self.models.append(fitted_estimator)
        return context.task_name == self.stop_after


@pytest.mark.parametrize("classifier", [TorchDenseClassifier, KerasDenseClassifier])
def test_number_and_sizes_of_fits(classifier, blobs, fits):
    X, y = blobs
    model = classifier(**QUICK, max_epochs=3).fit(X, y)
    assert fits == [(160, 40)] * 3 + [(200, 0)]
    assert 1 <= model.n_iter_ <= 3
    assert len(model.loss_curve_) == model.n_iter_
    assert len(model.validation_scores_) == 3
    assert all(0 < score <= 1 for score in model.validation_scores_)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)


def test_when_there_is_one_fit(blobs, fits):
    X, y = blobs
    for settings, n_samples, expected in [
        ({"calibrate": False}, 200, [(200, 0)]),
        ({"early_stopping": True}, 200, [(180, 20)]),
        ({}, 99, [(99, 0)]),
        ({"validation_fraction": 0.4}, 100, [(60, 40)] * 2 + [(100, 0)]),
    ]:
        fits.clear()
        model = network(max_epochs=2, **settings).fit(X[:n_samples], y[:n_samples])
        assert fits == expected
        if not model.early_stopping:
            assert (model.validation_scores_ is None) == (len(fits) == 1)


def test_chosen_epoch_is_that_of_a_fit_on_all_samples(blobs):
    """The final network is the one of `n_iter_` epochs of the same schedule."""
    X, y = blobs
    model = network(max_epochs=30, learning_rate=0.2)
    noisy = np.where(np.random.default_rng(0).random(200) < 0.4, "ant", y)
    model.fit(X, noisy)
    assert model.n_iter_ < 30, "it overfits"
    recorder = Recorder()
    whole = clone(model).set_params(calibrate=False).set_callbacks(recorder)
    whole.fit(X, noisy)
    same = recorder.models[model.n_iter_ - 1]
    for name, weights in same.weights_.items():
        np.testing.assert_array_equal(weights, model.weights_[name])
    assert whole.loss_curve_[: model.n_iter_] == model.loss_curve_


@pytest.mark.parametrize("noise", [0.0, 0.4])
def test_confidence_is_that_of_the_accuracy(noise):
    X, y = make_classification(
        2400, 20, n_informative=8, n_classes=5, flip_y=noise, random_state=0
    )
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, train_size=400, stratify=y, random_state=0
    )
    settings = {"max_epochs": 30, "hidden_size": 64}
    errors, losses, scores = {}, {}, {}
    for calibrate in (True, False):
        model = network(calibrate=calibrate, **settings)
        proba = model.fit(X_train, y_train).predict_proba(X_test)
        errors[calibrate] = expected_calibration_error(y_test, proba)
        losses[calibrate] = log_loss(y_test, proba)
        scores[calibrate] = model.score(X_test, y_test)
    assert errors[True] < 0.06
    assert errors[True] < 0.5 * errors[False]
    assert losses[True] < losses[False]
    assert scores[True] > scores[False] - 0.02


def test_validation_scores_are_of_samples_that_were_not_fitted(blobs):
    # With random labels only a fitted sample can be right more often than by chance.
    X, _ = blobs
    y = np.random.default_rng(0).integers(0, 4, 200)
    wide = np.hstack([X, np.random.default_rng(1).normal(size=(200, 100))])
    model = network(max_epochs=30, hidden_size=64)
    assert clone(model).set_params(calibrate=False).fit(wide, y).score(wide, y) > 0.9
    model.fit(wide, y)
    assert max(model.validation_scores_) < 0.45
    assert model.predict_proba(wide).max() < 0.8


def test_missing_samples_are_not_held_out(monkeypatch, fits):
    # Texts of which only a few are not missing: those are split, not all.
    from amzest import TextCNNClassifier

    settings = {"embedding_size": 8, "n_buckets": 64, "max_epochs": 1}
    texts, kinds = ["red shoe", "garden hose"] * 60, ["shoe", "hose"] * 60
    model = TextCNNClassifier(**settings).fit(
        [None] * 400 + texts, kinds[:1] * 400 + kinds
    )
    assert fits[-1] == (120, 0)
    assert all(train + held_out == 120 for train, held_out in fits)
    fits.clear()
    model.fit([None] * 400 + texts[:2], kinds[:1] * 400 + kinds[:2])
    assert fits == [(2, 0)]
    assert model.predict(texts[:2]).tolist() == kinds[:2]
    with pytest.raises(ValueError, match="missing in all of the 400 training rows"):
        model.fit([None] * 400, (kinds * 4)[:400])


def test_a_sample_of_weight_zero_has_no_effect_on_the_calibration(blobs):
    X, y = blobs
    model = network(max_epochs=2).fit(X, y)
    weights = np.repeat([1.0, 0.0], 200)
    X_more, y_more = np.concatenate([X, -X]), np.concatenate([y, y[::-1]])
    more = clone(model).fit(X_more, y_more, weights)
    assert more.calibration_ == model.calibration_
    assert more.validation_scores_ == model.validation_scores_
    np.testing.assert_array_equal(more.predict_proba(X), model.predict_proba(X))


def test_scale_of_weights_has_no_effect_on_the_calibration(blobs):
    X, y = blobs
    plain = network(max_epochs=3).fit(X, y)
    for scale in (1e-6, 1e3):
        model = clone(plain).fit(X, y, np.full(200, scale))
        assert model.calibration_.weights == pytest.approx(plain.calibration_.weights)
        assert model.n_iter_ == plain.n_iter_


def test_class_of_weight_zero(blobs, fits):
    X, y = blobs
    weights = {"ant": 0.0, "bee": 1.0, "cow": 1.0, "dog": 1.0}
    model = network(class_weight=weights, max_epochs=5)
    model.fit(X, y)
    assert fits[0] == (160, 30)
    assert np.isfinite(model.predict_proba(X)).all()
    assert "ant" not in model.predict(X)
    # No sample with a weight can be held out.
    rare = np.array(["ant"] * 198 + ["bee", "cow"])
    fits.clear()
    model.set_params(class_weight={"ant": 0.0, "bee": 1.0, "cow": 1.0}).fit(X, rare)
    assert fits == [(160, 0), (160, 0), (160, 0), (200, 0)]
    assert model.validation_scores_ is None
    assert np.isfinite(model.predict_proba(X)).all()


def test_samples_that_can_not_be_split(blobs, fits):
    X, _ = blobs
    model = network(max_epochs=1)
    with pytest.warns(UserWarning, match="number of unique classes"):
        model.fit(X, np.arange(200))
    assert fits == [(200, 0)]
    assert model.validation_scores_ is None
    fits.clear()
    rare = np.array([0] * 198 + [1, 2])  # both stay in the training samples
    model.fit(X, rare)
    assert len(fits) == 4
    assert model.classes_.tolist() == [0, 1, 2]


def test_tasks_of_callbacks(blobs):
    recorder = Recorder()
    model = network(max_epochs=3)
    model.set_callbacks(recorder).fit(*blobs)
    assert recorder.tasks == (
        ["calibration epoch"] * 9 + ["epoch"] * model.n_iter_ + ["fit"]
    )
    assert recorder.limits == [12]
    for task, fitted in zip(recorder.tasks, recorder.models, strict=True):
        assert fitted.predict_proba(blobs[0]).shape == (200, 4)
        if task == "epoch":
            assert fitted.calibration_ == model.calibration_
            assert fitted.validation_scores_ == model.validation_scores_
    lengths = [len(m.validation_scores_) for m in recorder.models[:9]]
    assert lengths == [1, 2, 3] * 3
    assert [m.n_iter_ for m in recorder.models[9:-1]] == list(
        range(1, model.n_iter_ + 1)
    )


def test_callback_that_stops_ends_one_fit_only(blobs):
    recorder = Recorder(stop_after="calibration epoch")
    model = network(max_epochs=3)
    model.set_callbacks(recorder).fit(*blobs)
    assert recorder.tasks == ["calibration epoch"] * 3 + ["epoch", "fit"]
    assert len(model.validation_scores_) == 1


def test_interrupted_calibration_leaves_the_old_model(blobs):
    X, y = blobs
    model = network(max_epochs=2).fit(X, y)
    before, state = model.predict_proba(X), dict(vars(model))

    class Interrupter(Recorder):
        def on_fit_task_end(self, estimator, context):
            if context.task_name == "calibration epoch":
                raise KeyboardInterrupt

    model.set_callbacks(Interrupter())
    with pytest.raises(KeyboardInterrupt):
        model.fit(-X, y)
    assert all(vars(model)[name] is value for name, value in state.items())
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_divergence_of_a_calibration_raises(blobs):
    model = network(max_epochs=2, learning_rate=1e38)
    with pytest.raises(ValueError, match=r"not finite in epoch \d of 2: .* diverged"):
        model.fit(*blobs)


def test_refit_equals_a_first_fit(blobs):
    X, y = blobs
    model = network(max_epochs=3).fit(X, y)
    again = clone(model).set_params(max_epochs=1).fit(-X[:150], y[:150])
    again.set_params(max_epochs=3).fit(X, y)
    assert again.calibration_ == model.calibration_
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
