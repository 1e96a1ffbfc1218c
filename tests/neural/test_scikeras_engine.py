"""The Keras engine: precision, steps and outputs."""

import gc
import os
import pickle
import subprocess
import sys
import threading
import types
import weakref
from pathlib import Path

import keras
import numpy as np
import pytest

from amzest.image import ImageCNNClassifier
from amzest.neural import HoldOut
from amzest.neural._scikeras_engine import ScikerasEngine
from amzest.utils import _frameworks

SMALL = {"filters": (4, 8), "image_size": 32, "max_epochs": 2, "random_state": 0}


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 60, (24, 32, 32, 3)).astype(np.uint8)
    X[::2] += 150
    return X, np.array(["light", "dark"] * 12)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_same_seed_same_bits_and_weights_of_32_bits(images, precision):
    one, other = (
        ImageCNNClassifier(precision=precision, **SMALL).fit(*images) for _ in range(2)
    )
    assert {weight.dtype for weight in one.weights_.values()} == {np.dtype("float32")}
    for name, weight in one.weights_.items():
        np.testing.assert_array_equal(weight, other.weights_[name])


def test_bfloat16_is_used_in_training_only(images):
    exact = ImageCNNClassifier(precision="float32", **SMALL).fit(*images)
    short = ImageCNNClassifier(precision="bfloat16", **SMALL).fit(*images)
    assert exact.loss_curve_ != short.loss_curve_
    np.testing.assert_allclose(exact.loss_curve_, short.loss_curve_, rtol=0.2)
    # With the same weights both make the same predictions.
    exact.weights_ = short.weights_
    np.testing.assert_array_equal(
        exact.predict_proba(images[0]), short.predict_proba(images[0])
    )
    assert keras.config.dtype_policy().name == "float32"
    policies = {layer.dtype_policy.name for layer in short.net_.model_.layers}
    assert policies == {"float32"}


def test_auto_is_float32(images):
    auto, exact = (
        ImageCNNClassifier(precision=precision, **SMALL).fit(*images)
        for precision in ("auto", "float32")
    )
    assert auto.loss_curve_ == exact.loss_curve_


def test_training_steps_equal_those_of_keras(images):
    """The graph of the engine computes the losses of ``train_on_batch``."""
    curves = []
    for backend in ("tensorflow", "other"):
        with pytest.MonkeyPatch.context() as patch:
            if backend == "other":
                patch.setattr(keras.backend, "backend", lambda: "other")
            model = ImageCNNClassifier(
                precision="float32", class_weight={"dark": 3.0}, **SMALL
            )
            curves.append(model.fit(*images).loss_curve_)
            curves.append(model.transform(images[0]))
    np.testing.assert_allclose(curves[0], curves[2], rtol=1e-4)
    np.testing.assert_allclose(curves[1], curves[3], rtol=1e-2, atol=1e-3)


def test_features_come_before_the_last_layer(images):
    model = ImageCNNClassifier(augmentation=False, **SMALL).fit(*images)
    features = model.transform(images[0])
    kernel, bias = list(model.weights_.values())[-2:]
    logits = features @ kernel + bias
    proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(images[0]), proba, atol=1e-5)


def test_workers_limit_the_threads_of_tensorflow(monkeypatch):
    numbers = []
    threading = types.SimpleNamespace(set_inter_op_parallelism_threads=numbers.append)
    config = types.SimpleNamespace(threading=threading)
    fake = types.SimpleNamespace(config=config)
    monkeypatch.setitem(sys.modules, "tensorflow", fake)
    for share in (None, 2):
        monkeypatch.setattr(_frameworks, "worker_threads", lambda share=share: share)
        _frameworks._divide_threads()
    assert numbers == [2]


def live(kind):
    gc.collect()
    return sum(isinstance(found, kind) for found in gc.get_objects())


class Interrupted(BaseException):
    """Replaces KeyboardInterrupt, which would end the tests."""


#: What counts objects of the process is run by the test below, in one of its own.
alone = pytest.mark.skipif("AMZEST_ALONE" not in os.environ, reason="needs a process")


