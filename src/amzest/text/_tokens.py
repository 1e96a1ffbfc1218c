"""Tokenization, and hashes of words, word pairs and character n-grams."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, count, cycle
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from amzest.text._ragged import offsets_of, row_parts
from amzest.utils import ArrayParts, concatenated, normalize_unicode

#: A word; "12oz" and "7x3" are one word each.
_WORD = re.compile(r"\w+")

#: The same for ASCII text, as a faster byte table: lower case, and spaces for all
#: other characters.
_ASCII_WORDS = bytes(
    ord(sign.lower()) if _WORD.match(sign := chr(code)) else ord(" ")
    for code in range(128)
).ljust(256)

#: First character of the token that starts a column; no word contains it.
SEPARATOR = "\x02"

#: Number of characters of a word or chunk whose n-grams are hashed.
_MAX_CHARACTERS = 40

#: Bit that distinguishes hashes of n-grams from those of words and pairs: sorted by
#: hash, the n-grams are last.
NGRAM_BIT = np.uint64(2**63)

#: 2**64 divided by the golden ratio (Fibonacci hashing).
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)

#: Cells of this many words or more are copies of each other if they are equal.
_MIN_WORDS_OF_COPY = 5

#: Number of words whose n-grams are hashed at a time, to limit memory.
_WORDS_PER_BLOCK = 4096

#: Number of rows that are tokenized at a time, to limit memory.
_ROWS_PER_PART = 2**13

#: Number of characters used of a cell for each of its `max_length` tokens.
_CHARACTERS_PER_TOKEN = 1_000


@dataclass(frozen=True)
class NumberedTexts:
    """Texts as ragged arrays of indices of their distinct words (or chunks)."""

    words: list[str]  # distinct, in order of appearance
    tokens: NDArray[np.int32]  # of all texts, as indices of `words`
    offsets: NDArray[np.int64]  # start of each text in `tokens`, and the end

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def n_bytes(self) -> int:
        """Size in memory."""
        words = sum(map(sys.getsizeof, self.words)) + sys.getsizeof(self.words)
        return words + self.tokens.nbytes + self.offsets.nbytes

    def starts_of_cells(self) -> NDArray[np.intp]:
        """Return where the cells of all texts start in `tokens`, without empty ones."""
        is_start = np.array([word.startswith(SEPARATOR) for word in self.words], bool)
        is_start = is_start[self.tokens]
        is_start[self.offsets[:-1][np.diff(self.offsets) > 0]] = True
        return np.flatnonzero(is_start)

    def count(self, is_counted: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return how many words of each text are some of the distinct words."""
        result = np.zeros(len(self), dtype=np.int64)
        for first, last in row_parts(self.offsets):
            start, end = self.offsets[[first, last]]
            total = offsets_of(is_counted[self.tokens[start:end]])
            result[first:last] = np.diff(total[self.offsets[first : last + 1] - start])
        return result

    def truncated(self, max_length: int) -> NumberedTexts:
        """Return the first `max_length` words of each cell, and the separators."""
        if np.diff(self.offsets).max(initial=0) <= max_length:
            return self
        starts = self.starts_of_cells()
        lengths = np.diff(starts, append=len(self.tokens))
        position = np.arange(len(self.tokens)) - np.repeat(starts, lengths)
        has_separator = np.array([w.startswith(SEPARATOR) for w in self.words], bool)
        limits = max_length + has_separator[self.tokens[starts]]
        kept = position < np.repeat(limits, lengths)
        used, tokens = np.unique(self.tokens[kept], return_inverse=True)
        words = [self.words[number] for number in used]
        offsets = offsets_of(kept)[self.offsets]
        return NumberedTexts(words, tokens.astype(np.int32), offsets)


@dataclass(frozen=True)
class TokenisedTexts:
    """Samples, tokenized in two ways."""

    words: NumberedTexts  # in lower case and NFKC form, with separators of columns
    chunks: NumberedTexts  # between whitespace, including punctuation
    #: Features counted in the texts, by lengths of n-grams.
    counted: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """Which samples have a token that is not the separator of a column."""
        words = self.words.words
        is_word = np.array([not word.startswith(SEPARATOR) for word in words], bool)
        return self.words.count(is_word) > 0


def tokenise(cells: NDArray[np.object_], max_length: int) -> TokenisedTexts:
    """Tokenize cells of shape (n_rows, n_columns) into words and into chunks.

    At most `max_length` words and chunks are kept of each cell, and no more than 1,000
    characters for each of them are used.
    """
    tokeniser = Tokeniser(cells.shape[1], max_length)
    for start in range(0, len(cells), _ROWS_PER_PART):
        tokeniser.add(cells[start : start + _ROWS_PER_PART])
    return tokeniser.texts()


