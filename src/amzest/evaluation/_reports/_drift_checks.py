"""Checks of new data against a reference: a test and an effect size for each."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.evaluation._significance._paired_tests import correct_p_values
from amzest.evaluation._significance._two_sample_tests import (
    Difference,
    compare_counts,
    compare_proportions,
    compare_values,
    compare_words,
)
from amzest.evaluation._summaries._data_summary import DataSummary
from amzest.evaluation._summaries._image_column import ImageColumn
from amzest.evaluation._summaries._prediction_summary import PredictionSummary
from amzest.evaluation._summaries._table_reader import ColumnSummary
from amzest.evaluation._summaries._text_column import TextColumn
from amzest.evaluation._summaries._value_columns import (
    CategoricalColumn,
    NumericColumn,
    align_counts,
)

#: Name of the source of checks of predictions.
MODEL = "predictions"


class Check(NamedTuple):
    """One check: a value of the reference and of the new data, and their test."""

    source: Any
    kind: str
    check: str
    reference: float
    new: float
    difference: Difference


def check_data(reference: DataSummary, new: DataSummary) -> list[Check]:
    """Return the checks of all columns of the new data, and of predictions."""
    checks: list[Check] = []
    for name, column in new.columns.items():
        old = reference.columns[name]
        checks += [
            Check(name, new.kinds[name], *found) for found in _check_column(old, column)
        ]
    if reference.predictions is not None and new.predictions is not None:
        checks += [
            Check(MODEL, "model", *found)
            for found in _check_predictions(reference.predictions, new.predictions)
        ]
    return checks


def checks_as_frame(
    checks: list[Check], confidence_level: float, min_effect: float
) -> pd.DataFrame:
    """Return checks as a table, with corrected p-values and which are drift."""
    tested = [check.difference for check in checks]
    p_values = np.array([difference.p_value for difference in tested])
    corrected = np.full(len(checks), np.nan)
    known = ~np.isnan(p_values)
    corrected[known] = correct_p_values(p_values[known], "holm")
    effects = np.array([difference.effect for difference in tested])
    # At many rows every difference is significant, at few rows every one is large.
    drift = (corrected < 1 - confidence_level) & (effects >= min_effect)
    return pd.DataFrame(
        {
            "source": pd.Series([check.source for check in checks], dtype=object),
            "kind": [check.kind for check in checks],
            "check": [check.check for check in checks],
            "reference": [check.reference for check in checks],
            "new": [check.new for check in checks],
            "test": [difference.test for difference in tested],
            "statistic": [difference.statistic for difference in tested],
            "effect": effects,
            "p": p_values,
            "p_corrected": corrected,
            "drift": drift,
        }
    )


Found = tuple[str, float, float, Difference]


def _check_column(old: ColumnSummary, new: ColumnSummary) -> list[Found]:
    found = [
        _proportion("missing", (old.n_missing, old.n_rows), (new.n_missing, new.n_rows))
    ]
    if isinstance(old, TextColumn) and isinstance(new, TextColumn):
        found += _check_texts(old, new)
    if isinstance(old, ImageColumn) and isinstance(new, ImageColumn):
        unreadable = (
            (old.n_unreadable, old.n_decoded),
            (new.n_unreadable, new.n_decoded),
        )
        found += [
            _proportion("unreadable", *unreadable),
            _values("brightness", old.brightness, new.brightness),
            _values("size", old.size, new.size),
        ]
    if isinstance(old, NumericColumn) and isinstance(new, NumericColumn):
        found.append(_values("values", old.values, new.values))
    if isinstance(old, CategoricalColumn) and isinstance(new, CategoricalColumn):
        counts = align_counts(old.counts, new.counts)
        found.append(("categories", np.nan, np.nan, compare_counts(*counts)))
    return found


def _check_texts(old: TextColumn, new: TextColumn) -> list[Found]:
    rows = [
        (int((column.n_unseen > 0).sum()), len(column.n_unseen))
        for column in (old, new)
    ]
    shares = [
        column.n_unseen.sum() / max(column.n_words.sum(), 1) for column in (old, new)
    ]
    words = compare_words((old.hashes, old.offsets), (new.hashes, new.offsets))
    return [
        _values("number of words", old.n_words, new.n_words),
        _proportion("rows with unseen words", *rows),
        (
            "unseen words",
            float(shares[0]),
            float(shares[1]),
            compare_values(old.unseen_shares, new.unseen_shares),
        ),
        ("words", np.nan, np.nan, words),
    ]


def _check_predictions(old: PredictionSummary, new: PredictionSummary) -> list[Found]:
    found = [
        ("predicted classes", np.nan, np.nan, compare_counts(old.counts, new.counts)),
        (
            "confidence",
            float(old.confidence.mean()),
            float(new.confidence.mean()),
            compare_values(old.confidence, new.confidence),
        ),
    ]
    if old.n_review is not None and new.n_review is not None:
        found.append(
            _proportion(
                "below review threshold",
                (old.n_review, old.n_rows),
                (new.n_review, new.n_rows),
            )
        )
    for member, n_missing in new.n_missing.items():
        if member in old.n_missing:
            found.append(
                _proportion(
                    f"missing for {member}" if member else "missing samples",
                    (old.n_missing[member], old.n_rows),
                    (n_missing, new.n_rows),
                )
            )
    return found


def _proportion(name: str, old: tuple[int, int], new: tuple[int, int]) -> Found:
    """Compare two proportions, each of hits and rows."""
    (old_hits, old_rows), (new_hits, new_rows) = old, new
    difference = compare_proportions((old_hits, new_hits), (old_rows, new_rows))
    return name, old_hits / max(old_rows, 1), new_hits / max(new_rows, 1), difference


def _values(name: str, old: NDArray[Any], new: NDArray[Any]) -> Found:
    """Compare two samples of numbers."""
    medians = [float(np.median(v)) if len(v) else np.nan for v in (old, new)]
    return name, medians[0], medians[1], compare_values(old, new)
