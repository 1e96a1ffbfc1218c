"""Tokenization, and hashes of words, word pairs and character n-grams."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from itertools import chain, cycle
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.text._ragged import offsets_of
from amzest.utils import normalize_unicode

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

#: Number of characters used of a cell for each of its `max_length` tokens.
_CHARACTERS_PER_TOKEN = 1_000


@dataclass(frozen=True)
class NumberedTexts:
    """Texts as ragged arrays of indices of their distinct words (or chunks)."""

    words: list[str]  # distinct, in order of appearance
    tokens: NDArray[np.int64]  # of all texts, as indices of `words`
    offsets: NDArray[np.int64]  # start of each text in `tokens`, and the end

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def n_bytes(self) -> int:
        """Size in memory."""
        words = sum(map(sys.getsizeof, self.words)) + sys.getsizeof(self.words)
        return words + self.tokens.nbytes + self.offsets.nbytes

    def part(self, start: int, end: int) -> NumberedTexts:
        """Return some of the texts, without the words of the others."""
        offsets = self.offsets[start : end + 1]
        tokens = self.tokens[offsets[0] : offsets[-1]]
        used, tokens = np.unique(tokens, return_inverse=True)
        words = [self.words[place] for place in used]
        return NumberedTexts(words, tokens, offsets - offsets[0])


@dataclass(frozen=True)
class TokenisedTexts:
    """Samples, tokenized in two ways."""

    words: NumberedTexts  # in lower case and NFKC form, with separators of columns
    chunks: NumberedTexts  # between whitespace, including punctuation
    #: Features counted in the texts, by lengths of n-grams.
    counted: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.words)

    def part(self, start: int, end: int) -> TokenisedTexts:
        """Return some of the samples."""
        return TokenisedTexts(self.words.part(start, end), self.chunks.part(start, end))


def tokenise(cells: NDArray[np.object_], max_length: int) -> TokenisedTexts:
    """Tokenize cells of shape (n_rows, n_columns) into words and into chunks.

    At most `max_length` words and chunks are kept of each cell, and no more than 1,000
    characters for each of them are used.
    """
    n_columns = cells.shape[1]
    limit = _CHARACTERS_PER_TOKEN * max_length
    flat = [_normalise(cell[:limit]) for cell in cells.ravel().tolist()]
    words: Iterable[list[str]] = (_words(text)[:max_length] for text in flat)
    if n_columns > 1:
        separators = cycle([f"{SEPARATOR}{column}"] for column in range(n_columns))
        words = map(add, separators, words)
    chunks = (text.split()[:max_length] for text in flat)
    return TokenisedTexts(_number(words, n_columns), _number(chunks, n_columns))


def _normalise(text: str) -> str:
    return normalize_unicode("NFKC", text).lower()


def _words(text: str) -> list[str]:
    if text.isascii():
        return text.encode().translate(_ASCII_WORDS).decode().split()
    return _WORD.findall(text)


def _number(cells: Iterable[list[str]], n_columns: int) -> NumberedTexts:
    """Replace words by numbers; cells come row by row."""
    # The default of a new word is the number of words so far.
    index: defaultdict[str, int] = defaultdict()
    index.default_factory = index.__len__
    lengths: list[int] = []

    def with_lengths() -> Iterator[list[str]]:
        for cell in cells:
            lengths.append(len(cell))
            yield cell

    numbered = map(index.__getitem__, chain.from_iterable(with_lengths()))
    tokens = np.fromiter(numbered, dtype=np.int64)
    by_text = np.array(lengths, dtype=np.int64).reshape(-1, n_columns).sum(axis=1)
    return NumberedTexts(list(index), tokens, offsets_of(by_text))


def hash_words(words: Sequence[str]) -> NDArray[np.uint64]:
    """Return 64-bit hashes of words, the same in every process."""
    digests = b"".join(
        blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        for word in words
    )
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def hash_pairs(
    first: NDArray[np.uint64], second: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    """Return 64-bit hashes of word pairs from the hashes of the words."""
    # The multiplier is 2**64 divided by the golden ratio (Fibonacci hashing).
    return _mix(first * np.uint64(0x9E3779B97F4A7C15) + second)


def hash_ngrams(
    words: Sequence[str], shortest: int, longest: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return 64-bit hashes of the character n-grams of words, as a ragged array.

    Words are framed as ``<word>``, so that prefixes and suffixes differ from other
    n-grams (Bojanowski et al., 2017). Separator tokens have no n-grams.
    """
    framed = [
        "" if word.startswith(SEPARATOR) else f"<{word[:_MAX_CHARACTERS]}>"
        for word in words
    ]
    codes = np.frombuffer("".join(framed).encode("utf-32-le", "surrogatepass"), "<u4")
    codes = codes.astype(np.uint64)
    owner = np.repeat(np.arange(len(framed)), [len(word) for word in framed])
    owners, hashes = [owner[:0]], [codes[:0]]
    for n in range(shortest, longest + 1):
        n_starts = len(codes) - n + 1
        if n_starts <= 0:
            break
        inside = owner[:n_starts] == owner[n - 1 :]  # of one word
        hashed = np.full(n_starts, n, dtype=np.uint64)
        for i in range(n):  # a polynomial hash with the prime of FNV-1a
            hashed = hashed * np.uint64(0x100000001B3) + codes[i : i + n_starts]
        owners.append(owner[:n_starts][inside])
        hashes.append(_mix(hashed[inside]))
    all_owners = np.concatenate(owners)
    order = np.argsort(all_owners, kind="stable")
    counts = np.bincount(all_owners, minlength=len(framed))
    return np.concatenate(hashes)[order], np.append(0, np.cumsum(counts))


def _mix(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread the bits: a part of the finalizer of MurmurHash3."""
    hashes = hashes ^ (hashes >> np.uint64(33))
    hashes = hashes * np.uint64(0xFF51AFD7ED558CCD)
    return hashes ^ (hashes >> np.uint64(33))