class Tokeniser:
    """Tokenizes texts part by part, with the same result as all at once."""

    def __init__(self, n_columns: int, max_length: int) -> None:
        self._n_columns, self._max_length = n_columns, max_length
        self._words, self._chunks = _Numbering(n_columns), _Numbering(n_columns)

    def add(self, cells: NDArray[np.object_]) -> None:
        """Tokenize further rows, cells of shape (n_rows, n_columns)."""
        max_length = self._max_length
        limit = _CHARACTERS_PER_TOKEN * max_length
        flat = [_normalise(cell[:limit]) for cell in cells.ravel().tolist()]
        words: Iterable[list[str]] = (_words(text)[:max_length] for text in flat)
        if self._n_columns > 1:
            columns = range(self._n_columns)
            separators = cycle([f"{SEPARATOR}{column}"] for column in columns)
            words = map(add, separators, words)
        self._words.add(words)
        self._chunks.add(text.split()[:max_length] for text in flat)

    def texts(self) -> TokenisedTexts:
        """Return all rows."""
        return TokenisedTexts(self._words.texts(), self._chunks.texts())


def _normalise(text: str) -> str:
    return normalize_unicode("NFKC", text).lower()


def _words(text: str) -> list[str]:
    if text.isascii():
        return text.encode().translate(_ASCII_WORDS).decode().split()
    return _WORD.findall(text)


class _Numbering:
    """Replaces words by numbers; cells come row by row."""

    def __init__(self, n_columns: int) -> None:
        self._n_columns = n_columns
        # The length of the dictionary as the next number would be a reference to
        # itself, which keeps the words in memory until they are garbage collected.
        self._index: defaultdict[str, int] = defaultdict(count().__next__)
        self._tokens, self._lengths = ArrayParts(np.int32), ArrayParts(np.int32)

    def add(self, cells: Iterable[list[str]]) -> None:
        """Add the words of the cells of further rows."""
        lengths: list[int] = []

        def with_lengths() -> Iterator[list[str]]:
            for cell in cells:
                lengths.append(len(cell))
                yield cell

        numbered = map(self._index.__getitem__, chain.from_iterable(with_lengths()))
        self._tokens.append(np.fromiter(numbered, dtype=np.int32))
        by_text = np.array(lengths, dtype=np.int64).reshape(-1, self._n_columns)
        self._lengths.append(by_text.sum(axis=1))

    def texts(self) -> NumberedTexts:
        """Return all rows."""
        offsets = offsets_of(self._lengths.array())
        return NumberedTexts(list(self._index), self._tokens.array(), offsets)


def hash_words(words: Sequence[str]) -> NDArray[np.uint64]:
    """Return 63-bit hashes of words, the same in every process."""
    return concatenated(_hash_words, blocks_of(words), np.uint64)


def blocks_of(words: Any) -> Iterator[Any]:
    """Yield words, or an array of a number for each word, in blocks to limit memory."""
    for first in range(0, len(words), _WORDS_PER_BLOCK):
        yield words[first : first + _WORDS_PER_BLOCK]


def _hash_words(words: Sequence[str]) -> NDArray[np.uint64]:
    codes, lengths = _code_points(words)
    ends = np.cumsum(lengths)
    # A polynomial of the characters; the last one has power 0. Integers overflow.
    powers = np.full(lengths.max(initial=1), _GOLDEN, dtype=np.uint64)
    powers[0] = 1
    powers = np.multiply.accumulate(powers)
    codes *= powers[np.repeat(ends, lengths) - 1 - np.arange(len(codes))]
    hashes = np.zeros(len(words), dtype=np.uint64)
    filled = lengths > 0
    hashes[filled] = np.add.reduceat(codes, (ends - lengths)[filled])
    return _mix(hashes + lengths.astype(np.uint64)) & ~NGRAM_BIT


