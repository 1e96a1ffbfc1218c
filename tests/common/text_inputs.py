"""Encoded texts, and small settings for tests."""

from itertools import pairwise

import numpy as np

from amzest.text._encoding import EncodedTexts, WordTable
from amzest.text._linear_features import count_features, learn_linear_features
from amzest.text._tokens import NumberedTexts, TokenisedTexts, tokenise
from amzest.text._vocabulary import learn_vocabulary

#: Training texts of two categories, and their labels.
TITLES = [
    "red running shoe",
    "leather boot",
    "blue canvas shoe",
    "brown winter boot",
    "garden hose",
    "steel spade",
    "green garden rake",
    "long steel rake",
] * 2
KINDS = (["shoes"] * 4 + ["garden"] * 4) * 2

#: Settings of every text classifier.
SMALL = {"embedding_size": 8, "n_buckets": 512, "max_epochs": 2, "random_state": 0}


def tokens_of(texts: list[str], max_length: int = 64) -> TokenisedTexts:
    """Tokenize one column of texts."""
    return tokenise(np.array(texts, dtype=object)[:, None], max_length)


def words_in(texts: NumberedTexts) -> list[list[str]]:
    """Return the words of each text in order."""
    words = [texts.words[token] for token in texts.tokens]
    return [words[start:end] for start, end in pairwise(texts.offsets)]


class Reader:
    """Learns the preprocessing state from training texts; encodes others with it."""

    def __init__(self, texts, *, n_buckets=512, ngram_range=(2, 5), pretrained=None):
        read = texts if isinstance(texts, TokenisedTexts) else tokens_of(texts)
        weights = np.ones(len(read))
        self.vocabulary = learn_vocabulary(read.words, weights, 1)
        self.table = WordTable(self.vocabulary, n_buckets, *ngram_range)
        self.linear = learn_linear_features(
            count_features(read, *ngram_range),
            weights,
            min_count=1,
            max_features=10_000,
        )
        self.pretrained = pretrained or {}

    def encode(self, texts, token_dropout=0.0) -> EncodedTexts:
        read = texts if isinstance(texts, TokenisedTexts) else tokens_of(texts)
        return EncodedTexts(
            read, self.table, self.linear, token_dropout, self.pretrained, 64
        )

    def batch(self, texts, **options):
        """Return the tensors of all of the texts in one batch."""
        return self.encode(texts).batch(np.arange(len(texts)), **options)
