"""Contributions of words to the scores of a linear classifier or a text network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.inspection._character_spans import CharacterSpans, character_spans
from amzest.inspection._linear_contributions import (
    LinearScore,
    linear_contributions,
    spread_over_words,
)
from amzest.inspection._words import Words, split_words
from amzest.text._columns import text_columns
from amzest.text._integrated_gradients import integrated_gradients

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ScoreContributions:
    """Words of each text by column of the classifier, and parts of its score."""

    words: list[list[Words]]  # (n_texts, n_columns)
    values: list[list[Floats]]
    baselines: Floats  # (n_texts,)
    scores: Floats  # (n_texts,), the baseline plus all values


def exact_contributions(
    classifier: Any, X: Any, codes: NDArray[np.intp]
) -> ScoreContributions:
    """Divide the decision scores of a `TextLinearClassifier` among words."""
    words = _split(X)
    texts = classifier._read(X, reset=False)
    characters = character_spans(words, classifier.max_length_)
    score = LinearScore(classifier.linear_model_, codes, np.ones(len(codes)))
    found = linear_contributions(
        score, classifier.linear_features_, texts, classifier.ngram_range_, characters
    )
    # The score of a missing sample is 0, without the intercept.
    rest = np.where(texts.present, found.rest, 0.0)
    return _by_text(words, found.words, rest)


def network_contributions(
    classifier: Any, X: Any, codes: NDArray[np.intp], n_steps: int
) -> ScoreContributions:
    """Divide the scores of a text network and of its linear part among words.

    The score is the weighted sum whose sigmoid is proportional to the probability.
    """
    words = _split(X)
    net = classifier.net_
    texts = classifier._read(X, reset=False)
    inputs = classifier._encode(texts)
    has_linear_part = classifier.linear_model_ is not None
    characters = character_spans(
        words,
        classifier.max_length_ if has_linear_part else classifier.network_length_,
    )
    rows = np.flatnonzero(texts.present)
    weights, rest = classifier.calibration_.weights, np.zeros(len(codes))
    found, baselines, _ = integrated_gradients(net, inputs, rows, codes[rows], n_steps)
    is_read = characters.places < classifier.network_length_
    total = _of_network(found, is_read, texts, rows, characters, rest) * weights[0]
    rest[rows] += baselines
    rest *= weights[0]
    if has_linear_part:
        factor = np.ones(len(codes))
        factor[rows] = inputs.share_without_new_words(rows) ** 2
        score = LinearScore(classifier.linear_model_, codes, factor)
        linear = linear_contributions(
            score,
            classifier.linear_features_,
            texts,
            classifier.ngram_range_,
            characters,
        )
        total += weights[1] * linear.words
        rest += weights[1] * linear.rest
    rest = np.where(texts.present, rest + classifier.calibration_.offset, 0.0)
    return _by_text(words, total, rest)


def _of_network(
    found: Sequence[Floats],
    is_read: NDArray[np.bool_],
    texts: Any,
    rows: NDArray[np.intp],
    characters: CharacterSpans,
    rest: Floats,
) -> Floats:
    """Return the attributions by word; those of separators are added to the rest."""
    owners = np.repeat(np.arange(len(texts)), np.diff(texts.words.offsets))
    is_read = is_read & np.isin(owners, rows)  # texts of separators only are missing
    values = np.concatenate([np.empty(0), *found])
    spans, owners = characters.tokens[is_read], owners[is_read]
    inside = spans[:, 0] >= 0
    np.add.at(rest, owners[~inside], values[~inside])
    return spread_over_words(values[inside], spans[inside], characters)


def _split(X: Any) -> list[list[Words]]:
    return [[split_words(cell) for cell in row] for row in text_columns(X)[0]]


def _by_text(
    words: list[list[Words]], values: Floats, rest: Floats
) -> ScoreContributions:
    """Divide the contributions of all words by text and column."""
    counts = [len(cell) for text in words for cell in text]
    cells = iter(np.split(values, np.cumsum(counts)[:-1]))
    divided = [[next(cells) for _ in text] for text in words]
    sums = [sum(float(cell.sum()) for cell in text) for text in divided]
    return ScoreContributions(words, divided, rest, rest + np.array(sums))
