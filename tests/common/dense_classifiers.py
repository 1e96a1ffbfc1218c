"""The shared base over a plain feed-forward net, once for each engine.

scikit-learn's own checks need estimators of dense numbers, which no public class of
amzest is: these two stand in for the base class and both engines.
"""

from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from amzest.neural import BaseNeuralClassifier
from amzest.utils import import_keras, import_torch


class DenseRows:
    """Rows of numbers, all of them there."""

    sizes = None
    n_views = 1

    def __init__(self, numbers):
        self.numbers = numbers
        self.present = np.ones(len(numbers), dtype=bool)

    def __len__(self):
        return len(self.numbers)

    def batch(self, rows, rng=None, view=0):
        return self.numbers[rows]


class BaseDenseClassifier(BaseNeuralClassifier):
    """Standardised numbers through one hidden layer."""

    _needed_attributes = (*BaseNeuralClassifier._needed_attributes, "mean_", "scale_")

    def __init__(
        self,
        hidden_size=32,
        learning_rate=0.01,
        weight_decay=0.0,
        label_smoothing=0.0,
        dropout=0.0,
        batch_size="auto",
        max_epochs=30,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        class_weight=None,
        device="auto",
        precision="auto",
        random_state=None,
        verbose=0,
    ):
        self.hidden_size = hidden_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.label_smoothing = label_smoothing
        self.dropout = dropout
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.class_weight = class_weight
        self.device = device
        self.precision = precision
        self.random_state = random_state
        self.verbose = verbose

    def _read(self, X, *, reset):
        return validate_data(self, X, reset=reset, dtype=np.float64)

    def _learn_encoding(self, read, rows, weights):
        self.mean_ = np.average(read[rows], axis=0, weights=weights[rows])
        variance = np.average(
            (read[rows] - self.mean_) ** 2, axis=0, weights=weights[rows]
        )
        self.scale_ = np.where(variance > 0, np.sqrt(variance), 1.0)

    def _encode(self, read):
        return DenseRows(((read - self.mean_) / self.scale_).astype(np.float32))

    def _architecture(self, n_classes):
        return {
            "n_features": self.n_features_in_,
            "n_features_out": self.hidden_size,
            "n_classes": n_classes,
            "dropout": self.dropout,
        }


class TorchRows(DenseRows):
    """The same, as skorch's module takes them."""

    def batch(self, rows, rng=None, view=0):
        import torch

        return {"numbers": torch.from_numpy(self.numbers[rows])}


class TorchDenseClassifier(BaseDenseClassifier):
    """The base over skorch's engine."""

    def _import_framework(self):
        import_torch(type(self).__name__)

    def _encode(self, read):
        return TorchRows(super()._encode(read).numbers)

    def _build_engine(self, architecture: dict[str, Any], settings):
        from amzest.neural._skorch_engine import SkorchEngine

        return SkorchEngine(_torch_module, architecture, settings)


class KerasDenseClassifier(BaseDenseClassifier):
    """The base over scikeras' engine."""

    def _import_framework(self):
        import_keras(type(self).__name__)

    def _build_engine(self, architecture: dict[str, Any], settings):
        from amzest.neural._scikeras_engine import ScikerasEngine

        shape = (architecture["n_features"],)
        return ScikerasEngine(
            _keras_model, {**architecture, "input_shape": shape}, settings
        )


def _torch_module(n_features, n_features_out, n_classes, dropout):
    from torch import nn

    class FeedForward(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = nn.Linear(n_features, n_features_out)
            self.dropout = nn.Dropout(dropout)
            self.logits = nn.Linear(n_features_out, n_classes)

        def features(self, numbers):
            return self.hidden(numbers).relu()

        def forward(self, numbers):
            return self.logits(self.dropout(self.features(numbers)))

    return FeedForward()


def _keras_model(n_features, n_features_out, n_classes, dropout, input_shape, seed):
    import keras

    def initializer(offset):
        return keras.initializers.GlorotUniform(seed=seed + offset)

    inputs = keras.Input(input_shape)
    features = keras.layers.Dense(
        n_features_out,
        activation="relu",
        name="features",
        kernel_initializer=initializer(0),
    )(inputs)
    dropped = keras.layers.Dropout(dropout, seed=seed)(features)
    logits = keras.layers.Dense(
        n_classes, name="logits", kernel_initializer=initializer(1)
    )(dropped)
    return keras.Model(inputs, logits)
