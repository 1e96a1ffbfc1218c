"""From strings to words, and from words and n-grams to numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

#: A word; "12oz" and "7x3" stay whole.
_WORD = re.compile(r"\w+")

#: First character of the token that opens a column; no word can hold it.
SEPARATOR = "\x02"

#: Characters of a word or chunk that n-grams are read from.
_MAX_CHARACTERS = 40


@dataclass(frozen=True)
class TokenisedTexts:
    """Rows of text, cut in two ways.

    Parameters
    ----------
    words : list of list of str
        Words of each row, in lower case and NFKC form. With several columns, each
        column opens with a token of its own.

    chunks : list of list of str
        What stands between white space in each row, with its punctuation.
    """

    words: list[list[str]]
    chunks: list[list[str]]

    def __len__(self) -> int:
        return len(self.words)

    def take(self, rows: NDArray[np.intp]) -> TokenisedTexts:
        """Return some of the rows."""
        return TokenisedTexts(
            [self.words[row] for row in rows], [self.chunks[row] for row in rows]
        )


def tokenise(cells: NDArray[np.object_], max_length: int) -> TokenisedTexts:
    """Cut rows of text into words and into chunks.

    Parameters
    ----------
    cells : ndarray of shape (n_rows, n_columns), dtype object
        Strings.

    max_length : int
        Words, and chunks, kept of each cell.

    Returns
    -------
    TokenisedTexts
        The rows.
    """
    several = cells.shape[1] > 1
    words: list[list[str]] = []
    chunks: list[list[str]] = []
    for row in cells:
        words.append([])
        chunks.append([])
        for column, text in enumerate(row):
            text = unicodedata.normalize("NFKC", text).lower()
            if several:
                words[-1].append(f"{SEPARATOR}{column}")
            words[-1] += _WORD.findall(text)[:max_length]
            chunks[-1] += text.split()[:max_length]
    return TokenisedTexts(words, chunks)


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
