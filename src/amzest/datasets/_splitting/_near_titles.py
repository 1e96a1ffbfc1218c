"""Groups of titles that are equal or nearly so."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.datasets._shared._row_listing import list_rows
from amzest.datasets._shared._title_key import normalise_titles
from amzest.datasets._splitting._set_join import expand, similar_sets
from amzest.utils import count, is_missing, shown

#: Titles whose words are held as texts at a time.
_CHUNK = 50_000


def near_title_groups(
    titles: Sequence[Any] | NDArray[Any],
    similarity: float = 0.8,
    *,
    name: str = "titles",
) -> NDArray[np.int64]:
    """Give titles that are equal or nearly so one label.

    Two titles are near when the sets of their words, as `normalise_title` writes them,
    have a Jaccard similarity (words in both, divided by words in either) of at least
    `similarity`. Near titles have one label, and so have titles that a chain of near
    titles joins. The result is exact, see :mod:`._set_join`, and does not depend on the
    order of the titles but for the numbers of the labels.

    Parameters
    ----------
    titles : sequence of str or None
        The titles. None, NaN, ``pd.NA`` and blank ones are missing and near to none.
        Titles without a word, such as "***", are near only if they are equal.

    similarity : float, default=0.8
        Least similarity, from 0.5 to 1. With 1 titles are near that have the same
        words, in any order and number.

    name : str, default="titles"
        The column, for messages.

    Returns
    -------
    ndarray of shape (n_titles,), dtype int64
        Labels 0, 1, ... in the order in which they first appear.

    Raises
    ------
    ValueError
        If `similarity` is out of range.
    TypeError
        If a title is neither text nor missing, or `similarity` is no number.

    Examples
    --------
    >>> titles = ["Acme Mug 3 Blue", "ACME mug, 3 (blue)", None, "Acme Mug 3 Blue New"]
    >>> near_title_groups(titles).tolist()
    [0, 0, 1, 0]
    >>> near_title_groups(titles, similarity=0.9).tolist()
    [0, 0, 1, 2]
    """
    check_similarity(similarity)
    indptr, words = _word_sets(titles, name)
    return near_set_groups(indptr, words, similarity)


def near_set_groups(
    indptr: NDArray[np.int64], words: NDArray[np.int32], similarity: float
) -> NDArray[np.int64]:
    """Give similar sets of words one label, and each empty set one of its own."""
    labels = np.arange(len(indptr) - 1, dtype=np.int64)
    with_words = np.flatnonzero(np.diff(indptr))
    if len(with_words):
        starts = np.append(indptr[with_words], indptr[-1])
        set_of, kept = _distinct(starts, words)
        lengths = np.diff(starts)[kept]
        positions = expand(starts[:-1][kept], lengths)
        starts = np.concatenate([[0], np.cumsum(lengths)])
        words = words[positions]
        del positions, lengths
        found = similar_sets(starts, words, similarity)
        labels[with_words] = len(labels) + found[set_of]
    return number_labels(labels)


def check_similarity(similarity: Any, argument: str = "similarity") -> None:
    """Refuse a similarity that is no number from 0.5 to 1."""
    if isinstance(similarity, bool) or not isinstance(similarity, Real):
        msg = f"`{argument}` must be a number from 0.5 to 1, got {shown(similarity)}."
        raise TypeError(msg)
    if not 0.5 <= float(similarity) <= 1:
        msg = (
            f"`{argument}` must be from 0.5 to 1, got {similarity}. The default 0.8 "
            "lets two texts of nine words differ in one word each."
        )
        raise ValueError(msg)


def number_labels(labels: NDArray[Any]) -> NDArray[np.int64]:
    """Turn labels into 0, 1, ... in the order in which they first appear."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def _word_sets(
    titles: Sequence[Any] | NDArray[Any], name: str
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Give the sorted word numbers of each title, and where they start."""
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    number_of = numbers.__getitem__
    words, lengths = array("i"), array("i")
    for start in range(0, len(titles), _CHUNK):
        chunk = _texts(titles[start : start + _CHUNK])
        if not all(title is None or isinstance(title, str) for title in chunk):
            _refuse_other_kinds(titles, name)
        for title, text in zip(chunk, normalise_titles(chunk), strict=True):
            # A title of signs stands for itself. Words hold no blank, so this is none.
            found = text.split() if text or title is None else [" " + title.strip()]
            words.extend(map(number_of, found))
            lengths.append(len(found))
    del numbers, number_of  # the words themselves are no longer needed
    rows = np.repeat(np.arange(len(lengths)), np.array(lengths, dtype=np.int64))
    return distinct_words(rows, np.array(words, dtype=np.int32), len(lengths))


def distinct_words(
    rows: NDArray[np.int64], words: NDArray[np.int32], n_rows: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Give the sorted distinct words of each row, and where they start."""
    keys = rows << 32
    keys |= words
    keys.sort()
    keys = keys[np.diff(keys, prepend=-1) != 0]
    sizes = np.bincount(keys >> 32, minlength=n_rows)
    indptr = np.concatenate([[0], np.cumsum(sizes)])
    return indptr, (keys & 0xFFFFFFFF).astype(np.int32)


def _texts(titles: Any) -> list[Any]:
    """Give the titles, and None for missing ones."""
    return [
        cell
        if isinstance(cell, str) and cell and not cell.isspace()
        else (None if is_missing(cell) else cell)
        for cell in titles
    ]


def _refuse_other_kinds(titles: Any, name: str) -> None:
    cells = _texts(titles)
    wrong = [
        row
        for row, cell in enumerate(cells)
        if cell is not None and not isinstance(cell, str)
    ]
    kinds = [type(cells[row]).__name__ for row in wrong]
    msg = (
        f"`{name}` is no text in {count(len(wrong), 'row')}: "
        f"{list_rows(wrong, kinds)}. Turn them into texts, for instance with "
        ".astype(str), and leave missing ones missing."
    )
    raise TypeError(msg)


def _distinct(
    starts: NDArray[np.int64], words: NDArray[np.int32]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Collapse equal sets: the number of each one's set, and one index of each set."""
    sizes = np.diff(starts)
    # Sums of scattered numbers bring equal sets side by side; then words are compared.
    mixed = (words.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    sums = np.add.reduceat(mixed, starts[:-1])
    del mixed
    order = np.lexsort((sums, sizes))
    again = np.flatnonzero(
        (np.diff(sizes[order]) == 0) & (sums[order][1:] == sums[order][:-1])
    )
    lengths = sizes[order[again]]
    left = words[expand(starts[:-1][order[again]], lengths)]
    right = words[expand(starts[:-1][order[again + 1]], lengths)]
    if len(again):
        offsets = np.cumsum(lengths) - lengths
        again = again[np.logical_and.reduceat(left == right, offsets)]
    new = np.ones(len(order), dtype=bool)
    new[again + 1] = False
    set_of = np.empty(len(order), dtype=np.intp)
    set_of[order] = np.cumsum(new) - 1
    return set_of, order[new]
