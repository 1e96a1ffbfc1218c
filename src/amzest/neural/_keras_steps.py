"""Training steps and forward passes of Keras models, for each backend of Keras.

Keras' own ``train_on_batch`` waits for the loss of every step, and in TensorFlow traces
a graph for each batch size. The steps here follow Keras' guides to custom training
loops (https://keras.io/guides/) and return the loss without waiting for it.
"""

from __future__ import annotations

import functools
import gc
import weakref
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

#: Inputs, class numbers, row weights, learning rate -> mean weighted loss.
TrainStep = Callable[[Any, NDArray[np.int64], NDArray[np.float32], np.float32], Any]

#: Inputs -> outputs by name.
ForwardPass = Callable[[Any], dict[str, Any]]

#: One item for each training step that was deleted since the last collection.
_UNCOLLECTED: list[None] = []


def collect_graphs() -> None:
    """Free the graphs of earlier fits before another one is traced.

    Graphs and models are reference cycles. Python collects them according to their
    number, without knowing how much memory of TensorFlow belongs to each.
    """
    if _UNCOLLECTED:
        _UNCOLLECTED.clear()
        gc.collect()


def make_train_step(model: keras.Model, n_classes: int) -> TrainStep:
    """Return a function that trains a compiled model on one batch."""
    makers = {
        "tensorflow": _tensorflow_step,
        "torch": _torch_step,
        "jax": _jax_step,
    }
    return makers.get(keras.backend.backend(), _keras_step)(model, n_classes)


def make_forward_pass(model: keras.Model) -> ForwardPass:
    """Return a function that computes the outputs of a model; ``predict`` is slower."""
    makers: dict[str, Callable[[keras.Model], ForwardPass]] = {
        "tensorflow": _tensorflow_pass,
        "torch": _torch_pass,
        "jax": _jax_pass,
    }
    backend = keras.backend.backend()
    return makers[backend](model) if backend in makers else model.predict_on_batch


def _keras_step(model: keras.Model, n_classes: int) -> TrainStep:
    """Return Keras' own step, for any backend."""

    def step(inputs: Any, targets: Any, weights: Any, learning_rate: np.float32) -> Any:
        model.optimizer.learning_rate = learning_rate
        model.reset_metrics()  # otherwise some versions return a running mean
        one_hot = np.eye(n_classes, dtype=np.float32)[targets]
        return model.train_on_batch(inputs, one_hot, sample_weight=weights)

    return step


def _signature(model: keras.Model) -> Any:
    import tensorflow as tf

    return tf.TensorSpec(model.input_shape, tf.float32)


def _tensorflow_step(model: keras.Model, n_classes: int) -> TrainStep:
    """Return one graph for batches of any size."""
    import tensorflow as tf

    optimizer, loss_of = model.optimizer, model.loss
    replica = tf.distribute.get_replica_context()
    optimizer.build(model.trainable_variables)  # else the step is traced twice

    def step(inputs: Any, targets: Any, weights: Any, learning_rate: Any) -> Any:
        optimizer.learning_rate.assign(learning_rate)
        with tf.GradientTape() as tape:
            logits = model(inputs, training=True)
            one_hot = tf.one_hot(targets, n_classes)
            loss = loss_of(one_hot, logits, sample_weight=weights)
        trained = model.trainable_variables
        gradients = tape.gradient(loss, trained)
        # Within a replica the optimizer sums gradients over all replicas, here one,
        # by an operation whose gradient TensorFlow never unregisters, and with it
        # this graph: https://github.com/tensorflow/tensorflow/issues/27492
        replica.merge_call(lambda _: optimizer.apply(gradients, trained))
        return loss

    # Keras' own step is traced again for each batch size, which takes seconds.
    signature = [
        _signature(model),
        tf.TensorSpec((None,), tf.int64),
        tf.TensorSpec((None,), tf.float32),
        tf.TensorSpec((), tf.float32),
    ]
    collect_graphs()
    compiled = tf.function(step, input_signature=signature, autograph=False)
    weakref.finalize(compiled, _UNCOLLECTED.append, None).atexit = False
    return compiled


