"""TF-IDF features of the linear part: words, word pairs and character n-grams."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from amzest.text._hash_index import DistinctHashes, HashIndex
from amzest.text._ragged import Growing, offsets_of, row_parts, spans
from amzest.text._tokens import (
    NGRAM_BIT,
    NumberedTexts,
    TokenisedTexts,
    blocks_of,
    hash_ngrams,
    hash_pairs,
    hash_words,
)
from amzest.utils import ArrayParts, release_pages

#: Number of texts whose features are counted at a time, to limit memory.
_TEXTS_PER_PART = 256

#: Number of texts whose features are summed at a time, to limit memory.
_TEXTS_PER_SUM = 2**14


class Counted(NamedTuple):
    """Number of occurrences of each distinct feature of some texts, text by text."""

    features: NDArray[np.int32]  # sorted within each text
    counts: NDArray[np.int64]
    #: Start of the words and pairs of each text and of its n-grams, in turn, and the
    #: end: (2 * n_texts + 1,).
    blocks: NDArray[np.int64]

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Start of each text, and the end."""
        return self.blocks[::2]


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
    n_word_features: int  # features from this number on are n-grams
    n_features: int

    def __len__(self) -> int:
        return len(self.word_offsets) - 1

    @property
    def n_bytes(self) -> int:
        """Size in memory, without the chunks, which belong to the tokenized texts."""
        arrays = self.words, self.word_offsets, self.ngrams, self.ngram_offsets
        return sum(array.nbytes for array in arrays)

    def n_values(self, texts: NDArray[np.integer[Any]]) -> int:
        """Return how many features some texts have, those that repeat included."""
        n_ngrams = np.diff(self.ngram_offsets)
        n_values = 0
        for start in range(0, len(texts), _TEXTS_PER_SUM):
            some = texts[start : start + _TEXTS_PER_SUM]
            n_values += int(
                (self.word_offsets[some + 1] - self.word_offsets[some]).sum()
            )
            n_values += int(
                n_ngrams[self.chunks[spans(self.chunk_offsets, some)[0]]].sum()
            )
        return n_values

    def renumber(
        self, numbers: NDArray[np.int32], n_word_features: int, n_features: int
    ) -> NumberedFeatures:
        """Replace feature i by `numbers[i]`, and drop it if that is -1."""

        def find(features: NDArray[np.int32]) -> NDArray[np.int32]:
            return numbers[features]

        words, word_offsets = _find_in_parts(find, self.words, self.word_offsets)
        ngrams, ngram_offsets = _find_in_parts(find, self.ngrams, self.ngram_offsets)
        return replace(
            self,
            words=words,
            word_offsets=word_offsets,
            ngrams=ngrams,
            ngram_offsets=ngram_offsets,
            n_word_features=n_word_features,
            n_features=n_features,
        )

    def release(self) -> None:
        """Release the memory of arrays in files until they are used again."""
        for array in (self.words, self.ngrams, self.chunks):
            release_pages(array)

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
        blocks = np.stack([first, first | first.dtype.type(self.n_word_features)], 1)
        return Counted(
            (keys & keys.dtype.type((1 << n_bits) - 1)).astype(np.int32),
            np.diff(starts, append=n_words.sum() + n_ngrams.sum()),
            np.append(np.searchsorted(keys, blocks.ravel()), len(keys)),
        )


