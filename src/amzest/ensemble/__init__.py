"""Ensembles of classifiers, each of which is fitted once."""

from amzest.ensemble._calibrated import CalibratedClassifier
from amzest.ensemble._cross_fit import CrossFit
from amzest.ensemble._stacking import MissingAwareStackingClassifier
from amzest.ensemble._weighted_voting import WeightedVotingClassifier

__all__ = [
    "CalibratedClassifier",
    "CrossFit",
    "MissingAwareStackingClassifier",
    "WeightedVotingClassifier",
]
