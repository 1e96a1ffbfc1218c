"""Encoded texts, in batches that contain each distinct word once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from amzest.text._bags import Bags, DistinctNumbers
from amzest.text._linear_features import LinearFeatures
from amzest.text._ragged import offsets_of, spans
from amzest.text._text_rows import TextRows
from amzest.text._tokens import TokenisedTexts, blocks_of, hash_ngrams
from amzest.utils import ArrayParts, concatenated


@dataclass(frozen=True)
class WordTable:
    """Rows of the embedding table that represent a word: its own and its n-grams'.

    A word has a row of its own if it is in the vocabulary, and shares the rows of its
    hashed n-grams with other words, as in fastText (Bojanowski et al., 2017,
    https://arxiv.org/abs/1607.04606): misspelt and unseen words have a vector, too.
    """

    vocabulary: dict[str, int]
    n_buckets: int  # rows for n-grams, behind those of the vocabulary
    shortest: int  # length of n-grams
    longest: int

    def rows_of(
        self, words: Sequence[str]
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the rows of each word as a ragged array: rows and offsets."""
        rows, lengths = ArrayParts(np.int32), ArrayParts(np.int64)
        for block in blocks_of(words):
            of_block, starts = self._rows_of(block)
            rows.append(of_block)
            lengths.append(np.diff(starts))
        return rows.array(), offsets_of(lengths.array())

    def _rows_of(
        self, words: Sequence[str]
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        hashes, offsets = hash_ngrams(words, self.shortest, self.longest)
        hashes = hashes % np.uint64(self.n_buckets)
        own = np.array([self.vocabulary.get(word, -1) for word in words], np.int64)
        known = own >= 0
        starts = offsets_of(np.diff(offsets) + known)
        rows = np.empty(starts[-1], dtype=np.int32)
        is_own = np.zeros(len(rows), dtype=bool)
        is_own[starts[:-1][known]] = True
        rows[is_own] = own[known]
        rows[~is_own] = hashes
        rows[~is_own] += np.int32(len(self.vocabulary))
        return rows, starts


class EncodedTexts:
    """Tokenized texts, encoded for a text network and the linear model beside it."""

    n_views = 1

    def __init__(
        self,
        texts: TokenisedTexts,
        table: WordTable,
        linear: LinearFeatures | None,
        token_dropout: float,
        pretrained: dict[str, int],  # word -> row; row 0 is for all other words
        network_length: int,  # number of words of each cell for the network
    ) -> None:
        words = self._words = texts.words.truncated(network_length)
        self._token_dropout = token_dropout
        rows, offsets = table.rows_of(words.words)
        self._vectors = Bags(
            rows,
            concatenated(_shares, blocks_of(np.diff(offsets)), np.float32),
            offsets,
            len(table.vocabulary) + table.n_buckets,
        )
        self._linear = linear
        if linear is not None:
            self._known = linear.known(texts, table.shortest, table.longest)
        self._distinct_words = DistinctNumbers(len(words.words) + 1)
        self._pretrained = None
        if pretrained:
            found = (pretrained.get(word, 0) for word in words.words)
            self._pretrained = np.fromiter(found, np.int64, count=len(words.words))
        if self._pretrained is not None and linear is not None:
            own = np.array([word in table.vocabulary for word in words.words], bool)
            self._is_new = (self._pretrained > 0) & ~own
            self._importance = linear.idf_of(words.words).astype(np.float64) ** 2
        self.present = texts.present
        self.sizes: NDArray[np.intp] | None = np.diff(words.offsets)

    def __len__(self) -> int:
        return len(self.present)

    def batch(
        self,
        rows: NDArray[np.intp],
        rng: np.random.Generator | None = None,
        view: int = 0,
    ) -> dict[str, Any]:
        """Return the tensors of some texts, by name.

        Word 0 of a batch is the zero vector, for padding and hidden words.
        """
        from torch import from_numpy

        training = rng is not None
        padded, lengths = self._padded(rows, rng)
        # Every batch contains word 0, even without padding.
        words, position = self._distinct_words.find(np.append(0, padded + 1))
        words = words[1:] - 1
        arrays = {
            "words": position[1:].reshape(padded.shape),  # (batch, length)
            "lengths": lengths,  # (batch,)
            **self._vectors.take(words, "word", with_gradient=training),
        }
        if self._pretrained is not None:
            arrays["pretrained_rows"] = self._pretrained[words]
        return {name: from_numpy(array) for name, array in arrays.items()}

    def linear_rows(self, rows: NDArray[np.intp]) -> TextRows:
        """Return the TF-IDF features of some texts."""
        if self._linear is None:
            raise ValueError("These texts were encoded without linear features.")
        return TextRows(self._linear, self._known, rows)

    def linear_matrix(self, rows: NDArray[np.intp]) -> sparse.csr_array:
        """Return these features as a matrix, (n_rows, n_linear_features)."""
        return self.linear_rows(rows).matrix()

    def share_without_new_words(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return how much of each text is not new to the linear model only, (n_rows,).

        Words that no training text contains, but that have a pretrained vector, are
        left out. Words count by their squared inverse document frequency, as in the
        norm of TF-IDF.
        """
        if self._pretrained is None or not self._is_new.any():
            return np.ones(len(rows))
        index, lengths = spans(self._words.offsets, rows)
        tokens = self._words.tokens[index]
        text = np.repeat(np.arange(len(rows)), lengths)
        importance = self._importance[tokens]
        whole = np.bincount(text, importance, minlength=len(rows))
        new = np.bincount(text, importance * self._is_new[tokens], minlength=len(rows))
        return 1 - new / whole

    def _padded(
        self, rows: NDArray[np.intp], rng: np.random.Generator | None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return words of shape (batch, length), with -1 for padding, and lengths."""
        index, lengths = spans(self._words.offsets, rows)
        inside = np.arange(lengths.max()) < lengths[:, None]
        padded = np.full(inside.shape, -1, dtype=np.int64)
        padded[inside] = self._words.tokens[index]
        if rng is not None and self._token_dropout:
            padded[rng.random(padded.shape) < self._token_dropout] = -1
        return padded, lengths


def _shares(counts: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the weights of the rows of some words, from their numbers.

    Divided by the square root of their number, the sum of n rows has the variance of
    one row, for short and for long words alike.
    """
    shares = 1 / np.sqrt(np.maximum(counts, 1))
    return np.repeat(shares.astype(np.float32), counts)
