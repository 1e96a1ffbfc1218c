"""From strings to words, and from words to hashed character n-grams."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

#: A word; "12oz" and "7x3" stay whole.
_WORD = re.compile(r"\w+")

#: First character of the token that opens a column; no word can hold it.
SEPARATOR = "\x02"

#: Characters of a word that n-grams are read from.
_MAX_WORD_LENGTH = 20


def tokenise(cells: NDArray[np.object_], max_length: int) -> list[list[str]]:
    """Split rows of text into words.

    Parameters
    ----------
    cells : ndarray of shape (n_rows, n_columns), dtype object
        Strings.

    max_length : int
        Words kept of each cell.

    Returns
    -------
    list of list of str
        Words of each row, in lower case and NFKC form. With several columns, each
        column opens with a token of its own.
    """
    several = cells.shape[1] > 1
    rows = []
    for row in cells:
        words: list[str] = []
        for column, text in enumerate(row):
            if several:
                words.append(f"{SEPARATOR}{column}")
            found = _WORD.findall(unicodedata.normalize("NFKC", text).lower())
            words += found[:max_length]
        rows.append(words)
    return rows


def hash_ngrams(
    words: Sequence[str], shortest: int, longest: int, n_buckets: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Hash the character n-grams of words into buckets.

    Words are framed as ``<word>``, so that beginnings and ends are told apart. The hash
    depends on the characters alone: it is the same in every process.

    Parameters
    ----------
    words : sequence of str
        Distinct words; a separator token has no n-grams.

    shortest, longest : int
        Lengths of n-grams in characters.

    n_buckets : int
        Number of buckets.

    Returns
    -------
    buckets : ndarray of shape (n_ngrams,), dtype int64
        Buckets of the n-grams, word after word.

    offsets : ndarray of shape (n_words + 1,), dtype int64
        Where the n-grams of each word begin.

    References
    ----------
    Bojanowski et al. (2017), Enriching Word Vectors with Subword Information.
    """
    framed = [
        "" if word.startswith(SEPARATOR) else f"<{word[:_MAX_WORD_LENGTH]}>"
        for word in words
    ]
    codes = np.frombuffer("".join(framed).encode("utf-32-le", "surrogatepass"), "<u4")
    codes = codes.astype(np.uint64)
    owner = np.repeat(np.arange(len(framed)), [len(word) for word in framed])
    owners, buckets = [owner[:0]], [np.empty(0, dtype=np.int64)]
    for n in range(shortest, longest + 1):
        n_starts = len(codes) - n + 1
        if n_starts <= 0:
            break
        inside = owner[:n_starts] == owner[n - 1 :]
        hashed = np.full(n_starts, n, dtype=np.uint64)
        for place in range(n):  # FNV-1a's multiplier
            hashed = hashed * np.uint64(0x100000001B3) + codes[place : place + n_starts]
        owners.append(owner[:n_starts][inside])
        buckets.append((_mix(hashed[inside]) % np.uint64(n_buckets)).astype(np.int64))
    all_owners = np.concatenate(owners)
    order = np.argsort(all_owners, kind="stable")
    counts = np.bincount(all_owners, minlength=len(framed))
    return np.concatenate(buckets)[order], np.append(0, np.cumsum(counts))


def hash_words(words: Sequence[str]) -> NDArray[np.uint64]:
    """Give each word a number that is the same in every process.

    Parameters
    ----------
    words : sequence of str
        Words.

    Returns
    -------
    ndarray of shape (n_words,), dtype uint64
        32-bit hashes.
    """
    hashes = (crc32(word.encode("utf-8", "surrogatepass")) for word in words)
    return np.fromiter(hashes, dtype=np.uint64, count=len(words))


def hash_pairs(
    first: NDArray[np.uint64], second: NDArray[np.uint64], n_buckets: int
) -> NDArray[np.int64]:
    """Hash pairs of neighbouring words into buckets.

    Parameters
    ----------
    first, second : ndarray of shape (n_pairs,), dtype uint64
        Hashes of words, as :func:`hash_words` gives them.

    n_buckets : int
        Number of buckets.

    Returns
    -------
    ndarray of shape (n_pairs,), dtype int64
        Bucket of each pair.
    """
    mixed = _mix(first * np.uint64(0x9E3779B97F4A7C15) + second)
    return (mixed % np.uint64(n_buckets)).astype(np.int64)


def _mix(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread the bits (the finaliser of MurmurHash3)."""
    hashes = hashes ^ (hashes >> np.uint64(33))
    hashes = hashes * np.uint64(0xFF51AFD7ED558CCD)
    return hashes ^ (hashes >> np.uint64(33))
