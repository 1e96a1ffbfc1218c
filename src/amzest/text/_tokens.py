"""From strings to words, and from words and n-grams to numbers."""

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

#: A word; "12oz" and "7x3" stay whole.
_WORD = re.compile(r"\w+")

#: The same for ASCII, where it is faster: lower case, and blanks for what is no word.
_ASCII_WORDS = bytes(
    ord(sign.lower()) if _WORD.match(sign := chr(code)) else ord(" ")
    for code in range(128)
).ljust(256)

#: First character of the token that opens a column; no word can hold it.
SEPARATOR = "\x02"

#: Characters of a word or chunk that n-grams are read from.
_MAX_CHARACTERS = 40

#: Characters read of a cell for each of the `max_length` tokens kept of it.
_CHARACTERS_PER_TOKEN = 1_000


@dataclass(frozen=True)
class NumberedTexts:
    """Texts as numbers of their distinct words (or chunks).

    Parameters
    ----------
    words : list of str
        Distinct words, in order of appearance.

    tokens : ndarray of shape (n_tokens,), dtype int64
        Words of all texts, one text after the other, as places in `words`.

    offsets : ndarray of shape (n_texts + 1,), dtype int64
        Where each text begins in `tokens`.
    """

    words: list[str]
    tokens: NDArray[np.int64]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def n_bytes(self) -> int:
        """Bytes in memory."""
        words = sum(map(sys.getsizeof, self.words)) + sys.getsizeof(self.words)
        return words + self.tokens.nbytes + self.offsets.nbytes

    def part(self, start: int, end: int) -> NumberedTexts:
        """Return some of the texts, with their words alone."""
        offsets = self.offsets[start : end + 1]
        tokens = self.tokens[offsets[0] : offsets[-1]]
        used, tokens = np.unique(tokens, return_inverse=True)
        words = [self.words[place] for place in used]
        return NumberedTexts(words, tokens, offsets - offsets[0])


@dataclass(frozen=True)
class TokenisedTexts:
    """Rows of text, cut in two ways.

    Parameters
    ----------
    words : NumberedTexts
        Words of each row, in lower case and NFKC form. With several columns, each
        column opens with a token of its own.

    chunks : NumberedTexts
        What stands between white space in each row, with its punctuation.

    counted : dict
        What was counted in the texts, kept for the next one who asks.
    """

    words: NumberedTexts
    chunks: NumberedTexts
    counted: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.words)

    def part(self, start: int, end: int) -> TokenisedTexts:
        """Return some of the rows."""
        return TokenisedTexts(self.words.part(start, end), self.chunks.part(start, end))


def tokenise(cells: NDArray[np.object_], max_length: int) -> TokenisedTexts:
    """Cut rows of text into words and into chunks.

    Parameters
    ----------
    cells : ndarray of shape (n_rows, n_columns), dtype object
        Strings.

    max_length : int
        Words, and chunks, kept of each cell. A cell is cut after 1,000 characters for
        each of them before anything else is done with it.

    Returns
    -------
    TokenisedTexts
        The rows.
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
    """Give distinct words numbers; cells come row after row."""
    # A word that is asked for the first time gets the next number.
    index: defaultdict[str, int] = defaultdict()
    index.default_factory = index.__len__
    lengths: list[int] = []

    def measured() -> Iterator[list[str]]:
        for cell in cells:
            lengths.append(len(cell))
            yield cell

    numbered = map(index.__getitem__, chain.from_iterable(measured()))
    tokens = np.fromiter(numbered, dtype=np.int64)
    by_text = np.array(lengths, dtype=np.int64).reshape(-1, n_columns).sum(axis=1)
    return NumberedTexts(list(index), tokens, offsets_of(by_text))


def hash_words(words: Sequence[str]) -> NDArray[np.uint64]:
    """Give each word a number that is the same in every process.

    Parameters
    ----------
    words : sequence of str
        Words.

    Returns
    -------
    ndarray of shape (n_words,), dtype uint64
        64-bit hashes.
    """
    digests = b"".join(
        blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        for word in words
    )
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def hash_pairs(
    first: NDArray[np.uint64], second: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    """Give pairs of neighbouring words a number.

    Parameters
    ----------
    first, second : ndarray of shape (n_pairs,), dtype uint64
        Hashes of words, as :func:`hash_words` gives them.

    Returns
    -------
    ndarray of shape (n_pairs,), dtype uint64
        64-bit hashes.
    """
    return _mix(first * np.uint64(0x9E3779B97F4A7C15) + second)


def hash_ngrams(
    words: Sequence[str], shortest: int, longest: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Give the character n-grams of words a number.

    Words are framed as ``<word>``, so that beginnings and ends are told apart.

    Parameters
    ----------
    words : sequence of str
        Distinct words or chunks; a separator token has no n-grams.

    shortest, longest : int
        Lengths of n-grams in characters.

    Returns
    -------
    hashes : ndarray of shape (n_ngrams,), dtype uint64
        64-bit hashes, word after word, the same in every process.

    offsets : ndarray of shape (n_words + 1,), dtype int64
        Where the n-grams of each word begin.

    References
    ----------
    Bojanowski et al. (2017), Enriching Word Vectors with Subword Information.
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
        inside = owner[:n_starts] == owner[n - 1 :]
        hashed = np.full(n_starts, n, dtype=np.uint64)
        for place in range(n):  # FNV-1a's multiplier
            hashed = hashed * np.uint64(0x100000001B3) + codes[place : place + n_starts]
        owners.append(owner[:n_starts][inside])
        hashes.append(_mix(hashed[inside]))
    all_owners = np.concatenate(owners)
    order = np.argsort(all_owners, kind="stable")
    counts = np.bincount(all_owners, minlength=len(framed))
    return np.concatenate(hashes)[order], np.append(0, np.cumsum(counts))


def _mix(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread the bits (the finaliser of MurmurHash3)."""
    hashes = hashes ^ (hashes >> np.uint64(33))
    hashes = hashes * np.uint64(0xFF51AFD7ED558CCD)
    return hashes ^ (hashes >> np.uint64(33))
