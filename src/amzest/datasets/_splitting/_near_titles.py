"""Groups of titles that are equal or nearly equal."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.datasets._shared._column_chunks import ColumnChunks
from amzest.datasets._shared._row_listing import cell_type_error
from amzest.datasets._shared._title_key import normalise_titles
from amzest.datasets._splitting._set_join import near_set_groups
from amzest.datasets._splitting._word_sets import (
    Int32,
    Int64,
    distinct_words,
    word_numbering,
)
from amzest.datasets._splitting._word_store import WordStore
from amzest.utils import is_missing

#: Number of titles whose words are held as strings at a time.
_CHUNK = 50_000


def near_title_groups(
    titles: ColumnChunks | Sequence[Any] | NDArray[Any],
    similarity: float = 0.8,
    *,
    name: str = "titles",
) -> Int64:
    """Label titles so that near ones, and chains of them, have one label.

    Two titles are near if the sets of their normalized words have at least this Jaccard
    similarity. Missing titles are near to none; titles of punctuation, such as
    "***", are near only if they are equal.

    Examples
    --------
    >>> titles = ["Acme Mug 3 Blue", "ACME mug, 3 (blue)", None, "Acme Mug 3 Blue New"]
    >>> near_title_groups(titles).tolist()
    [0, 0, 1, 0]
    >>> near_title_groups(titles, similarity=0.9).tolist()
    [0, 0, 1, 2]
    """
    chunks = ColumnChunks.of(titles, _CHUNK)
    indptr, words = _word_sets(chunks, name)
    return near_set_groups(indptr, words, similarity)


def _word_sets(titles: ColumnChunks, name: str) -> tuple[Int64, Int32]:
    """Return `indptr` and the sorted distinct words of each title."""
    number_of = word_numbering()
    words, sizes = WordStore(), array("i")
    for cells in titles.read():
        chunk = _texts(cells)
        if not all(title is None or isinstance(title, str) for title in chunk):
            raise _type_error(titles, name)
        spoken, lengths = array("i"), []
        for title, text in zip(chunk, normalise_titles(chunk), strict=True):
            # A title of punctuation is one word of its own: with a space before it, it
            # differs from all words.
            found = text.split() if text or title is None else [" " + title.strip()]
            spoken.extend(map(number_of, found))
            lengths.append(len(found))
        rows = np.repeat(np.arange(len(lengths)), np.array(lengths, dtype=np.int64))
        starts, distinct = distinct_words(
            rows, np.frombuffer(spoken, dtype=np.int32), len(lengths)
        )
        words.extend(distinct)
        sizes.frombytes(np.diff(starts).astype(np.int32).tobytes())
    indptr = np.zeros(len(sizes) + 1, dtype=np.int64)
    np.cumsum(np.frombuffer(sizes, dtype=np.int32), out=indptr[1:])
    return indptr, words.read()


def _texts(titles: Any) -> list[Any]:
    """Return the titles, with None for missing ones."""
    return [
        cell
        if isinstance(cell, str) and cell and not cell.isspace()
        else (None if is_missing(cell) else cell)
        for cell in titles
    ]


def _type_error(titles: ColumnChunks, name: str) -> TypeError:
    cells = _texts(titles.cells())
    wrong = [row for row, cell in enumerate(cells) if not isinstance(cell, str | None)]
    advice = "Convert them with .astype(str), and leave missing ones missing."
    return cell_type_error(name, "is not a string", wrong, cells, advice)
