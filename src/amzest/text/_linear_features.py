"""TF-IDF features of the linear part: words, word pairs and character n-grams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from amzest.text._ragged import offsets_of, spans
from amzest.text._tokens import TokenisedTexts, hash_ngrams, hash_pairs, hash_words

#: Number of texts whose n-grams are counted at a time, to limit memory.
_TEXTS_PER_PART = 4096


@dataclass(frozen=True)
class FeatureCounts:
    """Counts of features in texts: words and pairs of words, and character n-grams.

    The n-grams are those of chunks between whitespace, including punctuation.
    """

    keys: NDArray[np.uint64]  # sorted hashes of all features in the texts
    blocks: tuple[sparse.csr_array, sparse.csr_array]  # (n_texts, n_keys), float32

    @property
    def n_bytes(self) -> int:
        """Size in memory."""
        arrays = [self.keys]
        for block in self.blocks:
            arrays += [block.data, block.indices, block.indptr]
        return sum(array.nbytes for array in arrays)


def count_features(texts: TokenisedTexts, shortest: int, longest: int) -> FeatureCounts:
    """Count words, word pairs and character n-grams; once for the same texts."""
    if (shortest, longest) not in texts.counted:
        texts.counted[shortest, longest] = _count_features(texts, shortest, longest)
    counts: FeatureCounts = texts.counted[shortest, longest]
    return counts


def _count_features(
    texts: TokenisedTexts, shortest: int, longest: int
) -> FeatureCounts:
    words, chunks = texts.words, texts.chunks
    word_hashes = hash_words(words.words)
    tokens = word_hashes[words.tokens]
    is_last = np.zeros(len(tokens) + 1, dtype=bool)
    is_last[words.offsets[1:] - 1] = True  # of its text; -1 if the first is empty
    starts_pair = np.flatnonzero(~is_last[:-1])
    pairs = hash_pairs(tokens[starts_pair], tokens[starts_pair + 1])
    ngrams, ngram_offsets = hash_ngrams(chunks.words, shortest, longest)
    keys, place = np.unique(
        np.concatenate([word_hashes, pairs, ngrams]), return_inverse=True
    )
    n_keys, places = len(keys), place.astype(np.int32)
    ends = np.cumsum([len(word_hashes), len(pairs)])
    word_place, pair_place, ngram_place = np.split(places, ends)

    # Each word is followed by the pair that starts with it, except the last of a text.
    both = np.full((len(tokens), 2), -1, dtype=np.int32)
    both[:, 0] = word_place[words.tokens]
    both[starts_pair, 1] = pair_place
    exists = both.ravel() >= 0
    offsets = offsets_of(exists)[2 * words.offsets]
    # n-grams are hashed once per distinct chunk and gathered for each text.
    parts = []
    for part in np.array_split(
        np.arange(len(texts)), max(1, -(-len(texts) // _TEXTS_PER_PART))
    ):
        of_texts, n_chunks = spans(chunks.offsets, part)
        of_chunks, n_ngrams = spans(ngram_offsets, chunks.tokens[of_texts])
        ends = offsets_of(n_ngrams)[offsets_of(n_chunks)]
        parts.append(_counted(ngram_place[of_chunks], ends, n_keys))
    return FeatureCounts(
        keys,
        (_counted(both.ravel()[exists], offsets, n_keys), sparse.vstack(parts, "csr")),
    )


def _counted(
    places: NDArray[np.int32], offsets: NDArray[np.int64], n_keys: int
) -> sparse.csr_array:
    """Count equal indices in each text."""
    ones = np.ones(len(places), dtype=np.float32)
    counts = sparse.csr_array((ones, places, offsets), (len(offsets) - 1, n_keys))
    counts.sum_duplicates()
    return counts


@dataclass(frozen=True)
class LinearFeatures:
    """Features of the training texts, by hash, with their inverse document frequencies.

    The two blocks are weighted as by two `TfidfVectorizer(sublinear_tf=True)` side by
    side: each has Euclidean norm 1 in every text.
    """

    keys: NDArray[np.uint64]
    idf: NDArray[np.float32]

    def encode(
        self, counts: FeatureCounts
    ) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int64]]:
        """Return index and TF-IDF of the features of each text, and the offsets."""
        place = np.searchsorted(self.keys, counts.keys)
        known = place < len(self.keys)
        known[known] = self.keys[place[known]] == counts.keys[known]
        feature_of = np.where(known, place, -1).astype(np.int32)
        blocks = [self._weigh(block, feature_of) for block in counts.blocks]
        (_, _, first), (_, _, second) = blocks
        # Concatenate the two blocks within each text.
        features = np.empty(first[-1] + second[-1], dtype=np.int32)
        values = np.empty(len(features), dtype=np.float32)
        for (block_features, block_values, offsets), shift in zip(
            blocks, (second[:-1], first[1:]), strict=True
        ):
            index = np.arange(offsets[-1]) + np.repeat(shift, np.diff(offsets))
            features[index], values[index] = block_features, block_values
        return features, values, first + second

    def _weigh(
        self, block: sparse.csr_array, feature_of: NDArray[np.int32]
    ) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int64]]:
        """Return the known features of a block: index, TF-IDF, offsets."""
        features = feature_of[block.indices]
        known = features >= 0
        offsets = offsets_of(known)[block.indptr]
        features = features[known]
        values: NDArray[Any] = 1 + np.log(block.data[known])  # sublinear tf
        values *= self.idf[features]
        text = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        squares = np.bincount(text, values**2, minlength=len(offsets) - 1)
        values /= np.sqrt(squares).astype(np.float32)[text]
        return features, values, offsets


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
    for block in counts.blocks:
        repeated = np.repeat(weights, np.diff(block.indptr))
        frequency += np.bincount(block.indices, repeated, minlength=len(frequency))
    kept = np.flatnonzero(frequency >= min_count)
    if len(kept) > max_features:
        most = np.argsort(-frequency[kept], kind="stable")[:max_features]
        kept = np.sort(kept[most])
    # Smoothed as in scikit-learn: as if one more text contained every feature.
    idf = 1 + np.log((1 + weights.sum()) / (1 + frequency[kept]))
    return LinearFeatures(counts.keys[kept], idf.astype(np.float32))
