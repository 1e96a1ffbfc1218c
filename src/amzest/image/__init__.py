"""Classifiers of products by image (Keras through scikeras)."""

from amzest.image._base import BaseImageClassifier
from amzest.image._image_cnn import ImageCNNClassifier
from amzest.image._image_inception import ImageInceptionClassifier
from amzest.neural import estimator_dataclass

__all__ = [
    "BaseImageClassifier",
    "ImageCNNClassifier",
    "ImageInceptionClassifier",
    "estimator_dataclass",
]
