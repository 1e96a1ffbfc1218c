"""Compare designs, show where they fail, and act on what they know."""

from amzest.evaluation._category_scores_display import CategoryScoresDisplay
from amzest.evaluation._coverage_precision_display import CoveragePrecisionDisplay
from amzest.evaluation._product_grid_display import ProductGridDisplay
from amzest.evaluation._reliability_display import ReliabilityDisplay
from amzest.evaluation._top_confusions_display import TopConfusionsDisplay
from amzest.evaluation._training_curve_display import TrainingCurveDisplay

__all__ = [
    "CategoryScoresDisplay",
    "CoveragePrecisionDisplay",
    "ProductGridDisplay",
    "ReliabilityDisplay",
    "TopConfusionsDisplay",
    "TrainingCurveDisplay",
]