def _tensorflow_pass(model: keras.Model) -> ForwardPass:
    import tensorflow as tf

    return tf.function(
        functools.partial(model, training=False),
        input_signature=[_signature(model)],
        autograph=False,
    )


def _torch_step(model: keras.Model, n_classes: int) -> TrainStep:
    """Return a step that computes the gradient with torch."""
    import torch
    from torch.nn import functional

    optimizer, loss_of = model.optimizer, model.loss

    def step(inputs: Any, targets: Any, weights: Any, learning_rate: np.float32) -> Any:
        optimizer.learning_rate.assign(learning_rate)
        model.zero_grad(set_to_none=True)
        logits = model(inputs, training=True)  # (batch, n_classes)
        expected = torch.as_tensor(targets, device=logits.device)
        loss = loss_of(
            functional.one_hot(expected, n_classes).to(logits.dtype),
            logits,
            sample_weight=torch.as_tensor(weights, device=logits.device),
        )
        loss.backward()
        trained = model.trainable_weights
        with torch.no_grad():
            optimizer.apply([weight.value.grad for weight in trained], trained)
        return loss.detach()

    return step


def _torch_pass(model: keras.Model) -> ForwardPass:
    import torch

    def compute(inputs: Any) -> dict[str, Any]:
        with torch.inference_mode():
            outputs = model(inputs, training=False)
            return {name: output.cpu() for name, output in outputs.items()}

    return compute


def _values(variables: Any) -> list[Any]:
    return [variable.value for variable in variables]


def _assign(variables: Any, values: Any) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _jax_step(model: keras.Model, n_classes: int) -> TrainStep:
    """Return a step that XLA compiles once for each batch size."""
    import jax

    optimizer, loss_of = model.optimizer, model.loss
    optimizer.build(model.trainable_variables)

    def loss_and_state(
        trained: Any, fixed: Any, inputs: Any, targets: Any, weights: Any
    ) -> Any:
        logits, fixed = model.stateless_call(trained, fixed, inputs, training=True)
        one_hot = jax.nn.one_hot(targets, n_classes)
        return loss_of(one_hot, logits, sample_weight=weights), fixed

    differentiate = jax.value_and_grad(loss_and_state, has_aux=True)

    @jax.jit
    def update(trained: Any, fixed: Any, moments: Any, *batch: Any) -> Any:
        (loss, fixed), gradients = differentiate(trained, fixed, *batch)
        trained, moments = optimizer.stateless_apply(moments, gradients, trained)
        return loss, trained, fixed, moments

    def step(inputs: Any, targets: Any, weights: Any, learning_rate: np.float32) -> Any:
        optimizer.learning_rate.assign(learning_rate)
        kinds = (
            model.trainable_variables,
            model.non_trainable_variables,
            optimizer.variables,
        )
        loss, *state = update(*map(_values, kinds), inputs, targets, weights)
        for variables, values in zip(kinds, state, strict=True):
            _assign(variables, values)
        return loss

    return step


def _jax_pass(model: keras.Model) -> ForwardPass:
    """Return a function that XLA compiles for batches of 1, 2, 4, 8, ... samples."""
    import jax

    @jax.jit
    def compute(trained: Any, fixed: Any, inputs: Any) -> Any:
        return model.stateless_call(trained, fixed, inputs, training=False)[0]

    def forward(inputs: Any) -> dict[str, Any]:
        n_samples = len(inputs)
        padding = (1 << (n_samples - 1).bit_length()) - n_samples
        padded = np.pad(inputs, [(0, padding)] + [(0, 0)] * (np.ndim(inputs) - 1))
        outputs = compute(
            _values(model.trainable_variables),
            _values(model.non_trainable_variables),
            padded,
        )
        return {name: output[:n_samples] for name, output in outputs.items()}

    return forward
