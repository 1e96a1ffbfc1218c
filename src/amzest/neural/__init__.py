"""Shared by all networks: base class, training loop and an engine per framework."""

from amzest.neural._base import BaseNeuralClassifier
from amzest.neural._calibration import Calibration, centred, learn_calibration
from amzest.neural._discovery import all_networks
from amzest.neural._engine import (
    Batch,
    Engine,
    Inputs,
    Output,
    TrainingSettings,
    Weights,
)
from amzest.neural._estimator_dataclass import estimator_dataclass
from amzest.neural._holdout import HoldOut, plan_splits
from amzest.neural._prefetch import map_in_threads, prefetch
from amzest.neural._start import Start
from amzest.neural._training import TrainingData, TrainingRows, stratified_splits

__all__ = [
    "BaseNeuralClassifier",
    "Batch",
    "Calibration",
    "Engine",
    "HoldOut",
    "Inputs",
    "Output",
    "Start",
    "TrainingData",
    "TrainingRows",
    "TrainingSettings",
    "Weights",
    "all_networks",
    "centred",
    "estimator_dataclass",
    "learn_calibration",
    "map_in_threads",
    "plan_splits",
    "prefetch",
    "stratified_splits",
]
