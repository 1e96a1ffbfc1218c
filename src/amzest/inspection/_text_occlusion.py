"""Contributions of words to any classifier: each word is left out once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from amzest.inspection._predictor import Predictor, Variant
from amzest.inspection._words import Words

Floats = NDArray[np.float64]

#: Words of a sample by position of their column.
TextRow = Mapping[int, Words]


def occlude_words(
    predictor: Predictor, rows: list[TextRow], full: Floats, max_parts: int
) -> list[dict[int, Floats]]:
    """Return the contribution of each word of each sample, by column.

    A word is left out wherever it occurs in the sample, and its contribution is divided
    among its occurrences: one occurrence less would change little. In samples of more
    than `max_parts` distinct words, neighbouring ones are left out together.
    """
    parts = [_parts_of_row(row, max_parts) for row in rows]
    proba = predictor.predict(_variants(rows, parts))
    result, start = [], 0
    for number, (row, groups) in enumerate(zip(rows, parts, strict=True)):
        values = {column: np.zeros(len(words)) for column, words in row.items()}
        for group, without in zip(groups, proba[start:], strict=False):
            share = (full[number] - without) / len(group)
            for column, word in group:
                values[column][word] = share
        start += len(groups)
        result.append(values)
    return result


def _variants(
    rows: list[TextRow], parts: list[list[list[tuple[int, int]]]]
) -> Iterator[Variant]:
    for number, (row, groups) in enumerate(zip(rows, parts, strict=True)):
        for group in groups:
            left_out: dict[int, set[int]] = {}
            for column, word in group:
                left_out.setdefault(column, set()).add(word)
            cells = {c: row[c].without(words) for c, words in left_out.items()}
            yield Variant(number, cells)


def _parts_of_row(row: TextRow, max_parts: int) -> list[list[tuple[int, int]]]:
    """Return groups of words, as column and number, that are left out together."""
    distinct: dict[str, list[tuple[int, int]]] = {}
    for column, words in row.items():
        for number, word in enumerate(words.words):
            distinct.setdefault(word.casefold(), []).append((column, number))
    groups = list(distinct.values())
    size = -(-len(groups) // max_parts)
    return [
        [word for group in groups[start : start + size] for word in group]
        for start in range(0, len(groups), max(size, 1))
    ]
