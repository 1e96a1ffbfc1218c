"""Compare designs, show where they fail, and act on what they know."""

from amzest.evaluation._category_scores_display import CategoryScoresDisplay
from amzest.evaluation._compare_classifiers import compare_classifiers
from amzest.evaluation._comparison import ClassifierComparison
from amzest.evaluation._coverage_precision_display import CoveragePrecisionDisplay
from amzest.evaluation._fusion import FusionReport
from amzest.evaluation._hierarchical_classifier import HierarchicalClassifier
from amzest.evaluation._hierarchical_metrics import hierarchical_precision_recall_f1
from amzest.evaluation._hierarchy import CategoryTree
from amzest.evaluation._label_issues import find_label_issues
from amzest.evaluation._product_grid_display import ProductGridDisplay
from amzest.evaluation._reliability_display import ReliabilityDisplay
from amzest.evaluation._review_threshold import ReviewThresholdClassifier
from amzest.evaluation._top_confusions_display import TopConfusionsDisplay
from amzest.evaluation._training_curve_display import TrainingCurveDisplay

__all__ = [
    "CategoryScoresDisplay",
    "CategoryTree",
    "ClassifierComparison",
    "CoveragePrecisionDisplay",
    "FusionReport",
    "HierarchicalClassifier",
    "ProductGridDisplay",
    "ReliabilityDisplay",
    "ReviewThresholdClassifier",
    "TopConfusionsDisplay",
    "TrainingCurveDisplay",
    "compare_classifiers",
    "find_label_issues",
    "hierarchical_precision_recall_f1",
]
