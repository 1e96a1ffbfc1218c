"""TF-IDF features of the linear part: words, word pairs and character n-grams."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from amzest.text._ragged import Growing, offsets_of, spans
from amzest.text._tokens import (
    NGRAM_BIT,
    TokenisedTexts,
    hash_ngrams,
    hash_pairs,
    hash_words,
)

#: Number of texts whose features are counted at a time, to limit memory.
_TEXTS_PER_PART = 1024


class Counted(NamedTuple):
    """Number of occurrences of each distinct feature of some texts, text by text."""

    features: NDArray[np.int32]  # sorted within each text
    counts: NDArray[np.int64]
    offsets: NDArray[np.int64]  # start of each text, and the end


@dataclass(frozen=True)
class NumberedFeatures:
    """Features of texts as integers, from which they are counted in parts.

    n-grams are kept for each distinct chunk rather than for each text, so that this
    takes a small part of the memory of the counts.
    """

    words: NDArray[np.int32]  # words and pairs of all texts
    word_offsets: NDArray[np.int64]  # start of each text in `words`, and the end
    ngrams: NDArray[np.int32]  # of all distinct chunks
    ngram_offsets: NDArray[np.int64]  # start of each chunk in `ngrams`, and the end
    chunks: NDArray[np.int32]  # of all texts
    chunk_offsets: NDArray[np.int64]  # start of each text in `chunks`, and the end
    n_features: int

    def __len__(self) -> int:
        return len(self.word_offsets) - 1

    @property
    def n_bytes(self) -> int:
        """Size in memory, without the chunks, which belong to the tokenized texts."""
        arrays = self.words, self.word_offsets, self.ngrams, self.ngram_offsets
        return sum(array.nbytes for array in arrays)

    def renumber(self, numbers: NDArray[np.int32], n_features: int) -> NumberedFeatures:
        """Replace feature i by `numbers[i]`, and drop it if that is -1."""
        words, word_offsets = _known(numbers[self.words], self.word_offsets)
        ngrams, ngram_offsets = _known(numbers[self.ngrams], self.ngram_offsets)
        return NumberedFeatures(
            words,
            word_offsets,
            ngrams,
            ngram_offsets,
            self.chunks,
            self.chunk_offsets,
            n_features,
        )

    def parts(self) -> Iterator[Counted]:
        """Count the features of all texts, some texts at a time."""
        for start in range(0, len(self), _TEXTS_PER_PART):
            yield self.count(np.arange(start, min(start + _TEXTS_PER_PART, len(self))))

    def count(self, texts: NDArray[np.integer[Any]]) -> Counted:
        """Count the features of some texts."""
        words, n_words = spans(self.word_offsets, texts)
        chunks, n_chunks = spans(self.chunk_offsets, texts)
        ngrams, n_ngrams = spans(self.ngram_offsets, self.chunks[chunks])
        n_ngrams = np.diff(offsets_of(n_ngrams)[offsets_of(n_chunks)])
        # Sorting integers of text (high bits) and feature (low bits) makes equal ones
        # neighbours. NumPy sorts 32 bits twice as fast as 64.
        n_bits = self.n_features.bit_length()
        small = len(texts) << n_bits <= 2**32
        first = np.arange(len(texts), dtype=np.uint64) << np.uint64(n_bits)
        first = first.astype(np.uint32 if small else np.uint64)
        keys = np.concatenate(
            [
                np.repeat(first, n_words) | self.words[words].view(np.uint32),
                np.repeat(first, n_ngrams) | self.ngrams[ngrams].view(np.uint32),
            ]
        )
        keys.sort()
        starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
        keys = keys[starts]
        return Counted(
            (keys & keys.dtype.type((1 << n_bits) - 1)).astype(np.int32),
            np.diff(starts, append=n_words.sum() + n_ngrams.sum()),
            np.append(np.searchsorted(keys, first), len(keys)),
        )


def _known(
    numbers: NDArray[np.int32], offsets: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Drop the elements -1 of a ragged array."""
    known = numbers >= 0
    return numbers[known], offsets_of(known)[offsets]


class HashedFeatures(NamedTuple):
    """Hashes of the words and pairs of texts, and of the n-grams of their chunks."""

    words: NDArray[np.uint64]
    word_offsets: NDArray[np.int64]
    ngrams: NDArray[np.uint64]
    ngram_offsets: NDArray[np.int64]


