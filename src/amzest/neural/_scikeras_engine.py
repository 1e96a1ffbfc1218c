"""The engine for Keras networks. The only module that imports scikeras."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import gc
import logging
import weakref
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from amzest.neural._devices import find_device
from amzest.neural._engine import Batch, Output, TrainingSettings, Weights
from amzest.utils import without_warnings


def _import_keras_classifier() -> Any:
    """Import scikeras, and undo its changes to the pickling of Keras objects."""
    patched = [
        (keras.Model, "__reduce__"),
        (keras.Model, "__deepcopy__"),
        (keras.losses.Loss, "__reduce__"),
        (keras.metrics.Metric, "__reduce__"),
        (keras.optimizers.Optimizer, "__reduce__"),
    ]
    before = [(owner, name, owner.__dict__.get(name)) for owner, name in patched]
    with without_warnings():
        from scikeras.wrappers import KerasClassifier

    for owner, name, value in before:
        if value is not None:
            setattr(owner, name, value)
        elif name in owner.__dict__:
            delattr(owner, name)
    return KerasClassifier


KerasClassifier = _import_keras_classifier()

#: Names of layers, the same in every network.
FEATURES_LAYER = "features"
LOGITS_LAYER = "logits"


def resolve_device(device: str) -> str | None:
    """Return the name of the available Keras device; None for "auto"."""
    if device == "auto":
        return None
    available = [
        found
        for listed in ("cpu", "gpu")
        for found in keras.distribution.list_devices(listed)
    ]
    return find_device(device, available, "Keras")


def _all_layers(model: Any) -> Iterator[Any]:
    """Yield the layers of a model and of nested models."""
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from _all_layers(layer)


@contextlib.contextmanager
def _computing_in(policy: str, model: keras.Model) -> Iterator[None]:
    """Set the dtype policy of layers, without changing their weights.

    Excluded are the last layer and the one that scales pixels, whose 256 values need
    all bits of bfloat16. Keras' global policy is left alone: other threads may be
    building models.
    """
    layers = [
        layer
        for layer in _all_layers(model)
        if layer.name != LOGITS_LAYER and not isinstance(layer, keras.layers.Rescaling)
    ]
    before = [layer.dtype_policy for layer in layers]
    for layer in layers:
        layer.dtype_policy = policy
    try:
        yield
    finally:
        for layer, own in zip(layers, before, strict=True):
            layer.dtype_policy = own


def _with_names_of_its_own(build: Callable[..., None], *args: Any) -> None:
    """Build in a new thread, in which Keras numbers names from the start.

    TensorFlow never frees the kernel that created a variable, 36 kB, but reuses it for
    variables of the same name: https://github.com/tensorflow/tensorflow/pull/42377
    """
    with ThreadPoolExecutor(1) as thread:
        thread.submit(contextvars.copy_context().run, build, *args).result()


class Phase(NamedTuple):
    """From an epoch on: which layers are trained, and a factor for the schedule."""

    first_epoch: int
    choose_trainable: Callable[[keras.Model], None]
    learning_rate_factor: float


class _TracingWarnings(logging.Filter):
    """Drops the warning of TensorFlow that several models were traced."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "triggered tf.function retracing" not in record.getMessage()


@contextlib.contextmanager
def _without_tracing_warnings() -> Iterator[None]:
    """Filter that warning: each fitted estimator has a model of its own."""
    logger = logging.getLogger("tensorflow")
    tracing_warnings = _TracingWarnings()
    logger.addFilter(tracing_warnings)
    try:
        yield
    finally:
        logger.removeFilter(tracing_warnings)


#: Inputs, class numbers, row weights, learning rate -> mean weighted loss.
_TrainStep = Callable[[Any, NDArray[np.int64], NDArray[np.float32], np.float32], Any]

#: Dtype policies. For images of this size bfloat16 saves a few per cent of the time,
#: which is not worth its rounding: it is never the default.
_POLICIES = {
    "auto": "float32",
    "float32": "float32",
    "bfloat16": "mixed_bfloat16",
}


def _compile(model: keras.Model, settings: TrainingSettings) -> None:
    """Compile a model with a new optimizer and the loss."""
    optimizer = keras.optimizers.AdamW(
        settings.learning_rate, weight_decay=settings.weight_decay, name="adamw"
    )
    optimizer.exclude_from_weight_decay(
        var_list=[weight for weight in model.trainable_weights if weight.ndim == 1]
    )
    model.compile(
        optimizer=optimizer,
        loss=keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=settings.label_smoothing
        ),
    )


def _build_compiled(
    build: Callable[..., keras.Model],
    architecture: dict[str, Any],
    settings: TrainingSettings,
) -> keras.Model:
    """Build a compiled model; a method would keep the engine alive in scikeras."""
    model = build(**architecture, seed=settings.seeds["weights"])
    _compile(model, settings)
    return model


#: One item for each training step that was deleted since the last collection.
_UNCOLLECTED: list[None] = []


def _collect_graphs() -> None:
    """Free the graphs of earlier fits before another one is traced.

    Graphs and models are reference cycles. Python collects them according to their
    number, without knowing how much memory of TensorFlow belongs to each.
    """
    if _UNCOLLECTED:
        _UNCOLLECTED.clear()
        gc.collect()