def hash_pairs(
    first: NDArray[np.uint64], second: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    """Return 63-bit hashes of word pairs from the hashes of the words."""
    return _mix(first * _GOLDEN + second) & ~NGRAM_BIT


def hash_ngrams(
    words: Sequence[str], shortest: int, longest: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return 64-bit hashes of the character n-grams of words, as a ragged array.

    Words are framed as ``<word>``, so that prefixes and suffixes differ from other
    n-grams (Bojanowski et al., 2017). Separator tokens have no n-grams. The n-grams of
    a word are sorted by their first character, then by length; `NGRAM_BIT` is set.
    """
    lengths = ArrayParts(np.int64)

    def hash_block(block: Sequence[str]) -> NDArray[np.uint64]:
        framed = [
            "" if word.startswith(SEPARATOR) else f"<{word[:_MAX_CHARACTERS]}>"
            for word in block
        ]
        codes, n_characters = _code_points(framed)
        counts = n_characters[:, None] - np.arange(shortest - 1, longest)
        lengths.append(np.maximum(counts, 0).sum(axis=1))
        return _hash_ngrams(codes, n_characters, shortest, longest)

    hashes = concatenated(hash_block, blocks_of(words), np.uint64)
    return hashes, offsets_of(lengths.array())


def _hash_ngrams(
    codes: NDArray[np.uint64], lengths: NDArray[np.int64], shortest: int, longest: int
) -> NDArray[np.uint64]:
    """Return the hashes of the n-grams of words, from their characters."""
    n_left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(codes))
    shape = len(codes), longest - shortest + 1
    hashes, inside = np.empty(shape, dtype=np.uint64), np.empty(shape, dtype=bool)
    # A polynomial of the n characters from each character on, with the prime of FNV-1a.
    rolling = np.ones(len(codes), dtype=np.uint64)
    for n in range(1, longest + 1):
        rolling *= np.uint64(0x100000001B3)
        rolling[: max(0, len(codes) - n + 1)] += codes[n - 1 :]
        if n >= shortest:
            hashes[:, n - shortest] = _mix(rolling)
            inside[:, n - shortest] = n_left >= n  # all are of one word
    return hashes[inside] | NGRAM_BIT


def _code_points(
    words: Sequence[str],
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the characters of all words as integers, and the length of each word."""
    joined = "".join(words).encode("utf-32-le", "surrogatepass")
    lengths = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
    return np.frombuffer(joined, "<u4").astype(np.uint64), lengths


def _mix(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread the bits: a part of the finalizer of MurmurHash3."""
    hashes = hashes ^ (hashes >> np.uint64(33))
    hashes *= np.uint64(0xFF51AFD7ED558CCD)
    hashes ^= hashes >> np.uint64(33)
    return hashes


def group_copies(texts: TokenisedTexts) -> NDArray[np.int64]:
    """Return a group for each text, the same for texts that share a long cell.

    A cell is long if it has five words or more: descriptions of several products are
    often copies, while a brand or a series may be shared by products that differ. Texts
    that are equal as a whole are in one group, too.
    """
    offsets = texts.words.offsets
    starts = texts.words.starts_of_cells()
    lengths = np.diff(starts, append=len(texts.words.tokens))
    several = len(starts) > np.count_nonzero(np.diff(offsets))
    long = lengths >= _MIN_WORDS_OF_COPY if several else np.zeros(len(starts), bool)
    starts, lengths = starts[long], lengths[long]
    owners = np.searchsorted(offsets, starts, side="right") - 1
    # A graph of texts and contents: its connected components are the groups.
    contents = np.append(
        _hash_spans(texts.words, offsets[:-1], np.diff(offsets)),
        _hash_spans(texts.words, starts, lengths),
    )
    _, first, nodes = np.unique(contents, return_index=True, return_inverse=True)
    n_texts = len(texts)
    if not several:  # groups are numbered by their first texts
        number = np.empty(len(first), dtype=np.int64)
        number[np.argsort(first)] = np.arange(len(first))
        return number[nodes]
    edges = np.append(np.arange(n_texts), owners), n_texts + nodes
    n_nodes = n_texts + len(first)
    graph = sparse.coo_array((np.ones(len(nodes)), edges), (n_nodes, n_nodes))
    _, groups = connected_components(graph, directed=False)
    return groups[:n_texts].astype(np.int64)


def _hash_spans(
    texts: NumberedTexts, starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Return 64-bit hashes of parts of the texts: equal ones have the same hash."""
    hashes = np.zeros(len(starts), dtype=np.uint64)
    powers = np.full(lengths.max(initial=1), _GOLDEN, dtype=np.uint64)
    powers[0] = 1
    powers = np.multiply.accumulate(powers)
    for first, last in row_parts(offsets_of(lengths)):
        counts = lengths[first:last]
        local = offsets_of(counts)
        position = np.arange(local[-1]) - np.repeat(local[:-1], counts)
        index = np.repeat(starts[first:last], counts) + position
        numbers = _mix((texts.tokens[index].astype(np.uint64) + np.uint64(1)) * _GOLDEN)
        numbers *= powers[position]
        filled = counts > 0
        hashes[first:last][filled] = np.add.reduceat(numbers, local[:-1][filled])
    return _mix(hashes + lengths.astype(np.uint64))
