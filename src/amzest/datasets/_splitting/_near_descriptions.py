"""Groups of descriptions that are equal or nearly so, but for boilerplate."""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.datasets._shared._row_listing import list_rows
from amzest.datasets._shared._title_key import normalise_title
from amzest.datasets._splitting._near_titles import (
    distinct_words,
    near_set_groups,
    number_labels,
)
from amzest.datasets._splitting._set_join import expand
from amzest.utils import count, is_missing

#: Characters of a description that are compared.
MAX_CHARACTERS = 4_000
#: Distinct words that a description must have besides boilerplate to be compared.
MIN_WORDS = 5
#: A sentence is boilerplate if it occurs under more titles than both of these.
BOILERPLATE_TITLES = 20
BOILERPLATE_FRACTION = 0.02

#: What ends a sentence; a tag of HTML does so too.
_SENTENCE_END = re.compile(r"[.!?;]+\s|[。！？\r\n]|<[^<>]{1,99}>")  # noqa: RUF001


def near_description_groups(
    descriptions: Iterable[Any],
    title_groups: NDArray[np.int64],
    similarity: float = 0.8,
    *,
    name: str = "descriptions",
) -> NDArray[np.int64]:
    """Give descriptions that are equal or nearly so one label.

    Two descriptions are near when the sets of their words have a Jaccard similarity
    (words in both, divided by words in either) of at least `similarity`. Sentences that
    occur under more than 20 titles, and more than 2 % of the titles, are boilerplate
    and left out; near titles count once. A description is near to none if fewer than 5
    distinct words are left. The first 4,000 characters are compared.

    Near descriptions of a template can form a chain. A group of more titles than make a
    sentence boilerplate is therefore taken apart: its descriptions are compared with a
    similarity halfway to 1, and if that is not enough only equal ones stay together.

    Parameters
    ----------
    descriptions : iterable of str, list of str or None
        One for each row. A list is read as a text of several lines.

    title_groups : ndarray of shape (n_rows,), dtype int64
        Labels of near titles.

    similarity : float, default=0.8
        Least similarity, from 0.5 to 1.

    name : str, default="descriptions"
        The column, for messages.

    Returns
    -------
    ndarray of shape (n_rows,), dtype int64
        Labels 0, 1, ... in the order in which they first appear.

    Raises
    ------
    TypeError
        If a description is neither text, a list of texts, nor missing.

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
    words = words[expand(indptr[:-1][long_enough], sizes[long_enough])]
    indptr = np.concatenate([[0], np.cumsum(np.where(long_enough, sizes, 0))])
    groups = near_set_groups(indptr, words, similarity)
    for stricter in ((similarity + 1) / 2, 1.0):
        chained = _count_titles(groups, title_groups) > limit
        if not chained.any():
            break
        sizes = np.diff(indptr)[chained]
        some = words[expand(indptr[:-1][chained], sizes)]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        groups[chained] = len(groups) + near_set_groups(starts, some, stricter)
        groups = number_labels(groups)
    return groups


def _sentences(
    descriptions: Iterable[Any], name: str
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return words of all sentences, words and hash of each, and sentences of rows."""
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    number_of = numbers.__getitem__
    # Sentences are told apart by their hash: holding them all would hold all texts.
    words, lengths, hashes, counts = array("i"), array("q"), array("q"), array("q")
    wrong: list[tuple[int, str]] = []
    for row, cell in enumerate(descriptions):
        text = _text(cell)
        if text is None:
            wrong.append((row, type(cell).__name__))
            continue
        n_before = len(lengths)
        for sentence in _SENTENCE_END.split(text[:MAX_CHARACTERS]):
            found = normalise_title(sentence)
            if found:
                parts = found.split()
                words.extend(map(number_of, parts))
                lengths.append(len(parts))
                hashes.append(hash(found))
        counts.append(len(lengths) - n_before)
    if wrong:
        rows, kinds = (list(each) for each in zip(*wrong, strict=True))
        msg = (
            f"`{name}` is neither text nor a list of texts in "
            f"{count(len(rows), 'row')}: {list_rows(rows, kinds)}. Turn them into "
            "texts, leave missing ones missing, or pass description_column=None."
        )
        raise TypeError(msg)
    return (
        np.array(words, dtype=np.int32),
        np.array(lengths, dtype=np.int64),
        np.array(hashes, dtype=np.int64),
        np.array(counts, dtype=np.int64),
    )


def _text(cell: Any) -> str | None:
    """Return the text of a cell, "" if it is missing, None if it cannot have one."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, list | tuple | np.ndarray):
        lines = [_text(line) for line in cell]
        return "\n".join(filter(None, lines)) if None not in lines else None
    return "" if is_missing(cell) else None


def _count_titles(
    keys: NDArray[np.int64], title_groups: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Count for each key the titles under which the same one occurs anywhere."""
    order = np.lexsort((title_groups, keys))
    titles = title_groups[order]
    is_new = np.ones(len(order), dtype=bool)
    is_new[1:] = np.diff(keys[order]) != 0
    is_other_title = is_new | (np.diff(titles, prepend=-1) != 0)
    number = np.cumsum(is_new) - 1
    counts = np.empty(len(order))
    counts[order] = np.bincount(number, weights=is_other_title)[number]
    return counts
