"""The base class with both engines: scikit-learn's checks, training and state."""

import pickle
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from dense_classifiers import KerasDenseClassifier, TorchDenseClassifier
from sklearn.base import clone
from sklearn.datasets import make_blobs
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from amzest.neural import Calibration

CLASSIFIERS = [TorchDenseClassifier, KerasDenseClassifier]

#: Expected failures of common checks, with reasons; strict.
EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": (
        "in mini-batches a row of weight 2 takes one step, a repeated row two; in one "
        "batch both are equal, see test_sample_weight_equals_repetition"
    ),
}


#: With it probabilities are those of the loss in training.
SOFTMAX = Calibration((1.0,), -60.0)


@pytest.fixture(scope="module")
def blobs():
    X, y = make_blobs(200, centers=4, cluster_std=2.0, random_state=0)
    return X, np.array(["ant", "bee", "cow", "dog"])[y]


@parametrize_with_checks(
    # The calibration is the same for both engines.
    [
        TorchDenseClassifier(max_epochs=15),
        KerasDenseClassifier(max_epochs=15, calibrate=False),
    ],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
    xfail_strict=True,
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
def test_scikit_learn_check(estimator, check, monkeypatch):
    if check.func.__name__ == "check_methods_sample_order_invariance":
        # It compares with a tolerance for float64. On some processors TensorFlow rounds
        # a float32 row in its last bit by the place that the row has in the batch.
        exact = estimator_checks.assert_allclose_dense_sparse
        monkeypatch.setattr(
            estimator_checks,
            "assert_allclose_dense_sparse",
            lambda x, y, atol, err_msg: exact(x, y, atol=1e-6, err_msg=err_msg),
        )
    check(estimator)


def test_expected_failures_are_fewer_than_four():
    assert len(EXPECTED_FAILURES) < 4


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_sample_weight_equals_repetition(classifier, blobs):
    X, y = blobs
    weights = np.random.default_rng(0).integers(0, 4, len(X))
    settings = {
        "batch_size": 10_000,
        "max_epochs": 20,
        "precision": "float32",
        "calibrate": False,  # repeated samples are split differently
        "random_state": 0,
    }
    weighted = classifier(**settings).fit(X, y, sample_weight=weights)
    repeated = classifier(**settings).fit(X.repeat(weights, 0), y.repeat(weights))
    np.testing.assert_allclose(
        weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-4
    )
    np.testing.assert_allclose(weighted.class_prior_, repeated.class_prior_)
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-4)


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_early_stopping_keeps_the_best_epoch(classifier, blobs):
    X, y = blobs
    seen = []

    class KeepWeights:
        def setup(self, estimator, context): ...
        def teardown(self, estimator, context): ...
        def on_fit_task_begin(self, estimator, context): ...
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            if context.task_name == "epoch":
                seen.append(fitted_estimator.weights_)

    model = classifier(
        early_stopping=True, n_iter_no_change=3, max_epochs=60, random_state=0
    )
    model.set_callbacks(KeepWeights()).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == len(model.validation_scores_)
    assert model.n_iter_ == len(seen) < 60
    best = np.flatnonzero(
        np.array(model.validation_scores_) == max(model.validation_scores_)
    )
    kept = [
        epoch
        for epoch, weights in enumerate(seen)
        if all(np.array_equal(weights[k], model.weights_[k]) for k in weights)
    ]
    assert len(kept) == 1
    assert kept[0] in best
    assert kept[0] < model.n_iter_ - 1


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_without_early_stopping_all_epochs_run(classifier, blobs):
    model = classifier(max_epochs=4, calibrate=False).fit(*blobs)
    assert model.n_iter_ == 4
    assert model.validation_scores_ is None
    assert model.loss_curve_[-1] < model.loss_curve_[0]


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_set_params_after_fit_does_not_change_predictions(classifier, blobs):
    X, y = blobs
    model = classifier(max_epochs=3, calibrate=False, random_state=0).fit(X, y)
    before = model.predict_proba(X)
    model.set_params(hidden_size=7, dropout=0.5)
    model.weights_ = dict(model.weights_)  # another dict: the network is rebuilt
    np.testing.assert_array_equal(model.predict_proba(X), before)


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_predictions_depend_on_the_arrays_in_weights(classifier, blobs):
    X, y = blobs
    model = classifier(max_epochs=2, calibrate=False).fit(X, y)
    assert all(type(array) is np.ndarray for array in model.weights_.values())
    model.weights_ = {k: np.zeros_like(w) for k, w in model.weights_.items()}
    np.testing.assert_allclose(model.predict_proba(X), 0.25, atol=1e-7)


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_class_weight_balanced_equals_explicit_weights(classifier, blobs):
    X, y = blobs
    X, y = (
        X[(y != "ant") | (np.arange(len(y)) % 5 == 0)],
        y[(y != "ant") | (np.arange(len(y)) % 5 == 0)],
    )
    labels, counts = np.unique(y, return_counts=True)
    by_label = dict(zip(labels, len(y) / (4 * counts), strict=True))
    settings = {"max_epochs": 3, "calibrate": False, "random_state": 0}
    balanced = classifier(class_weight="balanced", **settings).fit(X, y)
    explicit = classifier(class_weight=by_label, **settings).fit(X, y)
    plain = classifier(**settings).fit(X, y)
    np.testing.assert_allclose(
        balanced.predict_proba(X), explicit.predict_proba(X), atol=1e-5
    )
    ant = balanced.predict_proba(X)[:, 0].mean()
    assert ant > plain.predict_proba(X)[:, 0].mean() + 0.02


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_loss_curve_is_the_mean_over_all_batches(classifier, blobs):
    X, y = blobs
    # At such a rate the network does not change between batches.
    settings = {
        "learning_rate": 1e-12,
        "max_epochs": 2,
        "precision": "float32",
        "calibrate": False,
        "random_state": 0,
    }
    model = classifier(batch_size=16, **settings).fit(X, y)
    model.calibration_ = SOFTMAX
    proba = model.predict_proba(X)
    expected = log_loss(y, proba, labels=model.classes_)
    np.testing.assert_allclose(model.loss_curve_, expected, rtol=1e-4)
    weights = np.arange(len(y)) + 1.0
    weighted = classifier(batch_size=16, **settings).fit(X, y, weights)
    weighted.calibration_ = SOFTMAX
    expected = log_loss(y, weighted.predict_proba(X), sample_weight=weights)
    np.testing.assert_allclose(weighted.loss_curve_, expected, rtol=1e-4)


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_verbose_prints_a_line_per_epoch(classifier, blobs, capsys):
    classifier(max_epochs=2, calibrate=False, verbose=1).fit(*blobs)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith(f"[{classifier.__name__}] Epoch 2/2, loss = ")
    classifier(max_epochs=2, calibrate=False).fit(*blobs)
    assert capsys.readouterr().out == ""


