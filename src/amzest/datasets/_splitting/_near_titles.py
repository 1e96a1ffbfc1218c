"""Groups of titles that are equal or nearly equal."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.datasets._shared._row_listing import cell_type_error
from amzest.datasets._shared._title_key import normalise_titles
from amzest.datasets._splitting._set_join import near_set_groups
from amzest.datasets._splitting._word_sets import (
    Int32,
    Int64,
    distinct_words,
    word_numbering,
)
from amzest.utils import is_missing

#: Number of titles whose words are held as strings at a time.
_CHUNK = 50_000


def near_title_groups(
    titles: Sequence[Any] | NDArray[Any],
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
    indptr, words = _word_sets(titles, name)
    return near_set_groups(indptr, words, similarity)


def _word_sets(titles: Sequence[Any] | NDArray[Any], name: str) -> tuple[Int64, Int32]:
    """Return `indptr` and the sorted distinct words of each title."""
    number_of = word_numbering()
    words, lengths = array("i"), array("i")
    for start in range(0, len(titles), _CHUNK):
        chunk = _texts(titles[start : start + _CHUNK])
        if not all(title is None or isinstance(title, str) for title in chunk):
            raise _type_error(titles, name)
        for title, text in zip(chunk, normalise_titles(chunk), strict=True):
            # A title of punctuation is one word of its own: with a space before it, it
            # differs from all words.
            found = text.split() if text or title is None else [" " + title.strip()]
            words.extend(map(number_of, found))
            lengths.append(len(found))
    del number_of  # and with it the words as strings
    rows = np.repeat(np.arange(len(lengths)), np.array(lengths, dtype=np.int64))
    return distinct_words(rows, np.array(words, dtype=np.int32), len(lengths))


def _texts(titles: Any) -> list[Any]:
    """Return the titles, with None for missing ones."""
    return [
        cell
        if isinstance(cell, str) and cell and not cell.isspace()
        else (None if is_missing(cell) else cell)
        for cell in titles
    ]


def _type_error(titles: Any, name: str) -> TypeError:
    cells = _texts(titles)
    wrong = [row for row, cell in enumerate(cells) if not isinstance(cell, str | None)]
    advice = "Convert them with .astype(str), and leave missing ones missing."
    return cell_type_error(name, "is not a string", wrong, cells, advice)
