"""Pretrained word vectors from text files of GloVe and word2vec."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Collection, Iterator
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from amzest.utils import normalize_unicode


class WordVectors(NamedTuple):
    """Words with a vector, in the order of the file."""

    rows: dict[str, int]  # word -> row, from 1
    vectors: NDArray[np.float32]  # row 0 is zero
    n_first: int  # number of words that are kept even if no training text has them

    def of(self, words: Collection[str]) -> WordVectors:
        """Return the vectors of the first words and of the given ones."""
        kept = [w for w, row in self.rows.items() if row <= self.n_first or w in words]
        if len(kept) == len(self.rows):
            return self
        vectors = self.vectors[[0, *(self.rows[word] for word in kept)]]
        rows = {word: row for row, word in enumerate(kept, start=1)}
        return WordVectors(rows, vectors, self.n_first)


def read_word_vectors(
    path: str | PathLike[str], wanted: Collection[str], n_first: int
) -> WordVectors:
    """Read the vectors of the `wanted` words and of the first `n_first` words.

    Words are lowercased; the first spelling in the file is used.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(
            f'`embeddings` is "{path}", but there is no such file. Pass a text file of '
            "word vectors (GloVe or word2vec) or None."
        )
    rows: dict[str, int] = {}
    vectors: list[NDArray[np.float32]] = []
    size = n_kept_first = 0
    for place, (number, line) in enumerate(_lines(path), start=1):
        fields = line.rstrip().split(" ")
        if place == 1 and len(fields) == 2:  # header of word2vec: number, size
            n_first += 1
            continue
        if not size:
            size = len(fields) - 1
            vectors.append(np.zeros(size, dtype=np.float32))
        if size < 1 or len(fields) < size + 1:
            raise ValueError(
                f'`embeddings` "{path}", line {number}: expected a word and '
                f"{max(size, 1)} numbers, found {len(fields)} fields."
            )
        # Some words of GloVe contain spaces.
        word = normalize_unicode("NFKC", " ".join(fields[:-size])).lower()
        if word in rows or not (place <= n_first or word in wanted):
            continue
        try:
            with np.errstate(over="ignore"):
                vector = np.array(fields[-size:], dtype=np.float32)
        except ValueError as error:
            raise ValueError(
                f'`embeddings` "{path}", line {number}: {error}.'
            ) from error
        if not np.isfinite(vector).all():
            raise ValueError(
                f'`embeddings` "{path}", line {number}: a number is not finite.'
            )
        vectors.append(vector)
        rows[word] = len(vectors) - 1
        n_kept_first += place <= n_first
    if not vectors:
        raise ValueError(f'`embeddings` "{path}" contains no word vector.')
    return WordVectors(rows, np.stack(vectors), n_kept_first)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the non-empty lines, with their numbers from 1."""
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line
    except UnicodeDecodeError as error:
        raise ValueError(
            f'`embeddings` "{path}" is not a UTF-8 text file ({error}). Convert binary '
            "word2vec files to text first."
        ) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(
            f'`embeddings` "{path}" is not a complete gzip file ({error}).'
        ) from error
