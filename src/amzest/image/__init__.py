"""Classifiers that sort products by photo (Keras through scikeras)."""

from amzest.image._image_cnn import ImageCNNClassifier
from amzest.image._image_inception import ImageInceptionClassifier

__all__ = ["ImageCNNClassifier", "ImageInceptionClassifier"]