def _find_in_parts(
    find: Callable[[Any], NDArray[np.int32]],
    features: NDArray[Any],
    offsets: NDArray[np.int64],
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the numbers of features of a ragged array, without those that are -1."""
    known = _Known(find)
    for first, last in row_parts(offsets):
        start = offsets[first]
        known.add(features[start : offsets[last]], offsets[first : last + 1] - start)
    return known.arrays()


class _Known:
    """Numbers of hashed features, without those that are not known, part by part."""

    def __init__(self, find: Callable[[Any], NDArray[np.int32]]) -> None:
        self._find = find
        self._numbers, self._lengths = ArrayParts(np.int32), ArrayParts(np.int32)

    def add(self, features: NDArray[Any], offsets: NDArray[np.int64]) -> None:
        """Add rows of a ragged array."""
        numbers = self._find(features)
        known = numbers >= 0
        self._numbers.append(numbers[known])
        self._lengths.append(np.diff(offsets_of(known)[offsets]))

    def arrays(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the numbers of all rows, and their offsets."""
        return self._numbers.array(), offsets_of(self._lengths.array())


class _HashedTexts:
    """Hashes of the words and pairs of texts, and of the n-grams of their chunks.

    They are computed part by part whenever they are needed, which takes less time than
    it would save memory to keep them.
    """

    def __init__(self, texts: TokenisedTexts, shortest: int, longest: int) -> None:
        self._texts, self._lengths = texts, (shortest, longest)
        self._of_words = hash_words(texts.words.words)

    def words(self) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.int64]]]:
        """Yield the hashes of words and pairs of some texts, as ragged arrays."""
        offsets = self._texts.words.offsets
        for first, last in row_parts(offsets):
            tokens = self._texts.words.tokens[offsets[first] : offsets[last]]
            hashes = self._of_words[tokens]
            yield _with_pairs(hashes, offsets[first : last + 1] - offsets[first])

    def ngrams(self) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.int64]]]:
        """Yield the hashes of the n-grams of some chunks, as ragged arrays."""
        for block in blocks_of(self._texts.chunks.words):
            yield hash_ngrams(block, *self._lengths)

    def numbered(
        self, index: HashIndex, n_word_features: int, n_features: int
    ) -> NumberedFeatures:
        """Return the features that an index has."""
        words, ngrams = _Known(index.find), _Known(index.find)
        for hashes, offsets in self.words():
            words.add(hashes, offsets)
        for hashes, offsets in self.ngrams():
            ngrams.add(hashes, offsets)
        chunks = self._texts.chunks
        return NumberedFeatures(
            *words.arrays(),
            *ngrams.arrays(),
            chunks.tokens,
            chunks.offsets,
            n_word_features,
            n_features,
        )


