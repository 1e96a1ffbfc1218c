"""Groups of descriptions that are equal or nearly equal, apart from boilerplate."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.datasets._shared._row_listing import cell_type_error
from amzest.datasets._shared._title_key import normalise_title
from amzest.datasets._splitting._labels import number_labels
from amzest.datasets._splitting._set_join import near_set_groups
from amzest.datasets._splitting._word_sets import (
    Int32,
    Int64,
    distinct_words,
    expand,
    take_sets,
    word_numbering,
)
from amzest.utils import is_missing

#: Number of characters of a description that are compared.
MAX_CHARACTERS = 4_000
#: Least number of distinct words, without boilerplate, of a description to compare.
MIN_WORDS = 5
#: A sentence is boilerplate if it occurs under more titles than both of these.
BOILERPLATE_TITLES = 20
BOILERPLATE_FRACTION = 0.02

#: The end of a sentence; an HTML tag ends a sentence as well.
_SENTENCE_END = re.compile(r"[.!?;]+\s|[。！？\r\n]|<[^<>]{1,99}>")  # noqa: RUF001


def near_description_groups(
    descriptions: Iterable[Any],
    title_groups: Int64,
    similarity: float = 0.8,
    *,
    name: str = "descriptions",
) -> Int64:
    """Label descriptions so that near ones, and chains of them, have one label.

    Boilerplate is left out, see `group_products`. Near titles (`title_groups`) count
    once.

    Examples
    --------
    >>> text = "A soft blanket that feels nice against your skin"
    >>> texts = [text, "Fits in your bag.", text + ".", None, "Fits in your bag."]
    >>> near_description_groups(texts, np.arange(5)).tolist()
    [0, 1, 0, 2, 3]
    """
    words, lengths, hashes, counts = _sentences(descriptions, name)
    rows = np.repeat(np.arange(len(counts)), counts)
    titles_of = title_groups[rows]
    n_titles = len(np.unique(titles_of))
    limit = max(BOILERPLATE_TITLES, BOILERPLATE_FRACTION * n_titles)
    kept = _count_titles(hashes, titles_of) <= limit
    starts = np.cumsum(lengths) - lengths
    words = words[expand(starts[kept], lengths[kept])]
    indptr, words = distinct_words(
        np.repeat(rows[kept], lengths[kept]), words, len(counts)
    )
    sizes = np.diff(indptr)
    long_enough = sizes >= MIN_WORDS
    # A description that is too short is an empty set, which is near to none.
    _, words = take_sets(indptr, words, long_enough)
    indptr = np.concatenate([[0], np.cumsum(np.where(long_enough, sizes, 0))])
    groups = near_set_groups(indptr, words, similarity)
    # Descriptions made from one template can form a chain through a whole shop. Groups
    # with more titles than make a sentence boilerplate are therefore divided, by a
    # similarity halfway to 1, and if need be into equal descriptions.
    for stricter in ((similarity + 1) / 2, 1.0):
        chained = _count_titles(groups, title_groups) > limit
        if not chained.any():
            break
        parts = near_set_groups(*take_sets(indptr, words, chained), stricter)
        groups[chained] = len(groups) + parts
        groups = number_labels(groups)
    return groups


def _sentences(
    descriptions: Iterable[Any], name: str
) -> tuple[Int32, Int64, Int64, Int64]:
    """Return all words, length and hash of each sentence, and sentences of each row."""
    number_of = word_numbering()
    # Hashes identify sentences: keeping the sentences would keep all texts in memory.
    words, lengths, hashes, counts = array("i"), array("q"), array("q"), array("q")
    wrong: dict[int, Any] = {}
    for row, cell in enumerate(descriptions):
        text = _text(cell)
        if text is None:
            wrong[row] = cell
            continue
        n_before = len(lengths)
        for sentence in _SENTENCE_END.split(text[:MAX_CHARACTERS]):
            normalised = normalise_title(sentence)
            if normalised:
                parts = normalised.split()
                words.extend(map(number_of, parts))
                lengths.append(len(parts))
                hashes.append(hash(normalised))
        counts.append(len(lengths) - n_before)
    if wrong:
        raise cell_type_error(
            name,
            "is neither a string nor a list of strings",
            list(wrong),
            wrong,
            "Convert them to strings, leave missing ones missing, or pass "
            "description_column=None.",
        )
    return (
        np.array(words, dtype=np.int32),
        np.array(lengths, dtype=np.int64),
        np.array(hashes, dtype=np.int64),
        np.array(counts, dtype=np.int64),
    )


def _text(cell: Any) -> str | None:
    """Return the text of a cell, "" if it is missing, None if its type is wrong."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, list | tuple | np.ndarray):
        lines = [_text(line) for line in cell]
        return "\n".join(filter(None, lines)) if None not in lines else None
    return "" if is_missing(cell) else None


def _count_titles(keys: Int64, title_groups: Int64) -> NDArray[np.float64]:
    """Count, for each row, the distinct titles among the rows with the same key."""
    order = np.lexsort((title_groups, keys))
    titles = title_groups[order]
    is_new = np.ones(len(order), dtype=bool)
    is_new[1:] = np.diff(keys[order]) != 0
    is_other_title = is_new | (np.diff(titles, prepend=-1) != 0)
    number = np.cumsum(is_new) - 1
    counts = np.empty(len(order))
    counts[order] = np.bincount(number, weights=is_other_title)[number]
    return counts