def test_verbose_prints_the_epochs_of_the_calibration(blobs, capsys):
    model = TorchDenseClassifier(max_epochs=2, verbose=1).fit(*blobs)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 * 2 + model.n_iter_
    pattern = r"\] Calibration epoch 2/2, loss = .*, validation score = 0\.\d{4}$"
    assert len([line for line in lines if re.search(pattern, line)]) == 3
    assert "Epoch 1/2" in lines[6]
    assert "validation" not in lines[6]


@pytest.mark.parametrize("classifier", CLASSIFIERS)
@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("learning_rate", 0),
        ("learning_rate", float("nan")),
        ("learning_rate", float("inf")),
        ("weight_decay", float("inf")),
        ("dropout", float("nan")),
        ("tol", float("inf")),
        ("max_epochs", 0),
        ("batch_size", "large"),
        ("dropout", 1.0),
        ("class_weight", "even"),
        ("calibrate", "yes"),
        ("validation_fraction", 1.0),
        ("device", "abacus"),
    ],
)
def test_bad_parameter_is_named(classifier, blobs, parameter, value):
    with pytest.raises(ValueError, match=parameter):
        classifier(**{parameter: value}).fit(*blobs)


@pytest.mark.parametrize("classifier", CLASSIFIERS)
@pytest.mark.parametrize("settings", [{"calibrate": False}, {"early_stopping": True}])
def test_divergence_raises_and_keeps_the_former_model(classifier, settings, blobs):
    X, y = blobs
    model = classifier(max_epochs=3, random_state=0, **settings).fit(X, y)
    before = model.predict_proba(X)
    model.set_params(learning_rate=1e38)
    message = r"not finite in epoch \d of 3: .* Lower `learning_rate`, which is 1e\+38"
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_output_that_is_not_finite_raises(blobs):
    X, y = blobs
    model = TorchDenseClassifier(max_epochs=1, random_state=0).fit(X, y)
    model.weights_ = {name: w * np.nan for name, w in model.weights_.items()}
    with pytest.raises(ValueError, match=r"no finite output for rows 0, 1, 2, 3, 4"):
        model.predict_proba(X)


