"""What the linear part of a text network counts: TF-IDF of words, pairs and n-grams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from amzest.text._ragged import offsets_of, spans
from amzest.text._tokens import TokenisedTexts, hash_ngrams, hash_pairs, hash_words

#: Texts whose n-grams are counted at a time, to bound the memory.
_TEXTS_AT_A_TIME = 4096


@dataclass(frozen=True)
class FeatureCounts:
    """How often features stand in texts, in two blocks.

    Parameters
    ----------
    keys : ndarray of shape (n_keys,), dtype uint64
        Sorted hashes of everything that stands in the texts.

    blocks : tuple of two sparse arrays of shape (n_texts, n_keys), dtype float32
        Counts of words with pairs of neighbouring words, and of character n-grams of
        chunks, which see punctuation.
    """

    keys: NDArray[np.uint64]
    blocks: tuple[sparse.csr_array, sparse.csr_array]

    @property
    def n_bytes(self) -> int:
        """Bytes in memory."""
        arrays = [self.keys]
        for block in self.blocks:
            arrays += [block.data, block.indices, block.indptr]
        return sum(array.nbytes for array in arrays)


def count_features(texts: TokenisedTexts, shortest: int, longest: int) -> FeatureCounts:
    """Count words, pairs of words and character n-grams; once for the same texts.

    Parameters
    ----------
    texts : TokenisedTexts
        The texts.

    shortest, longest : int
        Lengths of n-grams in characters.

    Returns
    -------
    FeatureCounts
        Counts.
    """
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
    is_last[words.offsets[1:] - 1] = True  # of its text; -1 when the first is empty
    opens_pair = np.flatnonzero(~is_last[:-1])
    pairs = hash_pairs(tokens[opens_pair], tokens[opens_pair + 1])
    ngrams, ngram_offsets = hash_ngrams(chunks.words, shortest, longest)
    keys, place = np.unique(
        np.concatenate([word_hashes, pairs, ngrams]), return_inverse=True
    )
    n_keys, places = len(keys), place.astype(np.int32)
    ends = np.cumsum([len(word_hashes), len(pairs)])
    word_place, pair_place, ngram_place = np.split(places, ends)

    # Each word is followed by the pair that it opens.
    both = np.full((len(tokens), 2), -1, dtype=np.int32)
    both[:, 0] = word_place[words.tokens]
    both[opens_pair, 1] = pair_place
    there = both.ravel() >= 0
    before = offsets_of(there)[2 * words.offsets]
    parts = []
    for some in np.array_split(
        np.arange(len(texts)), max(1, -(-len(texts) // _TEXTS_AT_A_TIME))
    ):
        of_texts, n_chunks = spans(chunks.offsets, some)
        of_chunks, n_ngrams = spans(ngram_offsets, chunks.tokens[of_texts])
        ends = offsets_of(n_ngrams)[offsets_of(n_chunks)]
        parts.append(_counted(ngram_place[of_chunks], ends, n_keys))
    return FeatureCounts(
        keys,
        (_counted(both.ravel()[there], before, n_keys), sparse.vstack(parts, "csr")),
    )


def _counted(
    places: NDArray[np.int32], offsets: NDArray[np.int64], n_keys: int
) -> sparse.csr_array:
    """Count equal places in each text."""
    ones = np.ones(len(places), dtype=np.float32)
    counts = sparse.csr_array((ones, places, offsets), (len(offsets) - 1, n_keys))
    counts.sum_duplicates()
    return counts


@dataclass(frozen=True)
class LinearFeatures:
    """Features that stood in training texts, by their hash.

    Two blocks, each scaled to Euclidean length 1 in every text as two TfidfVectorizers
    side by side would do it.

    Parameters
    ----------
    keys : ndarray of shape (n_features,), dtype uint64
        Sorted hashes.

    idf : ndarray of shape (n_features,), dtype float32
        Inverse document frequency of each.
    """

    keys: NDArray[np.uint64]
    idf: NDArray[np.float32]

    def encode(
        self, counts: FeatureCounts
    ) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int64]]:
        """Return features, their TF-IDF and where each text begins among them."""
        place = np.searchsorted(self.keys, counts.keys)
        known = place < len(self.keys)
        known[known] = self.keys[place[known]] == counts.keys[known]
        feature_of = np.where(known, place, -1).astype(np.int32)
        blocks = [self._weigh(block, feature_of) for block in counts.blocks]
        (_, _, first), (_, _, second) = blocks
        # The second block of a text stands behind the first.
        features = np.empty(first[-1] + second[-1], dtype=np.int32)
        values = np.empty(len(features), dtype=np.float32)
        for (block_features, block_values, offsets), shift in zip(
            blocks, (second[:-1], first[1:]), strict=True
        ):
            there = np.arange(offsets[-1]) + np.repeat(shift, np.diff(offsets))
            features[there], values[there] = block_features, block_values
        return features, values, first + second

    def _weigh(
        self, block: sparse.csr_array, feature_of: NDArray[np.int32]
    ) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int64]]:
        """Return known features, their TF-IDF and where each text begins."""
        features = feature_of[block.indices]
        known = features >= 0
        offsets = offsets_of(known)[block.indptr]
        features = features[known]
        values: NDArray[Any] = 1 + np.log(block.data[known])
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
    """Learn which features there are, and how telling each is.

    Parameters
    ----------
    counts : FeatureCounts
        What stands in all texts.

    weights : ndarray of shape (n_texts,)
        How often each text counts; 0 for a text that is not for training.

    min_count : int
        Features of fewer texts are left out.

    max_features : int
        The most frequent features are kept, up to this many.

    Returns
    -------
    LinearFeatures
        The features.
    """
    frequency = np.zeros(len(counts.keys))
    for block in counts.blocks:
        repeated = np.repeat(weights, np.diff(block.indptr))
        frequency += np.bincount(block.indices, repeated, minlength=len(frequency))
    kept = np.flatnonzero(frequency >= min_count)
    if len(kept) > max_features:
        most = np.argsort(-frequency[kept], kind="stable")[:max_features]
        kept = np.sort(kept[most])
    idf = 1 + np.log((1 + weights.sum()) / (1 + frequency[kept]))
    return LinearFeatures(counts.keys[kept], idf.astype(np.float32))
