"""Explain predictions: words, parts of images, columns and members."""

from amzest.inspection._deletion_test import deletion_test
from amzest.inspection._explain import explain
from amzest.inspection._explanation import Explanation
from amzest.inspection._image_explanation_display import ImageExplanationDisplay
from amzest.inspection._text_explanation_display import TextExplanationDisplay

__all__ = [
    "Explanation",
    "ImageExplanationDisplay",
    "TextExplanationDisplay",
    "deletion_test",
    "explain",
]
