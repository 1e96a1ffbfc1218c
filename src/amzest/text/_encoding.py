"""Texts as numbers, handed out in batches in which each distinct word stands once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


def spans(
    offsets: NDArray[np.int64], places: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List the elements of some rows of a ragged array.

    Parameters
    ----------
    offsets : ndarray of shape (n_rows + 1,), dtype int64
        Where each row begins.

    places : ndarray of shape (n,), dtype int64
        Rows wanted.

    Returns
    -------
    elements : ndarray of int64
        Positions of their elements, row after row.

    counts : ndarray of shape (n,), dtype int64
        Elements of each row.
    """
    starts = offsets[places]
    counts = offsets[places + 1] - starts
    ends = np.cumsum(counts)
    shift = np.repeat(starts - (ends - counts), counts)
    return np.arange(ends[-1] if len(ends) else 0) + shift, counts


def distinct_elements(
    offsets: NDArray[np.int64], elements: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List the elements of each row of a ragged array once.

    Parameters
    ----------
    offsets : ndarray of shape (n_rows + 1,), dtype int64
        Where each row begins.

    elements : ndarray of int64
        Non-negative elements of all rows.

    Returns
    -------
    rows, elements : ndarray of int64
        Row and element of each distinct pair.
    """
    if len(elements) == 0:
        return elements, elements
    n_kinds = int(elements.max()) + 1
    rows = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    return np.divmod(np.unique(rows * n_kinds + elements), n_kinds)


@dataclass
class EncodedTexts:
    """Tokenised and numbered texts.

    Parameters
    ----------
    words : list of str
        Distinct words, in order of appearance.

    tokens : ndarray of shape (n_tokens,), dtype int64
        Words of all texts, one text after the other, as positions in `words`.

    text_offsets : ndarray of shape (n_texts + 1,), dtype int64
        Where each text begins in `tokens`.

    rows : ndarray, dtype int64
        Table rows of all words, one word after the other.

    row_offsets : ndarray of shape (n_words + 1,), dtype int64
        Where each word begins in `rows`.

    row_weights : ndarray of the shape of `rows`, dtype float32
        Weight of each row in the linear part.

    pairs : ndarray, dtype int64
        Buckets of the pairs of neighbouring words, one text after the other.

    pair_offsets : ndarray of shape (n_texts + 1,), dtype int64
        Where each text begins in `pairs`.

    pair_weights : ndarray of shape (n_buckets,), dtype float32
        Weight of each bucket in the linear part.

    present : ndarray of shape (n_texts,), dtype bool
        Texts with at least one word.

    token_dropout : float, default=0
        Share of words that are hidden in training.

    extra_rows : ndarray of shape (n_words,), dtype int64, or None
        Row of each word among pretrained vectors, 0 where it has none.
    """

    words: list[str]
    tokens: NDArray[np.int64]
    text_offsets: NDArray[np.int64]
    rows: NDArray[np.int64]
    row_offsets: NDArray[np.int64]
    row_weights: NDArray[np.float32]
    pairs: NDArray[np.int64]
    pair_offsets: NDArray[np.int64]
    pair_weights: NDArray[np.float32]
    present: NDArray[np.bool_]
    token_dropout: float = 0.0
    extra_rows: NDArray[np.int64] | None = None
    sizes: NDArray[np.intp] | None = field(init=False)
    n_views: int = field(init=False, default=1)

    def __post_init__(self) -> None:
        self.sizes = np.diff(self.text_offsets)
        counts = np.diff(self.row_offsets)
        self._vector_weights = np.repeat(
            1 / np.sqrt(np.maximum(counts, 1)), counts
        ).astype(np.float32)
        self._norms = self._measure_norms()

    def __len__(self) -> int:
        return len(self.present)

    def batch(
        self,
        rows: NDArray[np.intp],
        rng: np.random.Generator | None = None,
        view: int = 0,
    ) -> dict[str, Any]:
        """Return the tensors of some texts, by name.

        Word 0 of a batch is the zero vector: it stands for padding and hidden words.
        """
        from torch import from_numpy

        padded, lengths = self._padded(rows, rng)
        words, position = np.unique(padded, return_inverse=True)
        position = position.reshape(padded.shape)
        if words[0] == -1:
            words = words[1:]
        else:
            position = position + 1
        taken, counts = spans(self.row_offsets, words)
        table_rows, row_position = np.unique(self.rows[taken], return_inverse=True)
        pairs, pair_counts = spans(self.pair_offsets, rows)
        pair_rows, pair_position = np.unique(self.pairs[pairs], return_inverse=True)
        arrays = {
            "words": position,  # (batch, length)
            "lengths": lengths,  # (batch,)
            "rows": table_rows,
            "row_position": row_position,
            "row_bags": np.cumsum(counts) - counts,
            "vector_weights": self._vector_weights[taken],
            "row_weights": self.row_weights[taken],
            "pairs": pair_rows,
            "pair_position": pair_position,
            "pair_bags": np.cumsum(pair_counts) - pair_counts,
            "pair_weights": self.pair_weights[self.pairs[pairs]],
            "norms": self._norms[rows],  # (batch, 1)
        }
        if self.extra_rows is not None:
            arrays["extra_rows"] = np.append(0, self.extra_rows[words])
        return {name: from_numpy(array) for name, array in arrays.items()}

    def _padded(
        self, rows: NDArray[np.intp], rng: np.random.Generator | None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return words of shape (batch, length), -1 where there is none."""
        taken, lengths = spans(self.text_offsets, rows)
        inside = np.arange(lengths.max()) < lengths[:, None]
        padded = np.full(inside.shape, -1, dtype=np.int64)
        padded[inside] = self.tokens[taken]
        if rng is not None and self.token_dropout:
            padded[rng.random(padded.shape) < self.token_dropout] = -1
        return padded, lengths

    def _measure_norms(self) -> NDArray[np.float32]:
        """Return the Euclidean length of each text in the linear part."""
        word_energy = np.bincount(
            np.repeat(np.arange(len(self.words)), np.diff(self.row_offsets)),
            weights=self.row_weights.astype(np.float64) ** 2,
            minlength=len(self.words),
        )
        pair_energy = self.pair_weights.astype(np.float64) ** 2
        squares = np.full(len(self), 1e-6)
        for offsets, elements, energy in (
            (self.text_offsets, self.tokens, word_energy),
            (self.pair_offsets, self.pairs, pair_energy),
        ):
            text, element = distinct_elements(offsets, elements)
            squares += np.bincount(text, energy[element], minlength=len(self))
        return np.sqrt(squares).astype(np.float32)[:, None]
