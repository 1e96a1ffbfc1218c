"""Contributions of words, by each method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from amzest.compose import ColumnSelector
from amzest.inspection._score_contributions import (
    exact_contributions,
    network_contributions,
)
from amzest.inspection._shares import unwrap
from amzest.inspection._task import Task
from amzest.inspection._text_occlusion import TextRow, occlude_words
from amzest.inspection._words import split_words
from amzest.text import BaseTextClassifier, TextLinearClassifier
from amzest.utils import is_missing, shown

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Texts:
    """Words of each sample by column, and their contributions."""

    words: list[dict[int, Any]]
    values: list[dict[int, Floats]]
    scores: Floats
    baselines: Floats
    method: str

    def table(self, task: Task, classes: NDArray[Any]) -> pd.DataFrame:
        """Return a table with a row per word."""
        found: dict[str, list[Any]] = {
            name: []
            for name in ("row", "column", "word", "start", "end", "contribution")
        }
        for row, (words, values) in enumerate(
            zip(self.words, self.values, strict=True)
        ):
            for column, of_cell in words.items():
                found["row"] += [row] * len(of_cell)
                found["column"] += [task.samples.names[column]] * len(of_cell)
                found["word"] += of_cell.words
                found["start"] += of_cell.starts.tolist()
                found["end"] += of_cell.ends.tolist()
                found["contribution"] += values[column].tolist()
        table = pd.DataFrame(found).astype(
            {"row": np.int64, "start": np.int64, "end": np.int64, "contribution": float}
        )
        labels = classes[task.predictor.codes][table["row"].to_numpy()]
        table.insert(1, "label", labels)
        return table


def explain_texts(
    task: Task, method: str, full: Floats, max_parts: int, n_steps: int
) -> Texts:
    """Compute the contributions of words."""
    columns = [column for column, kind in task.kinds.items() if kind == "text"]
    classifier = _single_text_classifier(task)
    if method == "auto":
        linear = isinstance(classifier, TextLinearClassifier)
        method = "exact" if linear else "occlusion"
    if method != "occlusion":
        return _explain_scores(task, classifier, method, n_steps)
    rows: list[TextRow] = [{} for _ in full]
    for column in columns:
        for row, cell in zip(rows, task.samples.cells(column), strict=True):
            if isinstance(cell, str) and not is_missing(cell):
                row[column] = split_words(cell)  # type: ignore[index]
    values = occlude_words(task.predictor, rows, full, max_parts)
    unknown = np.full(len(full), np.nan)
    return Texts([dict(row) for row in rows], values, unknown, unknown, "occlusion")


def _single_text_classifier(task: Task) -> Any:
    """Return the only classifier in the model, if it reads the columns themselves."""
    model = task.predictor.model
    inner, _ = unwrap(model, task.samples.X) if _only_selects(model) else (None, None)
    if len(task.readers) != 1 or inner is not task.readers[0].estimator:
        return None
    same = len(inner.classes_) == len(model.classes_)
    return inner if same else None


def _only_selects(model: Any) -> bool:
    """Return whether all pipelines in a model only select columns before the end."""
    while True:
        if isinstance(model, Pipeline):
            before = [step for step in model[:-1] if not isinstance(step, str)]
            if not all(isinstance(step, ColumnSelector) for step in before):
                return False
            model = model[-1]
        else:
            inner = getattr(
                model, "best_estimator_", getattr(model, "estimator_", None)
            )
            if not hasattr(inner, "predict_proba"):
                return True
            model = inner


def _explain_scores(task: Task, classifier: Any, method: str, n_steps: int) -> Texts:
    """Explain the scores of a linear classifier or of a text network."""
    supported = TextLinearClassifier if method == "exact" else BaseTextClassifier
    if not isinstance(classifier, supported):
        wanted = (
            "TextLinearClassifier" if method == "exact" else "a text network of amzest"
        )
        raise ValueError(
            f"method={method!r} explains {wanted}, alone or behind a ColumnSelector, "
            f"not {shown(type(task.predictor.model).__name__)} with other parts. Pass "
            'method="occlusion", which explains any model.'
        )
    _, X = unwrap(task.predictor.model, task.samples.X)
    if method == "exact":
        found = exact_contributions(classifier, X, task.predictor.codes)
    else:
        found = network_contributions(classifier, X, task.predictor.codes, n_steps)
    own = task.readers[0].columns
    words: list[dict[int, Any]] = []
    values: list[dict[int, Floats]] = []
    for texts, parts in zip(found.words, found.values, strict=True):
        kept = [n for n, c in enumerate(own) if c in task.kinds and len(texts[n])]
        words.append({own[n]: texts[n] for n in kept})
        values.append({own[n]: parts[n] for n in kept})
    return Texts(words, values, found.scores, found.baselines, method)
