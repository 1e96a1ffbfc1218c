"""Compare classifiers, show their errors, find doubtful labels and drift."""

from amzest.evaluation._displays._category_scores_display import CategoryScoresDisplay
from amzest.evaluation._displays._coverage_precision_display import (
    CoveragePrecisionDisplay,
)
from amzest.evaluation._displays._product_grid_display import ProductGridDisplay
from amzest.evaluation._displays._reliability_display import ReliabilityDisplay
from amzest.evaluation._displays._top_confusions_display import TopConfusionsDisplay
from amzest.evaluation._displays._training_curve_display import TrainingCurveDisplay
from amzest.evaluation._reports._compare_classifiers import compare_classifiers
from amzest.evaluation._reports._compare_data import compare_data
from amzest.evaluation._reports._comparison import ClassifierComparison
from amzest.evaluation._reports._data_comparison import DataComparison
from amzest.evaluation._reports._fusion import FusionReport
from amzest.evaluation._reports._label_issues import find_label_issues
from amzest.evaluation._summaries._data_summary import DataSummary, summarize_data
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
    "DataComparison",
    "DataSummary",
    "FusionReport",
    "HierarchicalClassifier",
    "ProductGridDisplay",
    "ReliabilityDisplay",
    "ReviewThresholdClassifier",
    "TopConfusionsDisplay",
    "TrainingCurveDisplay",
    "compare_classifiers",
    "compare_data",
    "find_label_issues",
    "hierarchical_precision_recall_f1",
    "summarize_data",
]