def test_whole_numbers_as_rates(blobs):
    for classifier in CLASSIFIERS:
        model = classifier(
            learning_rate=1, weight_decay=0, max_epochs=1, calibrate=False
        )
        assert np.isfinite(model.fit(*blobs).loss_curve_).all()


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_net_is_the_object_of_the_library(classifier, blobs):
    X, y = blobs
    model = classifier(max_epochs=2, calibrate=False, random_state=0)
    with pytest.raises(NotFittedError):
        model.net_  # noqa: B018
    model.fit(X, y)
    library = type(model.net_).__mro__
    names = {f"{c.__module__.partition('.')[0]}.{c.__name__}" for c in library}
    assert names & {"skorch.NeuralNet", "scikeras.KerasClassifier"}
    assert clone(model).__dict__.keys().isdisjoint({"weights_", "classes_"})


def test_scikeras_leaves_the_pickling_of_keras_alone():
    code = (
        "import keras, numpy as np\n"
        "before = keras.Model.__reduce__, keras.optimizers.Optimizer.__reduce__\n"
        "from amzest import ImageCNNClassifier\n"
        "X = np.random.default_rng(0).integers(0, 255, (8, 32, 32, 3), np.uint8)\n"
        "model = ImageCNNClassifier(filters=(4,), image_size=32, max_epochs=1)\n"
        "model.fit(X, ['a', 'b'] * 4).predict(X)\n"
        "after = keras.Model.__reduce__, keras.optimizers.Optimizer.__reduce__\n"
        "assert before == after, after\n"
        "import scikeras\n"
        "assert 'scikeras' not in keras.Model.__reduce__.__module__\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr[-2000:]


def test_bfloat16_is_used_in_training_only(blobs):
    exact, short, auto = (
        TorchDenseClassifier(
            precision=precision, max_epochs=5, calibrate=False, random_state=0
        ).fit(*blobs)
        for precision in ("float32", "bfloat16", "auto")
    )
    assert exact.loss_curve_ != short.loss_curve_
    np.testing.assert_allclose(exact.loss_curve_, short.loss_curve_, rtol=0.05)
    assert {weight.dtype for weight in short.weights_.values()} == {np.dtype("float32")}
    # With the same weights both make the same predictions.
    exact.weights_ = short.weights_
    np.testing.assert_array_equal(
        exact.predict_proba(blobs[0]), short.predict_proba(blobs[0])
    )
    assert auto.loss_curve_ in (exact.loss_curve_, short.loss_curve_)


def test_predicting_needs_no_optimizer(blobs):
    model = TorchDenseClassifier(max_epochs=2, random_state=0).fit(*blobs)
    net = pickle.loads(pickle.dumps(model)).net_
    assert not hasattr(net, "optimizer_")
    batch = model._encode(model._read(blobs[0], reset=False)).batch(np.arange(8))
    net.train_step((batch, (torch.arange(8) % 4, torch.ones(8))))
    assert hasattr(net, "optimizer_")
