"""Meta-estimators that abstain, or predict parts of a category path."""

from amzest.meta._category_tree import CategoryTree
from amzest.meta._hierarchical_classifier import HierarchicalClassifier
from amzest.meta._hierarchical_metrics import hierarchical_precision_recall_f1
from amzest.meta._review_threshold import ReviewThresholdClassifier

__all__ = [
    "CategoryTree",
    "HierarchicalClassifier",
    "ReviewThresholdClassifier",
    "hierarchical_precision_recall_f1",
]
