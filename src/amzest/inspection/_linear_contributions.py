"""Exact contributions of characters and words to the scores of a linear text model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from amzest.inspection._character_spans import CharacterSpans
from amzest.text._linear_features import (
    LinearFeatures,
    NumberedFeatures,
    _hash_words_and_pairs,
)
from amzest.text._linear_model import LinearModel
from amzest.text._ragged import offsets_of, spans
from amzest.text._tokens import _MAX_CHARACTERS, TokenisedTexts, hash_ngrams

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Texts that are explained at a time, to limit memory.
_TEXTS_PER_PART = 256


@dataclass(frozen=True)
class Contributions:
    """Parts of the score of a class: those of words, and the rest of each text."""

    words: Floats  # (n_words,), of all texts in order
    rest: Floats  # (n_texts,)


@dataclass(frozen=True)
class LinearScore:
    """The score of one class for each text, as a linear function of its features.

    With a `factor` below 1 the score is drawn towards the mean of all classes.
    """

    model: LinearModel
    targets: NDArray[np.intp]  # (n_texts,)
    factor: Floats  # (n_texts,)

    def coefficients(self, features: NDArray[Any], texts: NDArray[Any]) -> Floats:
        """Return the coefficients of some features in some texts."""
        own = self.model.coef[features, self.targets[texts]]
        own = own.toarray() if sparse.issparse(own) else own
        own = np.asarray(own, dtype=np.float64).ravel()
        factor = self.factor[texts]
        if np.all(factor == 1):
            return own
        mean = np.asarray(self.model.coef.mean(axis=1), np.float64).ravel()
        return factor * own + (1 - factor) * mean[features]

    def intercepts(self) -> Floats:
        """Return the intercept for each text."""
        own = self.model.intercept[self.targets].astype(np.float64)
        return self.factor * own + (1 - self.factor) * self.model.intercept.mean()


def linear_contributions(
    score: LinearScore,
    features: LinearFeatures,
    texts: TokenisedTexts,
    ngram_range: tuple[int, int],
    characters: CharacterSpans,
) -> Contributions:
    """Divide the scores of texts among their words.

    A feature contributes its value times its coefficient, divided equally among its
    occurrences. An occurrence is a span of characters: a word, an n-gram, or the two
    words of a pair, each of which gets half. Spans are divided equally among their
    characters, and these belong to words. Separators of columns belong to the rest,
    together with the intercept.
    """
    known = features.known(texts, *ngram_range)
    occurrences = _Occurrences.find(features, texts, ngram_range)
    density, rest = np.zeros(len(characters.word_of)), score.intercepts()
    for start in range(0, len(texts), _TEXTS_PER_PART):
        rows = np.arange(start, min(start + _TEXTS_PER_PART, len(texts)))
        values = _FeatureValues.of(score, features, known, rows)
        first, last = characters.text_starts[[rows[0], rows[-1] + 1]]
        summed = np.zeros(last - first + 1)
        for part in (occurrences.words, occurrences.pairs, occurrences.ngrams):
            _add_spans(summed, *part(rows, values, characters, rest), first)
        density[first:last] = np.cumsum(summed)[:-1]
    words = np.bincount(characters.word_of, density, characters.n_words)
    return Contributions(words.astype(np.float64), rest)


def spread_over_words(
    values: Floats, token_spans: Ints, characters: CharacterSpans
) -> Floats:
    """Sum values of tokens by the words that they are in, (n_words,)."""
    summed = np.zeros(len(characters.word_of) + 1)
    _add_spans(summed, values, token_spans, 0)
    return np.bincount(
        characters.word_of, np.cumsum(summed)[:-1], characters.n_words
    ).astype(np.float64)


def _add_spans(summed: Floats, values: Floats, found: Ints, first: int) -> None:
    """Spread each value over its span: as changes from one character to the next."""
    starts, ends = found[:, 0] - first, found[:, 1] - first
    density = values / (ends - starts)
    summed += np.bincount(starts, density, len(summed))
    summed -= np.bincount(ends, density, len(summed))


@dataclass(frozen=True)
class _FeatureValues:
    """Contribution of one occurrence of each feature of some texts."""

    keys: Ints  # text in the part times the number of features, plus feature; sorted
    values: Floats
    n_features: int
    first: int  # text

    @classmethod
    def of(
        cls,
        score: LinearScore,
        features: LinearFeatures,
        known: NumberedFeatures,
        rows: NDArray[np.intp],
    ) -> _FeatureValues:
        counted = known.count(rows)
        owners = np.repeat(np.arange(len(rows)), np.diff(counted.offsets))
        values = features.weigh(counted).astype(np.float64)
        values *= score.coefficients(counted.features, rows[owners])
        n_features = len(features.keys)
        keys = owners * n_features + counted.features
        return cls(keys, values / counted.counts, n_features, int(rows[0]))

    def at(self, texts: NDArray[Any], features: NDArray[Any]) -> Floats:
        """Return the values of occurrences."""
        keys = (texts - self.first) * self.n_features + features
        return self.values[np.searchsorted(self.keys, keys)]


@dataclass(frozen=True)
class _Occurrences:
    """All occurrences of known features in texts; -1 for unknown features."""

    texts: TokenisedTexts
    both: NDArray[np.int32]  # words and pairs in turn
    both_offsets: Ints  # start of each text in `both`, and the end
    grams: NDArray[np.int32]  # of the distinct chunks
    gram_offsets: Ints
    gram_spans: Ints  # (n_grams, 2), in the chunk

    @classmethod
    def find(
        cls,
        features: LinearFeatures,
        texts: TokenisedTexts,
        ngram_range: tuple[int, int],
    ) -> _Occurrences:
        both, both_offsets = _hash_words_and_pairs(texts.words)
        grams, gram_offsets = hash_ngrams(texts.chunks.words, *ngram_range)
        index = features._index
        return cls(
            texts,
            index.find(both),
            both_offsets,
            index.find(grams),
            gram_offsets,
            _spans_of_ngrams(texts.chunks.words, *ngram_range),
        )

    def words(
        self,
        rows: NDArray[np.intp],
        values: _FeatureValues,
        characters: CharacterSpans,
        rest: Floats,
    ) -> tuple[Floats, Ints]:
        """Return the contributions of words, and their spans."""
        owners, features, tokens, is_pair = self._both(rows)
        known = (features >= 0) & ~is_pair
        value = values.at(owners[known], features[known])
        found = characters.tokens[tokens[known]]
        outside = found[:, 0] < 0
        np.add.at(rest, owners[known][outside], value[outside])
        return value[~outside], found[~outside]

    def pairs(
        self,
        rows: NDArray[np.intp],
        values: _FeatureValues,
        characters: CharacterSpans,
        rest: Floats,
    ) -> tuple[Floats, Ints]:
        """Return the contributions of pairs to each of their words, and their spans."""
        owners, features, tokens, is_pair = self._both(rows)
        known = (features >= 0) & is_pair
        value = values.at(owners[known], features[known])
        found = np.stack(
            [characters.tokens[tokens[known]], characters.tokens[tokens[known] + 1]], 1
        )  # (n_pairs, 2 words, start and end)
        inside = found[:, :, 0] >= 0
        n_inside = inside.sum(axis=1)
        outside = n_inside == 0
        np.add.at(rest, owners[known][outside], value[outside])
        value = value / np.maximum(n_inside, 1)
        return np.repeat(value, n_inside), found[inside]

    def _both(
        self, rows: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.int32], Ints, NDArray[np.bool_]]:
        """Return text, feature and (first) token of each word and pair."""
        index, counts = spans(self.both_offsets, rows)
        owners = np.repeat(rows, counts)
        place = index - self.both_offsets[owners]
        tokens = self.texts.words.offsets[owners] + place // 2
        return owners, self.both[index], tokens, place % 2 == 1

    def ngrams(
        self,
        rows: NDArray[np.intp],
        values: _FeatureValues,
        characters: CharacterSpans,
        rest: Floats,
    ) -> tuple[Floats, Ints]:
        """Return the contributions of n-grams, and their spans."""
        chunks, n_chunks = spans(self.texts.chunks.offsets, rows)
        index, n_grams = spans(self.gram_offsets, self.texts.chunks.tokens[chunks])
        chunks = np.repeat(chunks, n_grams)
        owners = np.repeat(np.repeat(rows, n_chunks), n_grams)
        known = self.grams[index] >= 0
        index, chunks, owners = index[known], chunks[known], owners[known]
        found = self.gram_spans[index] + characters.chunks[chunks, :1]
        return values.at(owners, self.grams[index]), found


def _spans_of_ngrams(chunks: list[str], shortest: int, longest: int) -> Ints:
    """Return start and end of the n-grams of each chunk, sorted as by `hash_ngrams`.

    Chunks are framed as ``<chunk>``; of n-grams of the frame alone, the next character.
    """
    length = np.array([min(len(chunk), _MAX_CHARACTERS) for chunk in chunks], np.int64)
    offsets = offsets_of(length + 2)
    first = np.arange(offsets[-1]) - np.repeat(offsets[:-1], length + 2)
    framed = np.repeat(length + 2, length + 2)
    n = np.arange(shortest, longest + 1)
    inside = first[:, None] + n <= framed[:, None]
    start = np.broadcast_to(first[:, None], inside.shape)[inside] - 1
    end = start + np.broadcast_to(n, inside.shape)[inside]
    last = np.broadcast_to((framed - 2)[:, None], inside.shape)[inside]
    start, end = np.clip(start, 0, last - 1), np.minimum(end, last)
    return np.stack([start, np.maximum(end, start + 1)], axis=1)
