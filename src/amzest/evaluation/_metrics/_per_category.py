"""Precision, recall and F1 of each category."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.evaluation._significance._intervals import wilson_interval


def category_scores(
    hits: Any, n_predicted: Any, support: Any, confidence_level: float = 0.95
) -> dict[str, NDArray[np.float64]]:
    """Return `precision`, `recall` and `f1`, each with `_low` and `_high`.

    The arguments are counts per category. Undefined scores are NaN.
    """
    # F1 = 2 J / (1 + J), where J = hits / (hits + misses + false alarms) is a
    # proportion: the interval of F1 is that of J, transformed in the same way.
    either = support + n_predicted - hits
    scores = {}
    for name, total in (
        ("precision", n_predicted),
        ("recall", support),
        ("f1", either),
    ):
        share = hits / np.where(total > 0, total, np.nan)
        values = [share, *wilson_interval(hits, total, confidence_level)]
        if name == "f1":
            values = [2 * value / (1 + value) for value in values]
        for ending, value in zip(("", "_low", "_high"), values, strict=True):
            scores[name + ending] = value
    return scores


def score_categories(
    names: list[str],
    classes: NDArray[Any],
    codes: NDArray[np.int64],
    predicted: NDArray[np.int64],
    confidence_level: float,
) -> pd.DataFrame:
    """Return the table of `ClassifierComparison.per_category`.

    `codes` (n_samples,) and `predicted` (n_designs, n_samples) are positions in
    `classes`.
    """
    n_classes = len(classes)
    support = np.bincount(codes, minlength=n_classes)
    tables = []
    for name, row in zip(names, predicted, strict=True):
        hits = np.bincount(codes[row == codes], minlength=n_classes)
        n_predicted = np.bincount(row, minlength=n_classes)
        scores = category_scores(hits, n_predicted, support, confidence_level)
        columns = ("precision", "recall", "f1", "f1_low", "f1_high")
        tables.append(
            pd.DataFrame(
                {"category": classes, "design": name, "support": support}
                | {column: scores[column] for column in columns}
            )
        )
    # Sorted by category, and by design within each.
    every = pd.concat(tables)
    return every.sort_index(kind="stable").reset_index(drop=True)