class ScikerasEngine:
    """A Keras model in a scikeras classifier.

    `build` returns the uncompiled ``keras.Model`` from the architecture and a ``seed``.
    Its layers "features" and "logits" are the outputs of `forward`; "input_shape" of
    the architecture is the shape of one sample. `phases` change what is trained.
    """

    def __init__(
        self,
        build: Callable[..., keras.Model],
        architecture: dict[str, Any],
        settings: TrainingSettings,
    ) -> None:
        self._device = resolve_device(settings.device)
        _collect_graphs()  # also the models: at most one is in memory at a time
        self._settings = settings
        self.phases: list[Phase] = []
        self._learning_rate_factor = 1.0
        self._n_epochs = 0
        self._n_classes = int(architecture["n_classes"])
        self.net = KerasClassifier(
            model=functools.partial(
                _build_compiled, build, dict(architecture), settings
            ),
            random_state=None,  # every layer has its own seed
            verbose=0,
        )
        classes = np.arange(self._n_classes)
        rows = np.zeros((self._n_classes, *architecture["input_shape"]), dtype=np.uint8)
        _with_names_of_its_own(self._initialize, rows, classes)
        self._policy = _POLICIES[settings.precision]
        self._train: _TrainStep | None = None
        self._compute: Callable[[Any], dict[str, Any]] | None = None

    def _initialize(self, rows: NDArray[np.uint8], classes: NDArray[np.int64]) -> None:
        with self._placed():
            self.net.initialize(rows, classes)

    def _compile(self) -> None:
        _compile(self.net.model_, self._settings)
        self._train = None  # it refers to the former optimizer

    @contextlib.contextmanager
    def _placed(self) -> Iterator[None]:
        with (
            contextlib.nullcontext()
            if self._device is None
            else keras.device(self._device)
        ):
            yield

    def run_epoch(
        self, batches: Iterable[Batch], learning_rates: Iterable[float]
    ) -> float:
        """Train on the batches; return the mean weighted loss over all samples."""
        self._enter_phase()
        self._n_epochs += 1
        losses, n_rows = [], []
        with (
            self._placed(),
            _computing_in(self._policy, self.net.model_),
            _without_tracing_warnings(),
        ):
            if self._train is None:
                self._train = self._make_train_step()
            for batch, learning_rate in zip(batches, learning_rates, strict=True):
                rate = np.float32(learning_rate * self._learning_rate_factor)
                losses.append(self._train(*batch, rate))
                n_rows.append(len(batch.targets))
        return float(np.average([float(loss) for loss in losses], weights=n_rows))

    def _enter_phase(self) -> None:
        for phase in self.phases:
            if phase.first_epoch == self._n_epochs:
                phase.choose_trainable(self.net.model_)
                self._learning_rate_factor = phase.learning_rate_factor
                self._compile()

    def _make_train_step(self) -> _TrainStep:
        """Return a training step; in TensorFlow one graph for batches of any size."""
        model, n_classes = self.net.model_, self._n_classes

        def train_on_batch(
            inputs: Any, targets: Any, weights: Any, learning_rate: np.float32
        ) -> Any:
            model.optimizer.learning_rate = learning_rate
            model.reset_metrics()  # otherwise some versions return a running mean
            one_hot = np.eye(n_classes, dtype=np.float32)[targets]
            return model.train_on_batch(inputs, one_hot, sample_weight=weights)

        if keras.backend.backend() != "tensorflow":
            return train_on_batch
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
            self._input_signature(),
            tf.TensorSpec((None,), tf.int64),
            tf.TensorSpec((None,), tf.float32),
            tf.TensorSpec((), tf.float32),
        ]
        _collect_graphs()
        compiled = tf.function(step, input_signature=signature, autograph=False)
        weakref.finalize(compiled, _UNCOLLECTED.append, None).atexit = False
        return compiled

    def _input_signature(self) -> Any:
        import tensorflow as tf

        return tf.TensorSpec(self.net.model_.input_shape, tf.float32)

    def forward(self, batches: Iterable[Any], output: Output) -> NDArray[np.float32]:
        """Return logits or features of all samples, shape (n_samples, n_columns)."""
        with self._placed(), _without_tracing_warnings():
            if self._compute is None:
                self._compute = self._make_forward_pass()
            parts = [np.asarray(self._compute(batch)[output]) for batch in batches]
        return np.concatenate(parts).astype(np.float32, copy=False)

    def _make_forward_pass(self) -> Callable[[Any], dict[str, Any]]:
        """Return a function that computes both outputs; ``predict`` is slower."""
        model = self.net.model_
        layers = {"features": FEATURES_LAYER, "logits": LOGITS_LAYER}
        both = keras.Model(
            model.inputs,
            {output: model.get_layer(name).output for output, name in layers.items()},
        )
        if keras.backend.backend() != "tensorflow":
            return both.predict_on_batch
        import tensorflow as tf

        return tf.function(
            functools.partial(both, training=False),
            input_signature=[self._input_signature()],
            autograph=False,
        )

    def get_weights(self) -> Weights:
        """Copy parameters and buffers into arrays, by name."""
        return {
            name: np.array(weight.numpy()) for name, weight in self._named_weights()
        }

    def set_weights(self, weights: Weights) -> None:
        """Load arrays returned by `get_weights`."""
        for name, weight in self._named_weights():
            weight.assign(weights[name])

    def _named_weights(self) -> Iterator[tuple[str, Any]]:
        """Name weights by position: Keras numbers layer names within a process."""
        for place, weight in enumerate(self.net.model_.weights):
            yield f"{place:03d}.{weight.name}", weight

    def end_training(self) -> None:
        """Free the state of the optimizer and the compiled training step."""
        self._compile()