def _hash_features(
    texts: TokenisedTexts, shortest: int, longest: int
) -> HashedFeatures:
    words = texts.words
    tokens = hash_words(words.words)[words.tokens]
    # Each word is followed by the pair that starts with it, except the last of a text.
    both = np.empty((len(tokens), 2), dtype=np.uint64)
    both[:, 0] = tokens
    both[:-1, 1] = hash_pairs(tokens[:-1], tokens[1:])
    exists = np.ones((len(tokens) + 1, 2), dtype=bool)
    exists[words.offsets[1:] - 1, 1] = False  # -1 if the first text is empty
    n_words = np.diff(words.offsets)
    return HashedFeatures(
        both[exists[:-1]],
        offsets_of(np.maximum(2 * n_words - 1, 0)),
        *hash_ngrams(texts.chunks.words, shortest, longest),
    )


@dataclass(frozen=True)
class FeatureCounts:
    """Features of texts: words and pairs of words, and character n-grams.

    The n-grams are those of chunks between whitespace, including punctuation. They are
    counted whenever the counts are needed, which takes less time than hashing them.
    """

    keys: NDArray[np.uint64]  # sorted hashes of all features in the texts
    numbered: NumberedFeatures  # indices of `keys`

    @property
    def n_bytes(self) -> int:
        """Size in memory."""
        return self.keys.nbytes + self.numbered.n_bytes


def count_features(texts: TokenisedTexts, shortest: int, longest: int) -> FeatureCounts:
    """Assign numbers to words, pairs and n-grams; once for the same texts."""
    if (shortest, longest) not in texts.counted:
        hashed = _hash_features(texts, shortest, longest)
        # No n-gram has the hash of a word.
        words, of_words = np.unique(hashed.words, return_inverse=True)
        ngrams, of_ngrams = np.unique(hashed.ngrams, return_inverse=True)
        texts.counted[shortest, longest] = FeatureCounts(
            np.concatenate([words, ngrams]),
            _numbered(
                texts,
                hashed,
                of_words.astype(np.int32),
                (of_ngrams + len(words)).astype(np.int32),
                len(words) + len(ngrams),
            ),
        )
    counts: FeatureCounts = texts.counted[shortest, longest]
    return counts


def _numbered(
    texts: TokenisedTexts,
    hashed: HashedFeatures,
    words: NDArray[np.int32],
    ngrams: NDArray[np.int32],
    n_features: int,
) -> NumberedFeatures:
    return NumberedFeatures(
        words,
        hashed.word_offsets,
        ngrams,
        hashed.ngram_offsets,
        texts.chunks.tokens,
        texts.chunks.offsets,
        n_features,
    )


