"""Classifiers of text and images on top of pretrained networks."""

from amzest.pretrained._onnx_export import export_onnx
from amzest.pretrained._pretrained_image_classifier import PretrainedImageClassifier
from amzest.pretrained._pretrained_image_encoder import PretrainedImageEncoder
from amzest.pretrained._pretrained_text_classifier import PretrainedTextClassifier
from amzest.pretrained._pretrained_text_encoder import PretrainedTextEncoder
from amzest.pretrained._zero_shot_classifier import ZeroShotClassifier

__all__ = [
    "PretrainedImageClassifier",
    "PretrainedImageEncoder",
    "PretrainedTextClassifier",
    "PretrainedTextEncoder",
    "ZeroShotClassifier",
    "export_onnx",
]