def test_memory_after_fits_in_a_subprocess():
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(
        [*command, "-k", "deleted_models or engines_are_freed", __file__],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "AMZEST_ALONE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout


@alone
@pytest.mark.parametrize("error", [None, ValueError, Interrupted])
def test_deleted_models_leave_nothing(images, monkeypatch, error):
    """No graph, which is 20 MB, no Keras model and no thread."""
    from tensorflow.python.framework.func_graph import FuncGraph

    before = live(FuncGraph), live(keras.Model), threading.active_count()
    for _ in range(2):
        model = ImageCNNClassifier(early_stopping=True, **SMALL)
        if error is None:
            model.fit(*images).fit(*images).predict(images[0])
            pickle.loads(pickle.dumps(model)).predict(images[0])
        else:
            monkeypatch.setattr(
                HoldOut, "evaluate", lambda *_: (_ for _ in ()).throw(error)
            )
            with pytest.raises(error):
                model.fit(*images)
        del model
    after = live(FuncGraph), live(keras.Model), threading.active_count()
    # Threads and models of earlier tests may end meanwhile.
    assert all(now <= then for now, then in zip(after, before, strict=True))


def test_every_fit_uses_the_same_names_of_variables(images, monkeypatch):
    """TensorFlow never frees the 36 kB of each new name of a variable."""
    names, end_training = [], ScikerasEngine.end_training

    def record(engine):
        model = engine.net.model_
        optimizer = model.optimizer  # it has its moments here
        end_training(engine)
        variables = [*model.variables, *optimizer.variables, *model.optimizer.variables]
        names.append([variable.value.name for variable in variables])

    monkeypatch.setattr(ScikerasEngine, "end_training", record)
    for _ in range(2):
        ImageCNNClassifier(**SMALL).fit(*images)
        keras.layers.Dense(1)  # whatever else is built meanwhile
    assert names[0] == names[1]
    assert len(set(names[0])) > 20


def test_rebuilt_networks_of_keras_applications_use_the_same_names():
    from amzest.image._networks import NETWORKS
    from amzest.neural._engine import TrainingSettings
    from amzest.utils import draw_seeds

    settings = TrainingSettings(0.001, 0.0, 0.0, draw_seeds(0), "cpu")
    architecture = {
        "n_classes": 2,
        "n_features_out": 2048,
        "input_shape": (75, 75, 3),
        "pretrained": False,
        "dropout": 0.1,
    }
    one, other = (
        ScikerasEngine(NETWORKS["inception_v3"], architecture, settings)
        for _ in range(2)
    )
    assert [weight.value.name for weight in one.net.model_.variables] == [
        weight.value.name for weight in other.net.model_.variables
    ]


@alone
def test_engines_are_freed_with_their_model_and_graphs_by_the_next_fit(images):
    from tensorflow.python.framework.func_graph import FuncGraph

    def steps():
        return sum(
            isinstance(one, FuncGraph) and one.name == "step"
            for one in gc.get_objects()
        )

    gc.collect()
    before = steps()  # of tests that failed, whose frames are kept
    gc.disable()  # what would free it later anyway
    try:
        for _ in range(3):
            model = ImageCNNClassifier(early_stopping=True, **SMALL).fit(*images)
            engine = weakref.ref(model._engine())
            del model
            assert engine() is None
        assert steps() <= before + 1  # that of the last fit
    finally:
        gc.enable()


GROWTH = """
import numpy as np, psutil
from amzest.image import ImageCNNClassifier
X = np.random.default_rng(0).integers(0, 255, (24, 64, 64, 3)).astype(np.uint8)
sizes = []
for seed in range(12):
    ImageCNNClassifier(max_epochs=1, random_state=seed).fit(X, [0, 1] * 12)
    sizes.append(psutil.Process().memory_info().rss / 1e6)
print(max(sizes) - sizes[1])
"""


@pytest.mark.slow
def test_memory_does_not_grow_after_two_fits():
    grown = subprocess.run(
        [sys.executable, "-c", GROWTH], capture_output=True, text=True, check=True
    )
    assert float(grown.stdout) < 60  # MB
