"""What all networks share: the estimator, its training loop and two engines."""

from amzest.neural._base import BaseNeuralClassifier
from amzest.neural._engine import Batch, Engine, Output, TrainingSettings, Weights
from amzest.neural._inputs import Inputs
from amzest.neural._prefetch import prefetch

__all__ = [
    "BaseNeuralClassifier",
    "Batch",
    "Engine",
    "Inputs",
    "Output",
    "TrainingSettings",
    "Weights",
    "prefetch",
]
