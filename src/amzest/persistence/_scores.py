"""Scores in the metadata of a file and in a model card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from amzest.utils import shown

#: Entries of the result of `cross_validate` that contain objects.
_LISTS = ("estimator", "indices")


def summarize_scores(scores: Any) -> dict[str, Any] | None:
    """Return scores as plain values: a list under "values", and "categories" if known.

    Each score is a dict with `metric`, `value` and, where known, `design`, `low` and
    `high`, or `std` and `n_folds`.
    """
    if scores is None:
        return None
    if hasattr(scores, "oof_proba_") and hasattr(scores, "names_"):  # a CrossFit
        # Late: evaluation is not needed to save a model without scores.
        from amzest.evaluation import compare_classifiers

        scores = compare_classifiers(scores)
    if hasattr(scores, "per_category") and hasattr(scores, "frame"):
        return {
            "values": _from_frame(scores.frame()),
            "categories": _records(scores.per_category()),
            "n_samples": int(scores.n_samples),
            "confidence_level": float(scores.confidence_level),
        }
    if isinstance(scores, pd.DataFrame):
        return {"values": _from_frame(scores)}
    if isinstance(scores, Mapping):
        values = [
            {"metric": str(name), **_score(name, value)}
            for name, value in scores.items()
            if name not in _LISTS
        ]
        return {"values": values}
    return {"values": [{"metric": "score", **_score("score", scores)}]}


def _from_frame(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the scores in a table with a row per design and a column per metric."""
    numbers = frame.select_dtypes("number")
    ends = [f"{name}{end}" for name in numbers for end in ("_low", "_high")]
    found = []
    for place, design in enumerate(numbers.index):
        row = numbers.iloc[place]
        for name in numbers.columns.difference(ends, sort=False):
            if pd.isna(row[name]):
                continue
            score = {"design": str(design), "metric": name, "value": float(row[name])}
            for end in ("low", "high"):
                if f"{name}_{end}" in numbers:
                    score[end] = float(row[f"{name}_{end}"])
            found.append(score)
    return found


def _score(name: Any, value: Any) -> dict[str, float]:
    """Return a number, a triple (value, low, high), or scores of folds."""
    try:
        numbers = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        numbers = np.empty((0, 0))
    if numbers.ndim == 0:
        return {"value": float(numbers)}
    if numbers.ndim == 1 and isinstance(value, tuple) and len(value) == 3:
        return dict(zip(("value", "low", "high"), map(float, numbers), strict=True))
    if numbers.ndim == 1 and len(numbers):
        spread = float(numbers.std(ddof=1)) if len(numbers) > 1 else 0.0
        return {"value": float(numbers.mean()), "std": spread, "n_folds": len(numbers)}
    raise TypeError(
        f"`scores` has {shown(value)} for {shown(name)}; expected a number, a tuple "
        "(value, low, high), or the scores of the folds of a cross-validation. A "
        "CrossFit or the result of compare_classifiers can be passed as `scores`."
    )


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table with plain values; missing ones are None."""
    columns = {}
    for name, column in frame.items():
        values = column.to_numpy(dtype=object).tolist()
        columns[str(name)] = [
            None if pd.isna(value) else _plain(value) for value in values
        ]
    return [
        dict(zip(columns, row, strict=True))
        for row in zip(*columns.values(), strict=True)
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return value if isinstance(value, str | int | float | bool) else str(value)