def _hash_words_and_pairs(
    texts: NumberedTexts,
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the hashes of each text as a ragged array."""
    return _with_pairs(hash_words(texts.words)[texts.tokens], texts.offsets)


def _with_pairs(
    tokens: NDArray[np.uint64], offsets: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the hashes of the words and pairs of texts from those of the words."""
    # Each word is followed by the pair that starts with it, except the last of a text.
    both = np.empty((len(tokens), 2), dtype=np.uint64)
    both[:, 0] = tokens
    both[:-1, 1] = hash_pairs(tokens[:-1], tokens[1:])
    exists = np.ones((len(tokens) + 1, 2), dtype=bool)
    exists[offsets[1:] - 1, 1] = False  # -1 if the first text is empty
    counts = np.maximum(2 * np.diff(offsets) - 1, 0)
    return both[exists[:-1]], offsets_of(counts)


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
        hashed = _HashedTexts(texts, shortest, longest)
        words, ngrams = DistinctHashes(), DistinctHashes()
        for hashes, _ in hashed.words():
            words.add(hashes)
        for hashes, _ in hashed.ngrams():
            ngrams.add(hashes)
        n_words, parts = len(words.all()), ArrayParts(np.uint64)
        parts.append(words.all())
        parts.append(ngrams.all())
        del words, ngrams
        keys = parts.array()  # sorted: see `NGRAM_BIT`
        texts.counted[shortest, longest] = FeatureCounts(
            keys, hashed.numbered(HashIndex(keys).build(), n_words, len(keys))
        )
        release_pages(texts.words.tokens)
    counts: FeatureCounts = texts.counted[shortest, longest]
    return counts


@dataclass(frozen=True)
class LinearFeatures:
    """Features of the training texts, by hash, with their inverse document frequencies.

    Words and pairs, and n-grams, are weighted as by two
    `TfidfVectorizer(sublinear_tf=True)` side by side: each of these blocks has
    Euclidean norm 1 in every text.
    """

    keys: NDArray[np.uint64]
    idf: NDArray[np.float32]

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without the index, which is built again when needed."""
        return {"keys": self.keys, "idf": self.idf}

    @property
    def _sizes(self) -> tuple[int, int]:
        """Number of words and pairs, which come first, and of all features."""
        return int(np.searchsorted(self.keys, NGRAM_BIT)), len(self.keys)

    @cached_property
    def _index(self) -> HashIndex:
        return HashIndex(self.keys)

    def idf_of(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Return the idf of some words; for unknown ones the largest of all."""
        with_largest = np.append(self.idf, self.idf.max(initial=1))  # at place -1
        result: NDArray[np.float32] = with_largest[self._index.find(hash_words(words))]
        return result

    def known(
        self, texts: TokenisedTexts, shortest: int, longest: int
    ) -> NumberedFeatures:
        """Return those of the features that the texts have."""
        if (shortest, longest) in texts.counted:
            return self._known(texts.counted[shortest, longest])
        hashed = _HashedTexts(texts, shortest, longest)
        return hashed.numbered(self._index, *self._sizes)

    def _known(self, counts: FeatureCounts) -> NumberedFeatures:
        numbers = self._index.find(counts.keys)
        known = counts.numbered.renumber(numbers, *self._sizes)
        counts.numbered.release()
        release_pages(counts.keys)
        return known

    def weigh(self, counted: Counted) -> NDArray[np.float32]:
        """Return the TF-IDF of counted features."""
        features, counts, blocks = counted
        repetitions = np.arange(1, counts.max(initial=0) + 1, dtype=np.float32)
        sublinear = np.append(np.float32(0), 1 + np.log(repetitions))
        values: NDArray[np.float32] = sublinear[counts]
        values *= self.idf[features]
        starts, lengths = blocks[:-1], np.diff(blocks)
        filled = lengths > 0
        norms = np.sqrt(np.add.reduceat(values * values, starts[filled]))
        values /= np.repeat(norms, lengths[filled])
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
        lengths, n_done = np.zeros(len(rows), dtype=np.int64), 0
        for start in range(0, len(rows), _TEXTS_PER_PART):
            counted = known.count(rows[start : start + _TEXTS_PER_PART])
            n_texts = len(counted.offsets) - 1
            lengths[n_done : n_done + n_texts] = np.diff(counted.offsets)
            n_done += n_texts
            features.append(counted.features, n_done / len(rows))
            values.append(self.weigh(counted), n_done / len(rows))
        offsets = offsets_of(lengths)
        if offsets[-1] < 2**31:  # otherwise SciPy copies the indices to 64 bits
            offsets = offsets.astype(np.int32)
        return sparse.csr_array(
            (values.array(), features.array(), offsets), (len(rows), len(self.keys))
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
    counts.numbered.release()
    kept = np.flatnonzero(frequency >= min_count)
    if len(kept) > max_features:
        kept = kept[_largest(frequency[kept], max_features)]
    # Smoothed as in scikit-learn: as if one more text contained every feature.
    idf = 1 + np.log((1 + weights.sum()) / (1 + frequency[kept]))
    return LinearFeatures(counts.keys[kept], idf.astype(np.float32))


def _largest(numbers: NDArray[np.float64], n_largest: int) -> NDArray[np.bool_]:
    """Return where the largest numbers are; of equal ones the first."""
    least = np.partition(numbers, len(numbers) - n_largest)[len(numbers) - n_largest]
    chosen = numbers > least
    equal = np.flatnonzero(numbers == least)
    chosen[equal[: n_largest - np.count_nonzero(chosen)]] = True
    return chosen
