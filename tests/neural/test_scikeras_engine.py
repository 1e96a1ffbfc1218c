"""The Keras engine: precision, steps and outputs."""

import gc
import pickle
import sys
import threading
import types

import keras
import numpy as np
import pytest

from amzest.image import ImageCNNClassifier
from amzest.neural._training import Trainer
from amzest.utils import _frameworks

SMALL = {"filters": (4, 8), "image_size": 32, "max_epochs": 2, "random_state": 0}


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 60, (24, 32, 32, 3)).astype(np.uint8)
    X[::2] += 150
    return X, np.array(["light", "dark"] * 12)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_same_seed_same_bits_and_weights_of_32_bits(pictures, precision):
    one, other = (
        ImageCNNClassifier(precision=precision, **SMALL).fit(*pictures)
        for _ in range(2)
    )
    assert {weight.dtype for weight in one.weights_.values()} == {np.dtype("float32")}
    for name, weight in one.weights_.items():
        np.testing.assert_array_equal(weight, other.weights_[name])


def test_bfloat16_is_used_in_training_only(pictures):
    exact = ImageCNNClassifier(precision="float32", **SMALL).fit(*pictures)
    short = ImageCNNClassifier(precision="bfloat16", **SMALL).fit(*pictures)
    assert exact.loss_curve_ != short.loss_curve_
    np.testing.assert_allclose(exact.loss_curve_, short.loss_curve_, rtol=0.2)
    # Of the same weights both make the same predictions.
    exact.weights_ = short.weights_
    np.testing.assert_array_equal(
        exact.predict_proba(pictures[0]), short.predict_proba(pictures[0])
    )
    assert keras.config.dtype_policy().name == "float32"
    policies = {layer.dtype_policy.name for layer in short.net_.model_.layers}
    assert policies == {"float32"}


def test_auto_is_float32(pictures):
    auto, exact = (
        ImageCNNClassifier(precision=precision, **SMALL).fit(*pictures)
        for precision in ("auto", "float32")
    )
    assert auto.loss_curve_ == exact.loss_curve_


def test_a_step_is_the_one_that_keras_takes(pictures):
    """The engine's graph gives the losses of ``train_on_batch``."""
    curves = []
    for backend in ("tensorflow", "other"):
        with pytest.MonkeyPatch.context() as patch:
            if backend == "other":
                patch.setattr(keras.backend, "backend", lambda: "other")
            model = ImageCNNClassifier(
                precision="float32", class_weight={"dark": 3.0}, **SMALL
            )
            curves.append(model.fit(*pictures).loss_curve_)
            curves.append(model.transform(pictures[0]))
    np.testing.assert_allclose(curves[0], curves[2], rtol=1e-4)
    np.testing.assert_allclose(curves[1], curves[3], rtol=1e-2, atol=1e-3)


def test_features_come_before_the_last_layer(pictures):
    model = ImageCNNClassifier(augmentation=False, **SMALL).fit(*pictures)
    features = model.transform(pictures[0])
    kernel, bias = list(model.weights_.values())[-2:]
    logits = features @ kernel + bias
    proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(pictures[0]), proba, atol=1e-5)


def test_workers_hold_tensorflow_to_their_share(monkeypatch):
    asked = []
    threading = types.SimpleNamespace(set_inter_op_parallelism_threads=asked.append)
    config = types.SimpleNamespace(threading=threading)
    fake = types.SimpleNamespace(config=config)
    monkeypatch.setitem(sys.modules, "tensorflow", fake)
    for share in (None, 2):
        monkeypatch.setattr(_frameworks, "worker_threads", lambda share=share: share)
        _frameworks._divide_threads()
    assert asked == [2]


def live(kind):
    gc.collect()
    return sum(isinstance(found, kind) for found in gc.get_objects())


class Interrupted(BaseException):
    """Stands for Ctrl-C, which would end the tests."""


@pytest.mark.parametrize("error", [None, ValueError, Interrupted])
def test_nothing_of_a_fit_is_left_when_its_model_is_gone(pictures, monkeypatch, error):
    """No graph, which is 20 MB, no Keras model and no thread."""
    from tensorflow.python.framework.func_graph import FuncGraph

    before = live(FuncGraph), live(keras.Model), threading.active_count()
    for _ in range(2):
        model = ImageCNNClassifier(early_stopping=True, **SMALL)
        if error is None:
            model.fit(*pictures).fit(*pictures).predict(pictures[0])
            pickle.loads(pickle.dumps(model)).predict(pictures[0])
        else:
            monkeypatch.setattr(
                Trainer, "_validate", lambda self: (_ for _ in ()).throw(error)
            )
            with pytest.raises(error):
                model.fit(*pictures)
        del model
    assert (live(FuncGraph), live(keras.Model), threading.active_count()) == before
