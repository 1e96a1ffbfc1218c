"""Words of a column of texts, and which of them are not in a vocabulary."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.text._tokens import NumberedTexts, hash_words, tokenise
from amzest.utils import is_missing, missing_mask, shown

#: Words that are read of each text.
_MAX_WORDS = 1_000
#: Texts whose words are kept, as hashes.
_MAX_TEXTS = 5_000
#: Words that are listed, the most frequent ones.
_MAX_LISTED = 1_000


@dataclass(frozen=True)
class Vocabulary:
    """Hashes of words, sorted, and whether only a single row has each word."""

    hashes: NDArray[np.uint64]
    in_one_row: NDArray[np.bool_]

    def unseen(
        self, hashes: NDArray[np.uint64], *, leave_one_out: bool
    ) -> NDArray[np.bool_]:
        """Return which words do not occur in other rows, or in any row."""
        if not len(self.hashes):
            return np.ones(len(hashes), dtype=bool)
        place = np.searchsorted(self.hashes, hashes).clip(max=len(self.hashes) - 1)
        unseen = self.hashes[place] != hashes
        return unseen | self.in_one_row[place] if leave_one_out else unseen


class VocabularyBuilder:
    """Collects the words of parts of a column."""

    def __init__(self) -> None:
        self._merged = np.empty(0, np.uint64), np.empty(0, np.uint8)
        self._pending: list[tuple[NDArray[np.uint64], NDArray[np.uint8]]] = []

    def add(self, column: pd.Series) -> None:
        """Add the words of the next rows."""
        texts = _tokenized(_present(column))
        # A row counts once, however often it has the word.
        _, words = _distinct(texts)
        n_rows = np.bincount(words, minlength=len(texts.words))
        self._pending.append(
            (hash_words(texts.words), n_rows.clip(max=2).astype(np.uint8))
        )
        # Merged when there is as much to add as there is: the time is proportional to
        # the number of words, up to a logarithm.
        if sum(len(part[0]) for part in self._pending) > len(self._merged[0]):
            self._merge()

    def build(self) -> Vocabulary:
        """Return the words of all parts."""
        self._merge()
        return Vocabulary(self._merged[0], self._merged[1] == 1)

    def _merge(self) -> None:
        parts = [self._merged, *self._pending]
        hashes, place = np.unique(
            np.concatenate([part[0] for part in parts]), return_inverse=True
        )
        n_rows = np.bincount(place, np.concatenate([part[1] for part in parts]))
        self._merged = hashes, n_rows.clip(max=2).astype(np.uint8)
        self._pending = []


@dataclass(frozen=True)
class TextColumn:
    """Summary of a column of texts.

    `n_words` and `n_unseen` have the numbers of words, and of those that are not in the
    vocabulary, of each non-missing text. `hashes` and `offsets` have the words of some
    of the texts, in random order. `unseen_words` has the number of texts by word.
    """

    n_rows: int
    n_words: NDArray[np.int32]
    n_unseen: NDArray[np.int32]
    hashes: NDArray[np.uint32]
    offsets: NDArray[np.int64]
    vocabulary: Vocabulary | None
    unseen_words: dict[str, int] = field(default_factory=dict)

    @property
    def n_missing(self) -> int:
        """Number of missing texts."""
        return self.n_rows - len(self.n_words)

    @property
    def unseen_shares(self) -> NDArray[np.float64]:
        """Share of the words of each text that are not in the vocabulary."""
        has_words = self.n_words > 0
        shares = self.n_unseen[has_words] / self.n_words[has_words]
        return np.asarray(shares, dtype=np.float64)


def summarize_texts(
    column: pd.Series,
    vocabulary: Vocabulary,
    generator: np.random.Generator,
    *,
    is_reference: bool,
) -> TextColumn:
    """Summarize a sample of texts; of the reference, it is part of the vocabulary.

    A word of a row of the reference is unseen if no other row has it: the expected
    share of such words is that of new rows from the same distribution.
    """
    texts = _tokenized(_present(column))
    hashes = hash_words(texts.words)
    unseen = vocabulary.unseen(hashes, leave_one_out=is_reference)
    before = np.append(0, np.cumsum(unseen[texts.tokens]))
    n_unseen = np.diff(before[texts.offsets])
    chosen = generator.permutation(len(texts))[:_MAX_TEXTS]
    kept, offsets = _words_of(texts, chosen)
    return TextColumn(
        n_rows=len(column),
        n_words=np.diff(texts.offsets).astype(np.int32),
        n_unseen=n_unseen.astype(np.int32),
        hashes=hashes[kept].astype(np.uint32),
        offsets=offsets,
        vocabulary=vocabulary if is_reference else None,
        unseen_words={} if is_reference else _most_frequent(texts, unseen),
    )


def check_texts(column: pd.Series, first_row: int) -> None:
    """Raise if a cell of a part of a column is neither missing nor text."""
    for row, cell in enumerate(column.to_numpy(dtype=object), first_row):
        if not isinstance(cell, str) and not is_missing(cell):
            raise TypeError(
                f"{shown(column.name)} row {row} ({shown(cell)}): expected text, found "
                f"{type(cell).__name__}. Convert the column to text, or pass its kind: "
                "columns={" + f"{shown(column.name)}: ...}}."
            )


def _present(column: pd.Series) -> NDArray[np.object_]:
    """Return the cells that are not missing."""
    cells = column.to_numpy(dtype=object)
    return cells[~missing_mask(cells)]


def _tokenized(cells: NDArray[Any]) -> NumberedTexts:
    return tokenise(cells[:, None], _MAX_WORDS).words


def _distinct(texts: NumberedTexts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct pairs of text and word."""
    n_words = max(len(texts.words), 1)
    owners = np.repeat(np.arange(len(texts)), np.diff(texts.offsets))
    pairs = np.unique(owners * n_words + texts.tokens)
    return pairs // n_words, pairs % n_words


def _words_of(
    texts: NumberedTexts, chosen: NDArray[np.intp]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the words of some texts, and the offsets of these texts."""
    lengths = np.diff(texts.offsets)[chosen]
    offsets = np.append(0, np.cumsum(lengths))
    places = np.arange(offsets[-1]) + np.repeat(
        texts.offsets[chosen] - offsets[:-1], lengths
    )
    return texts.tokens[places], offsets


def _most_frequent(texts: NumberedTexts, unseen: NDArray[np.bool_]) -> dict[str, int]:
    """Return the number of texts of the most frequent unseen words."""
    _, words = _distinct(texts)
    n_texts = np.bincount(words, minlength=len(texts.words)) * unseen
    order = np.argsort(-n_texts, kind="stable")[:_MAX_LISTED]
    return {texts.words[i]: int(n_texts[i]) for i in order if n_texts[i]}
