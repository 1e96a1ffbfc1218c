"""The engine for Keras networks. The only module that imports scikeras."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from amzest.neural._devices import find_device
from amzest.neural._engine import Batch, Output, TrainingSettings, Weights
from amzest.neural._keras_steps import (
    ForwardPass,
    TrainStep,
    collect_graphs,
    make_forward_pass,
    make_train_step,
)
from amzest.utils import without_warnings


@contextlib.contextmanager
def _tensorflow_if_needed() -> Iterator[None]:
    """Hide TensorFlow within the block, unless it is Keras' backend or imported."""
    hidden = keras.backend.backend() != "tensorflow" and "tensorflow" not in sys.modules
    if hidden:
        sys.modules["tensorflow"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if hidden:
            del sys.modules["tensorflow"]


def _import_keras_classifier() -> Any:
    """Import scikeras, and undo its changes to the pickling of Keras objects.

    It imports TensorFlow if it can, only to seed it, which amzest does not ask for.
    With another backend that would take seconds and memory, on a GPU too.
    """
    patched = [
        (keras.Model, "__reduce__"),
        (keras.Model, "__deepcopy__"),
        (keras.losses.Loss, "__reduce__"),
        (keras.metrics.Metric, "__reduce__"),
        (keras.optimizers.Optimizer, "__reduce__"),
    ]
    before = [(owner, name, owner.__dict__.get(name)) for owner, name in patched]
    with without_warnings(), _tensorflow_if_needed():
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
    """Return the name of the available Keras device; None for Keras' default."""
    if keras.backend.backend() == "torch":
        from amzest.neural import _torch

        return str(_torch.resolve_device(device))
    if device == "auto":
        return None
    available: list[str] = []
    for kind in ("cpu", "gpu"):
        with contextlib.suppress(RuntimeError):  # raised by JAX if there is none
            available += keras.distribution.list_devices(kind)
    return find_device(device, available, "Keras")


@contextlib.contextmanager
def _computing_on(device: str | None) -> Iterator[None]:
    """Compute on a device within the block; torch with one thread, see `one_thread`."""
    with contextlib.ExitStack() as stack:
        if device is not None:
            stack.enter_context(keras.device(device))
        if keras.backend.backend() == "torch":
            from amzest.neural._torch import one_thread

            stack.enter_context(one_thread())
        yield


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
        collect_graphs()  # also the models: at most one is in memory at a time
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
        self._train: TrainStep | None = None
        self._compute: ForwardPass | None = None

    def _initialize(self, rows: NDArray[np.uint8], classes: NDArray[np.int64]) -> None:
        with _computing_on(self._device):
            self.net.initialize(rows, classes)

    def _compile(self) -> None:
        with _computing_on(self._device):
            _compile(self.net.model_, self._settings)
        self._train = None  # it refers to the former optimizer

    def run_epoch(
        self, batches: Iterable[Batch], learning_rates: Iterable[float]
    ) -> float:
        """Train on the batches; return the mean weighted loss over all samples."""
        self._enter_phase()
        self._n_epochs += 1
        losses, n_rows = [], []
        with (
            _computing_on(self._device),
            _computing_in(self._policy, self.net.model_),
            _without_tracing_warnings(),
        ):
            if self._train is None:
                self._train = make_train_step(self.net.model_, self._n_classes)
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

    def forward(self, batches: Iterable[Any], output: Output) -> NDArray[np.float32]:
        """Return logits or features of all samples, shape (n_samples, n_columns)."""
        with _computing_on(self._device), _without_tracing_warnings():
            if self._compute is None:
                self._compute = self._make_forward_pass()
            parts = self._map(self._compute, batches, output)
        return np.concatenate(parts).astype(np.float32, copy=False)

    def _map(
        self, compute: ForwardPass, batches: Iterable[Any], output: Output
    ) -> list[NDArray[Any]]:
        """Compute batches; with torch, which has one thread, in parallel."""
        if self._device != "cpu" or keras.backend.backend() != "torch":
            return [np.asarray(compute(batch)[output]) for batch in batches]
        from amzest.neural._torch import compute_side_by_side

        def compute_batch(batch: Any) -> NDArray[Any]:
            with _computing_on("cpu"):  # the device is that of the thread
                return np.asarray(compute(batch)[output])

        return compute_side_by_side(compute_batch, iter(batches))

    def _make_forward_pass(self) -> ForwardPass:
        """Return a function that computes both outputs."""
        model = self.net.model_
        layers = {"features": FEATURES_LAYER, "logits": LOGITS_LAYER}
        outputs = {
            output: model.get_layer(name).output for output, name in layers.items()
        }
        return make_forward_pass(keras.Model(model.input, outputs))

    def get_weights(self) -> Weights:
        """Copy parameters and buffers into arrays, by name."""
        return {
            name: np.array(weight.numpy()) for name, weight in self._named_weights()
        }

    def set_weights(self, weights: Weights) -> None:
        """Load arrays returned by `get_weights`."""
        with _computing_on(self._device):
            for name, weight in self._named_weights():
                weight.assign(np.require(weights[name], requirements="W"))

    def _named_weights(self) -> Iterator[tuple[str, Any]]:
        """Name weights by position: Keras numbers layer names within a process."""
        for place, weight in enumerate(self.net.model_.weights):
            yield f"{place:03d}.{weight.name}", weight

    def end_training(self) -> None:
        """Free the state of the optimizer and the compiled training step."""
        self._compile()
