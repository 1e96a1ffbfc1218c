"""Text networks built as in the tutorials of skorch and torch.

Words are integer-encoded, texts are padded to one length, and `NeuralNetClassifier`
trains with its own data loader and a dense Adam. These networks are simpler than
amzest's: they have one vector per word, no n-grams and no linear part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from skorch import NeuralNetClassifier
from torch import Tensor, nn

#: Padded length of texts, width of the networks, and batch size.
LENGTH, WIDTH, BATCH_SIZE = 200, 64, 128


def padded_words(texts: Sequence[str]) -> tuple[NDArray[np.int64], int]:
    """Integer-encode texts; return shape (n_texts, LENGTH) and the number of words."""
    index: dict[str, int] = {}
    padded = np.zeros((len(texts), LENGTH), dtype=np.int64)
    for row, text in enumerate(texts):
        for place, word in enumerate(re.findall(r"\w+", text.lower())[:LENGTH]):
            padded[row, place] = index.setdefault(word, len(index) + 1)
    return padded, len(index) + 1


class PlainCNN(nn.Module):
    """Three kernel sizes with global max pooling."""

    def __init__(self, n_words: int, n_classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_words, WIDTH, padding_idx=0)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(WIDTH, WIDTH, size, padding="same") for size in (1, 2, 3)
        )
        self.dropout = nn.Dropout(0.5)
        self.logits = nn.Linear(3 * WIDTH, n_classes)

    def forward(self, words: Tensor) -> Tensor:
        x = self.embedding(words).transpose(1, 2)
        pooled = [torch.relu(layer(x)).amax(2) for layer in self.convolutions]
        return self.logits(self.dropout(torch.cat(pooled, 1)))


class PlainLSTM(nn.Module):
    """Bidirectional, pooled over the words."""

    def __init__(self, n_words: int, n_classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_words, WIDTH, padding_idx=0)
        self.lstm = nn.LSTM(WIDTH, WIDTH, batch_first=True, bidirectional=True)
        self.logits = nn.Linear(4 * WIDTH, n_classes)

    def forward(self, words: Tensor) -> Tensor:
        states, _ = self.lstm(self.embedding(words))
        return self.logits(torch.cat([states.amax(1), states.mean(1)], 1))


class PlainTransformer(nn.Module):
    """Two encoder layers, pooled over the words."""

    def __init__(self, n_words: int, n_classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_words, WIDTH, padding_idx=0)
        self.positions = nn.Parameter(torch.randn(LENGTH, WIDTH) * 0.02)
        layer = nn.TransformerEncoderLayer(
            WIDTH, 4, 2 * WIDTH, batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.logits = nn.Linear(2 * WIDTH, n_classes)

    def forward(self, words: Tensor) -> Tensor:
        x = self.encoder(
            self.embedding(words) + self.positions, src_key_padding_mask=words == 0
        )
        return self.logits(torch.cat([x.amax(1), x.mean(1)], 1))


PLAIN = {"cnn": PlainCNN, "lstm": PlainLSTM, "transformer": PlainTransformer}


def plain_epochs(
    name: str, texts: Sequence[str], labels: Sequence[str]
) -> Callable[[], int]:
    """Return a function that trains a network for one epoch.

    Parameters
    ----------
    name : {"cnn", "lstm", "transformer"}
        Architecture.

    texts, labels : sequence of str
        Training data; more labels than texts define further classes.

    Returns
    -------
    callable
        Trains and returns the number of rows.
    """
    words, n_words = padded_words(texts)
    classes, targets = np.unique(labels, return_inverse=True)
    net = NeuralNetClassifier(
        PLAIN[name],
        module__n_words=n_words,
        module__n_classes=len(classes),
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=0.001,
        batch_size=BATCH_SIZE,
        max_epochs=1,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    ).initialize()

    def train() -> int:
        net.partial_fit(words, targets[: len(words)])
        return len(words)

    return train
