"""Classifiers that sort products by title and description (PyTorch through skorch)."""

from amzest.text._text_cnn import TextCNNClassifier
from amzest.text._text_lstm import TextLSTMClassifier
from amzest.text._text_transformer import TextTransformerClassifier

__all__ = ["TextCNNClassifier", "TextLSTMClassifier", "TextTransformerClassifier"]
