"""Compare classifiers, show their errors, and find doubtful labels."""

from amzest.evaluation._displays._category_scores_display import CategoryScoresDisplay
from amzest.evaluation._displays._coverage_precision_display import (
    CoveragePrecisionDisplay,
)
from amzest.evaluation._displays._product_grid_display import ProductGridDisplay
from amzest.evaluation._displays._reliability_display import ReliabilityDisplay
from amzest.evaluation._displays._top_confusions_display import TopConfusionsDisplay
from amzest.evaluation._displays._training_curve_display import TrainingCurveDisplay
from amzest.evaluation._reports._compare_classifiers import compare_classifiers
from amzest.evaluation._reports._comparison import ClassifierComparison
from amzest.evaluation._reports._fusion import FusionReport
from amzest.evaluation._reports._label_issues import find_label_issues
from amzest.meta import (
    CategoryTree,
    HierarchicalClassifier,
    ReviewThresholdClassifier,
    hierarchical_precision_recall_f1,
)

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
