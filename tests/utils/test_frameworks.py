"""Backends of Keras: the message for a missing one, and forked processes."""

import sys
import types

import keras
import pytest

from amzest.utils import _frameworks, check_tensorflow_fork, import_keras


def test_message_names_the_missing_backend(monkeypatch):
    def missing(name, **_):
        reason = ModuleNotFoundError("No module named 'jax'", name="jax")
        raise ImportError("Keras cannot be imported") from reason

    monkeypatch.setattr(_frameworks, "require", missing)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    message = "ImageCNNClassifier needs Keras, whose backend is jax .* pip install jax"
    with pytest.raises(ImportError, match=message):
        import_keras("ImageCNNClassifier")
    monkeypatch.delenv("KERAS_BACKEND")
    with pytest.raises(ImportError, match=r"^Keras cannot be imported$"):
        import_keras("ImageCNNClassifier")


@pytest.mark.parametrize(("used", "backend"), [("jax", "jax"), ("jax", "torch")])
def test_only_the_backend_that_was_in_use_cannot_be_used(monkeypatch, used, backend):
    bridge = types.SimpleNamespace(_backends={"cpu": object()})
    monkeypatch.setitem(sys.modules, "jax._src.xla_bridge", bridge)
    monkeypatch.setitem(sys.modules, "tensorflow.python.eager.context", None)
    monkeypatch.setattr(_frameworks, "_in_use_before_fork", set())
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    check_tensorflow_fork()
    _frameworks._note_fork()  # what a forked process does first
    assert _frameworks._in_use_before_fork == {used}
    if backend == used:
        with pytest.raises(RuntimeError, match=r"^JAX was in use before"):
            check_tensorflow_fork()
    else:
        check_tensorflow_fork()