@dataclass(frozen=True)
class LinearFeatures:
    """Features of the training texts, by hash, with their inverse document frequencies.

    Words and pairs, and n-grams, are weighted as by two
    `TfidfVectorizer(sublinear_tf=True)` side by side: each of these blocks has
    Euclidean norm 1 in every text.
    """

    keys: NDArray[np.uint64]
    idf: NDArray[np.float32]

    @cached_property
    def _n_word_features(self) -> int:
        """Number of features that are no n-grams; they come first."""
        return int(np.searchsorted(self.keys, NGRAM_BIT))

    @cached_property
    def _buckets(self) -> tuple[NDArray[np.int32], np.uint64]:
        """First key of each value of the highest bits, and the shift to these bits."""
        n_bits = len(self.keys).bit_length()
        shift = np.uint64(64 - n_bits)
        values = np.arange(2**n_bits, dtype=np.uint64) << shift
        return np.searchsorted(self.keys, values).astype(np.int32), shift

    def find(self, hashes: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Return the index of each hash in `keys`, or -1."""
        if len(self.keys) == 0:
            return np.full(len(hashes), -1, dtype=np.int32)
        if 4 * len(hashes) < len(self.keys):
            found = np.searchsorted(self.keys, hashes).astype(np.int32)
        else:
            # Hashes are uniform: a search from the first key with the same high bits
            # takes few steps, independent of the number of keys.
            first, shift = self._buckets
            found = first[hashes >> shift]
            behind = np.arange(len(hashes))
            while len(behind):
                at = np.minimum(found[behind], len(self.keys) - 1)
                smaller = self.keys[at] < hashes[behind]
                behind = behind[smaller & (found[behind] < len(self.keys))]
                found[behind] += 1
        found[found == len(self.keys)] = 0
        found[self.keys[found] != hashes] = -1
        return found

    def known(
        self, texts: TokenisedTexts, shortest: int, longest: int
    ) -> NumberedFeatures:
        """Return those of the features that the texts have."""
        if (shortest, longest) in texts.counted:
            return self._known(texts.counted[shortest, longest])
        hashed = _hash_features(texts, shortest, longest)
        words, word_offsets = _known(self.find(hashed.words), hashed.word_offsets)
        ngrams, ngram_offsets = _known(self.find(hashed.ngrams), hashed.ngram_offsets)
        hashed = hashed._replace(word_offsets=word_offsets, ngram_offsets=ngram_offsets)
        return _numbered(texts, hashed, words, ngrams, len(self.keys))

    def _known(self, counts: FeatureCounts) -> NumberedFeatures:
        return counts.numbered.renumber(self.find(counts.keys), len(self.keys))

    def weigh(self, counted: Counted) -> NDArray[np.float32]:
        """Return the TF-IDF of counted features."""
        features, counts, offsets = counted
        term_frequency = 1 + np.log(
            np.arange(1, counts.max(initial=1) + 1, dtype=np.float32)
        )  # sublinear
        values: NDArray[np.float32] = term_frequency[counts - 1]
        values *= self.idf[features]
        # The two blocks of a text: from its start, and from its first n-gram.
        is_word = features < self._n_word_features
        starts = np.empty(2 * len(offsets) - 2, dtype=np.int64)
        starts[::2] = offsets[:-1]
        starts[1::2] = offsets[:-1] + np.diff(offsets_of(is_word)[offsets])
        lengths = np.diff(starts, append=len(features))
        squares = np.add.reduceat(values.astype(np.float64) ** 2, starts[lengths > 0])
        norms = np.sqrt(squares).astype(np.float32)
        values /= np.repeat(norms, lengths[lengths > 0])
        return values

    def matrix(
        self, texts: TokenisedTexts, shortest: int, longest: int
    ) -> sparse.csr_array:
        """Return the TF-IDF matrix, (n_texts, n_features), float32.

        `shortest` and `longest` are the lengths of n-grams that the features were
        learnt with. Column j is the feature of `keys[j]`.
        """
        known = self.known(texts, shortest, longest)
        return self.matrix_of(known, np.arange(len(known)))

    def matrix_of(
        self, known: NumberedFeatures, rows: NDArray[np.integer[Any]]
    ) -> sparse.csr_array:
        """Return the TF-IDF matrix of some texts, (n_rows, n_features), float32."""
        features, values = Growing(np.int32), Growing(np.float32)
        lengths = [np.empty(0, dtype=np.int64)]
        for start in range(0, len(rows), _TEXTS_PER_PART):
            counted = known.count(rows[start : start + _TEXTS_PER_PART])
            lengths.append(np.diff(counted.offsets))
            # The final size, if the other texts are like those so far.
            share = sum(map(len, lengths)) / len(rows)
            features.append(counted.features, share)
            values.append(self.weigh(counted), share)
        return sparse.csr_array(
            (values.array(), features.array(), offsets_of(np.concatenate(lengths))),
            (len(rows), len(self.keys)),
        )


def learn_linear_features(
    counts: FeatureCounts,
    weights: NDArray[np.float64],
    *,
    min_count: int,
    max_features: int,
) -> LinearFeatures:
    """Learn the features of weighted frequency `min_count` or more, and their idf.

    `weights` of shape (n_texts,) are 0 for texts that are not training samples.
    """
    frequency = np.zeros(len(counts.keys))
    start = 0
    for part in counts.numbered.parts():
        end = start + len(part.offsets) - 1
        repeated = np.repeat(weights[start:end], np.diff(part.offsets))
        np.add.at(frequency, part.features, repeated)
        start = end
    kept = np.flatnonzero(frequency >= min_count)
    if len(kept) > max_features:
        most = np.argsort(-frequency[kept], kind="stable")[:max_features]
        kept = np.sort(kept[most])
    # Smoothed as in scikit-learn: as if one more text contained every feature.
    idf = 1 + np.log((1 + weights.sum()) / (1 + frequency[kept]))
    return LinearFeatures(counts.keys[kept], idf.astype(np.float32))
