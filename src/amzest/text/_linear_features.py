"""What the linear part of a text network counts: TF-IDF of words, pairs and n-grams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.text._ragged import offsets_of, spans
from amzest.text._tokens import hash_ngrams, hash_pairs, hash_words

#: Texts that are counted at a time, to bound the memory.
_TEXTS_AT_A_TIME = 4096


@dataclass(frozen=True)
class NumberedTexts:
    """Texts as numbers of their distinct words (or chunks).

    Parameters
    ----------
    words : list of str
        Distinct words, in order of appearance.

    tokens : ndarray of shape (n_tokens,), dtype int64
        Words of all texts, one text after the other, as places in `words`.

    offsets : ndarray of shape (n_texts + 1,), dtype int64
        Where each text begins in `tokens`.
    """

    words: list[str]
    tokens: NDArray[np.int64]
    offsets: NDArray[np.int64]

    def of(
        self, some: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return text (its place in `some`) and word of each token of some texts."""
        places, counts = spans(self.offsets, some)
        return np.repeat(np.arange(len(some)), counts), self.tokens[places]


@dataclass(frozen=True)
class LinearFeatures:
    """Features that stood in training texts, by their hash.

    Two blocks, each scaled to Euclidean length 1 in every text as two TfidfVectorizers
    side by side would do it: words with pairs of neighbouring words, and character
    n-grams of chunks, which see punctuation.

    Parameters
    ----------
    keys : ndarray of shape (n_features,), dtype uint64
        Sorted hashes.

    idf : ndarray of shape (n_features,), dtype float32
        Inverse document frequency of each.

    shortest, longest : int
        Lengths of n-grams in characters.
    """

    keys: NDArray[np.uint64]
    idf: NDArray[np.float32]
    shortest: int
    longest: int

    def encode(
        self, words: NumberedTexts, chunks: NumberedTexts
    ) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int64]]:
        """Return features, their TF-IDF and where each text begins among them."""
        features, values, counts = [], [], []
        hashes = _Hashes(words, chunks, self.shortest, self.longest)
        for some in _parts(len(words.offsets) - 1):
            text, feature, value = self._weigh(hashes, some)
            features.append(feature.astype(np.int32))
            values.append(value.astype(np.float32))
            counts.append(np.bincount(text, minlength=len(some)))
        return (
            np.concatenate(features),
            np.concatenate(values),
            offsets_of(np.concatenate(counts)),
        )

    def _weigh(
        self, hashes: _Hashes, some: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.floating[Any]]]:
        """Return text, feature and TF-IDF of some texts, sorted by text."""
        blocks = []
        for text, key in (hashes.words_and_pairs(some), hashes.ngrams(some)):
            place = np.searchsorted(self.keys, key)
            known = place < len(self.keys)
            known[known] = self.keys[place[known]] == key[known]
            text, feature, count = _count(text[known], place[known], len(self.keys))
            value = (1 + np.log(count)) * self.idf[feature]
            squares = np.bincount(text, value**2, minlength=len(some))
            value /= np.sqrt(squares)[text]
            blocks.append((text, feature, value))
        text, feature, value = map(np.concatenate, zip(*blocks, strict=True))
        order = np.argsort(text, kind="stable")
        return text[order], feature[order], value[order]


def learn_linear_features(
    words: NumberedTexts,
    chunks: NumberedTexts,
    weights: NDArray[np.float64],
    *,
    min_count: int,
    max_features: int,
    shortest: int,
    longest: int,
) -> LinearFeatures:
    """Learn which features there are, and how telling each is.

    Parameters
    ----------
    words, chunks : NumberedTexts
        Training texts, cut in both ways.

    weights : ndarray of shape (n_texts,)
        How often each text counts.

    min_count : int
        Features of fewer texts are left out.

    max_features : int
        The most frequent features are kept, up to this many.

    shortest, longest : int
        Lengths of n-grams in characters.

    Returns
    -------
    LinearFeatures
        The features.
    """
    hashes = _Hashes(words, chunks, shortest, longest)
    candidates = np.unique(np.concatenate(hashes.all_keys()))
    frequency = np.zeros(len(candidates))
    for some in _parts(len(weights)):
        for text, key in (hashes.words_and_pairs(some), hashes.ngrams(some)):
            place = np.searchsorted(candidates, key)
            text, feature, _ = _count(text, place, len(candidates))
            frequency += np.bincount(
                feature, weights[some[text]], minlength=len(candidates)
            )
    kept = np.flatnonzero(frequency >= min_count)
    if len(kept) > max_features:
        most = np.argsort(-frequency[kept], kind="stable")[:max_features]
        kept = np.sort(kept[most])
    idf = 1 + np.log((1 + weights.sum()) / (1 + frequency[kept]))
    return LinearFeatures(candidates[kept], idf.astype(np.float32), shortest, longest)


class _Hashes:
    """Hashes of the words, pairs and n-grams of texts."""

    def __init__(
        self, words: NumberedTexts, chunks: NumberedTexts, shortest: int, longest: int
    ) -> None:
        self._words, self._chunks = words, chunks
        self._word_hashes = hash_words(words.words)
        self._ngrams, self._ngram_offsets = hash_ngrams(chunks.words, shortest, longest)

    def all_keys(self) -> list[NDArray[np.uint64]]:
        """Return the hashes of everything in the texts, with repetitions."""
        everything = np.arange(len(self._words.offsets) - 1)
        return [self._word_hashes, self._ngrams, self._pairs(everything)[1]]

    def words_and_pairs(
        self, some: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """Return text (its place in `some`) and hash of words and pairs."""
        text, tokens = self._words.of(some)
        pair_text, pairs = self._pairs(some)
        return (
            np.concatenate([text, pair_text]),
            np.concatenate([self._word_hashes[tokens], pairs]),
        )

    def ngrams(
        self, some: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """Return text (its place in `some`) and hash of character n-grams."""
        text, tokens = self._chunks.of(some)
        places, counts = spans(self._ngram_offsets, tokens)
        return np.repeat(text, counts), self._ngrams[places]

    def _pairs(
        self, some: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        text, tokens = self._words.of(some)
        inside = text[:-1] == text[1:]  # no pair reaches into the next text
        hashes = self._word_hashes[tokens]
        return text[:-1][inside], hash_pairs(hashes[:-1][inside], hashes[1:][inside])


def _count(
    text: NDArray[np.int64], feature: NDArray[np.int64], n_features: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Count each feature of each text; sorted by text."""
    pairs, counts = np.unique(text * n_features + feature, return_counts=True)
    texts, features = np.divmod(pairs, max(n_features, 1))
    return texts, features, counts


def _parts(n_texts: int) -> list[NDArray[np.int64]]:
    """Cut texts into parts that are counted at a time."""
    return np.array_split(np.arange(n_texts), max(1, -(-n_texts // _TEXTS_AT_A_TIME)))
