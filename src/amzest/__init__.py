"""Sort products into categories from title, description and photo.

scikit-learn estimators around neural networks: text networks run on PyTorch through
skorch, image networks on Keras through scikeras. Both frameworks are loaded when a
network is first used, never on import.
"""

from amzest.compose import ColumnSelector
from amzest.datasets import load_products, make_products
from amzest.image import ImageCNNClassifier, ImageInceptionClassifier
from amzest.text import (
    TextCNNClassifier,
    TextLSTMClassifier,
    TextTransformerClassifier,
)
from amzest.utils import cache_info, clear_cache, set_cache_limit

__version__ = "0.2.0.dev0"

__all__ = [
    "ColumnSelector",
    "ImageCNNClassifier",
    "ImageInceptionClassifier",
    "TextCNNClassifier",
    "TextLSTMClassifier",
    "TextTransformerClassifier",
    "cache_info",
    "clear_cache",
    "load_products",
    "make_products",
    "set_cache_limit",
]
