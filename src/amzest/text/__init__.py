"""Classifiers of text: a linear model, and networks in PyTorch, through skorch."""

from amzest.neural import estimator_dataclass
from amzest.text._base import BaseTextClassifier
from amzest.text._text_cnn import TextCNNClassifier
from amzest.text._text_linear import TextLinearClassifier
from amzest.text._text_lstm import TextLSTMClassifier
from amzest.text._text_transformer import TextTransformerClassifier

__all__ = [
    "BaseTextClassifier",
    "TextCNNClassifier",
    "TextLSTMClassifier",
    "TextLinearClassifier",
    "TextTransformerClassifier",
    "estimator_dataclass",
]
