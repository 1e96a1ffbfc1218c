"""Neural networks that classify products by title, description and image.

They are scikit-learn estimators. Text networks use PyTorch through skorch, image
networks use Keras through scikeras. Both frameworks are imported when a network is
first used, not with this package.
"""

from amzest.automl import AutoClassifier
from amzest.compose import ColumnSelector
from amzest.datasets import load_products, make_products
from amzest.image import ImageCNNClassifier, ImageInceptionClassifier
from amzest.persistence import load, save
from amzest.pretrained import (
    PretrainedImageClassifier,
    PretrainedImageEncoder,
    PretrainedTextClassifier,
    PretrainedTextEncoder,
    ZeroShotClassifier,
)
from amzest.text import (
    TextCNNClassifier,
    TextLinearClassifier,
    TextLSTMClassifier,
    TextTransformerClassifier,
)
from amzest.utils import cache_info, clear_cache, set_cache_limit

__version__ = "0.2.0.dev0"

__all__ = [
    "AutoClassifier",
    "ColumnSelector",
    "ImageCNNClassifier",
    "ImageInceptionClassifier",
    "PretrainedImageClassifier",
    "PretrainedImageEncoder",
    "PretrainedTextClassifier",
    "PretrainedTextEncoder",
    "TextCNNClassifier",
    "TextLSTMClassifier",
    "TextLinearClassifier",
    "TextTransformerClassifier",
    "ZeroShotClassifier",
    "cache_info",
    "clear_cache",
    "load",
    "load_products",
    "make_products",
    "save",
    "set_cache_limit",
]
