"""Classifiers of numeric features, one for each engine.

scikit-learn's own checks need estimators of numeric features, which no public class of
amzest is: these two test the base class and both engines in their place.
"""

from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from amzest.neural import BaseNeuralClassifier, estimator_dataclass
from amzest.utils import import_keras, import_torch


class DenseRows:
    """Rows of numbers, without missing samples."""

    sizes = None
    n_views = 1

    def __init__(self, numbers):
        self.numbers = numbers
        self.present = np.ones(len(numbers), dtype=bool)

    def __len__(self):
        return len(self.numbers)

    def batch(self, rows, rng=None, view=0):
        return self.numbers[rows]


@estimator_dataclass
class BaseDenseClassifier(BaseNeuralClassifier):
    """Classify standardised numbers with one hidden layer."""

    hidden_size: int = 32
    learning_rate: float = 0.01
    label_smoothing: float = 0.0
    dropout: float = 0.0
    max_epochs: int = 30
    n_iter_no_change: int = 10

    _needed_attributes = (*BaseNeuralClassifier._needed_attributes, "mean_", "scale_")

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
    """The same, as keyword arguments of a torch module."""

    def batch(self, rows, rng=None, view=0):
        import torch

        return {"numbers": torch.from_numpy(self.numbers[rows])}


class TorchDenseClassifier(BaseDenseClassifier):
    """The network in torch, through skorch."""

    def _import_framework(self):
        import_torch(type(self).__name__)

    def _encode(self, read):
        return TorchRows(super()._encode(read).numbers)

    def _build_engine(self, architecture: dict[str, Any], settings):
        from amzest.neural._skorch_engine import SkorchEngine

        return SkorchEngine(_torch_module, architecture, settings)


class KerasDenseClassifier(BaseDenseClassifier):
    """The network in Keras, through scikeras."""

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
