"""Choose, fit and combine classifiers of a product table within a time budget."""

from amzest.automl._auto_classifier import AutoClassifier
from amzest.automl._progress import FitProgress

__all__ = ["AutoClassifier", "FitProgress"]
