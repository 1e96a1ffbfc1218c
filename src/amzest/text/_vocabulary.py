"""What is learnt from training texts: their words, and how telling each row is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amzest.text._encoding import EncodedTexts, distinct_elements, spans
from amzest.text._tokens import SEPARATOR, hash_ngrams, hash_pairs, hash_words

#: Weight of a word, and of a pair of words, against one n-gram in the linear part.
_OWN_WEIGHT = np.float32(3.0)

#: Texts whose n-grams are counted at a time, to bound the memory.
_TEXTS_AT_A_TIME = 20_000


@dataclass(frozen=True)
class Vocabulary:
    """Numbers words, n-grams and pairs of words as rows of tables.

    A word has a row of its own if it stood in training texts, and shares the rows of
    its n-grams with other words: a misspelt or unseen word still has a vector.

    Parameters
    ----------
    words : dict of str to int
        Row of each known word; the rows of n-grams follow.

    shortest, longest : int
        Lengths of n-grams in characters.

    n_buckets : int
        Rows that n-grams share; pairs of words have as many in a table of their own.

    idf : ndarray of shape (n_rows,), dtype float32
        Inverse document frequency of each row.

    pair_idf : ndarray of shape (n_buckets,), dtype float32
        The same for pairs of words.
    """

    words: dict[str, int]
    shortest: int
    longest: int
    n_buckets: int
    idf: NDArray[np.float32]
    pair_idf: NDArray[np.float32]

    def encode(self, rows: list[list[str]]) -> EncodedTexts:
        """Turn words, n-grams and pairs of tokenised rows into numbers.

        Parameters
        ----------
        rows : list of list of str
            Words of each row.

        Returns
        -------
        EncodedTexts
            Ready to be handed out in batches.
        """
        index: dict[str, int] = {}
        tokens = np.array(
            [index.setdefault(word, len(index)) for row in rows for word in row],
            dtype=np.int64,
        )
        lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
        distinct = list(index)
        table_rows, offsets, is_own = self._rows_of_words(distinct)
        owner = np.repeat(np.arange(len(rows)), lengths)
        inside = owner[:-1] == owner[1:]  # no pair reaches into the next row
        hashes = hash_words(distinct)[tokens]
        pairs = hash_pairs(hashes[:-1][inside], hashes[1:][inside], self.n_buckets)
        separators = np.array([word.startswith(SEPARATOR) for word in distinct], bool)
        n_read = np.bincount(owner[~separators[tokens]], minlength=len(rows))
        return EncodedTexts(
            words=distinct,
            tokens=tokens,
            text_offsets=np.append(0, np.cumsum(lengths)),
            rows=table_rows,
            row_offsets=offsets,
            row_weights=self.idf[table_rows]
            * np.where(is_own, _OWN_WEIGHT, np.float32(1)),
            pairs=pairs,
            pair_offsets=np.append(0, np.cumsum(np.maximum(lengths - 1, 0))),
            pair_weights=self.pair_idf * _OWN_WEIGHT,
            present=n_read > 0,
        )

    def _rows_of_words(
        self, words: list[str]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
        """Return the table rows of each word: its own, if it has one, then n-grams."""
        ngrams, offsets = hash_ngrams(
            words, self.shortest, self.longest, self.n_buckets
        )
        own = np.array([self.words.get(word, -1) for word in words], dtype=np.int64)
        known = own >= 0
        starts = np.append(0, np.cumsum(np.diff(offsets) + known))
        is_own = np.zeros(starts[-1], dtype=bool)
        is_own[starts[:-1][known]] = True
        rows = np.empty(starts[-1], dtype=np.int64)
        rows[is_own] = own[known]
        rows[~is_own] = ngrams + len(self.words)
        return rows, starts, is_own


def learn_vocabulary(
    rows: list[list[str]],
    weights: NDArray[np.float64],
    *,
    min_count: int,
    shortest: int,
    longest: int,
    n_buckets: int,
) -> Vocabulary:
    """Learn words and document frequencies from training texts.

    Parameters
    ----------
    rows : list of list of str
        Words of each row.

    weights : ndarray of shape (n_rows,)
        How often each row counts.

    min_count : int
        A rarer word has no row of its own.

    shortest, longest : int
        Lengths of n-grams in characters.

    n_buckets : int
        Rows that n-grams share.

    Returns
    -------
    Vocabulary
        Complete with document frequencies.
    """
    counts: dict[str, float] = defaultdict(float)
    for row, weight in zip(rows, weights, strict=True):
        for word in row:
            counts[word] += weight
    known = sorted(word for word, count in counts.items() if count >= min_count)
    words = {word: place for place, word in enumerate(known)}
    evenly = np.ones(len(words) + n_buckets, dtype=np.float32)
    counting = Vocabulary(
        words, shortest, longest, n_buckets, evenly, evenly[:n_buckets]
    )
    encoded = counting.encode(rows)

    frequency = np.zeros(len(evenly))
    for start in range(0, len(weights), _TEXTS_AT_A_TIME):
        some = np.arange(start, min(start + _TEXTS_AT_A_TIME, len(weights)))
        tokens, n_tokens = spans(encoded.text_offsets, some)
        elements, n_rows = spans(encoded.row_offsets, encoded.tokens[tokens])
        text = np.repeat(np.repeat(np.arange(len(some)), n_tokens), n_rows)
        offsets = np.append(0, np.cumsum(np.bincount(text, minlength=len(some))))
        text, found = distinct_elements(offsets, encoded.rows[elements])
        frequency += np.bincount(found, weights[some[text]], minlength=len(frequency))
    text, pair = distinct_elements(encoded.pair_offsets, encoded.pairs)
    pair_frequency = np.bincount(pair, weights[text], minlength=n_buckets)
    n_texts = weights.sum()
    idf, pair_idf = (
        (1 + np.log((1 + n_texts) / (1 + counted))).astype(np.float32)
        for counted in (frequency, pair_frequency)
    )
    return Vocabulary(words, shortest, longest, n_buckets, idf, pair_idf)
