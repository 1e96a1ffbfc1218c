"""Groups of descriptions that are equal or nearly equal, apart from boilerplate."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
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
    take_sets,
    word_numbering,
)
from amzest.datasets._splitting._word_store import WordStore
from amzest.utils import is_missing

#: Number of characters of a description that are compared.
MAX_CHARACTERS = 4_000
#: Least number of distinct words, without boilerplate, of a description to compare.
MIN_WORDS = 5
#: A sentence is boilerplate if it occurs under more titles than both of these.
BOILERPLATE_TITLES = 20
BOILERPLATE_FRACTION = 0.02

#: Number of words, and of rows, that are collected and sorted at a time.
_CHUNK = 1 << 20
_CHUNK_ROWS = 20_000

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
    sentences = _read_sentences(descriptions, name)
    n_titles = len(np.unique(title_groups[sentences.counts > 0]))
    limit = max(BOILERPLATE_TITLES, BOILERPLATE_FRACTION * n_titles)
    left_out = _is_boilerplate(sentences, title_groups, limit)
    indptr, words = _word_sets(sentences, left_out)
    del sentences, left_out
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


@dataclass(frozen=True)
class _Sentences:
    """Words of all sentences, their number of words, their hash, and those of rows."""

    words: Int32
    lengths: Int32
    hashes: Int64
    #: Number of sentences of each row.
    counts: Int32


def _read_sentences(descriptions: Iterable[Any], name: str) -> _Sentences:
    number_of = word_numbering()
    # Hashes identify sentences: keeping the sentences would keep all texts in memory.
    store, words = WordStore(), array("i")
    lengths, hashes, counts = array("i"), array("q"), array("i")
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
        if len(words) > _CHUNK:
            store.extend(words)
            words = array("i")
    if wrong:
        raise cell_type_error(
            name,
            "is neither a string nor a list of strings",
            list(wrong),
            wrong,
            "Convert them to strings, leave missing ones missing, or pass "
            "description_column=None.",
        )
    store.extend(words)
    return _Sentences(
        store.read(),
        np.frombuffer(lengths, dtype=np.int32),
        np.frombuffer(hashes, dtype=np.int64),
        np.frombuffer(counts, dtype=np.int32),
    )


def _is_boilerplate(
    sentences: _Sentences, title_groups: Int64, limit: float
) -> NDArray[np.bool_]:
    """Mark the sentences that occur under more than `limit` titles."""
    # Only a sentence that occurs more often at all can occur under more titles.
    ordered = np.sort(sentences.hashes)
    starts = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))
    often = ordered[starts[np.diff(starts, append=len(ordered)) > limit]]
    del ordered, starts
    found = np.isin(sentences.hashes, often)
    if len(often):
        rows = np.repeat(
            np.arange(len(sentences.counts), dtype=np.int32), sentences.counts
        )[found]
        n_titles = _count_titles(sentences.hashes[found], title_groups[rows])
        found[found] = n_titles > limit
    return found


def _word_sets(
    sentences: _Sentences, left_out: NDArray[np.bool_]
) -> tuple[Int64, Int32]:
    """Return `indptr` and the distinct words of each row, none if they are too few."""
    store = WordStore()
    sizes = np.zeros(len(sentences.counts), dtype=np.int32)
    first = begin = 0
    for start in range(0, len(sizes), _CHUNK_ROWS):
        counts = sentences.counts[start : start + _CHUNK_ROWS]
        span = slice(first, first + int(counts.sum()))
        lengths = sentences.lengths[span]
        words = sentences.words[begin : begin + int(lengths.sum())]
        first, begin = span.stop, begin + len(words)
        rows = np.repeat(np.arange(len(counts)), counts)
        kept = np.repeat(~left_out[span], lengths)
        starts, words = distinct_words(
            np.repeat(rows, lengths)[kept], words[kept], len(counts)
        )
        # A description that is too short is an empty set, which is near to none.
        n_words = np.diff(starts)
        long_enough = n_words >= MIN_WORDS
        store.extend(words[np.repeat(long_enough, n_words)])
        sizes[start : start + _CHUNK_ROWS] = np.where(long_enough, n_words, 0)
    indptr = np.zeros(len(sizes) + 1, dtype=np.int64)
    np.cumsum(sizes, out=indptr[1:])
    return indptr, store.read()


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
