"""The columns of a table that a fitted model reads, and of what kind they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from amzest.automl import AutoClassifier
from amzest.compose import ColumnSelector
from amzest.inspection._model_columns import kind_of_estimator, parts_of

Kind = Literal["text", "image", "other"]

#: Meta-estimators within meta-estimators; more would be a cycle.
_MAX_DEPTH = 20


@dataclass(frozen=True)
class ModelColumns:
    """Names and kinds of the columns that a model reads.

    A model that was fitted on a list or array has columns without names: `is_unnamed`
    is true, and the names are "text", "image", or "text_1", "text_2" and so on.
    """

    kinds: dict[str, Kind]
    is_unnamed: bool = False

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return list(self.kinds)

    def of_kind(self, kind: Kind) -> list[str]:
        """Return the names of the columns of a kind."""
        return [name for name, found in self.kinds.items() if found == kind]

    def renamed(self, names: Sequence[str]) -> ModelColumns:
        """Return the columns under other names, in the same order."""
        if len(names) != len(self.kinds):
            msg = (
                f"The model reads {len(self.kinds)} columns, but {len(names)} names "
                "were passed."
            )
            raise ValueError(msg)
        kinds = dict(zip(names, self.kinds.values(), strict=True))
        return ModelColumns(kinds, self.is_unnamed)


def model_columns(model: Any) -> ModelColumns:
    """Return the columns of a fitted model: of its selectors, or those of its `fit`."""
    kinds: dict[str, Kind] = {}
    unnamed: set[Kind] = set()
    for name, kind in _columns(model, None, 0):
        if name is None:
            unnamed.add(kind)
        elif kinds.get(name, "other") == "other":
            kinds[name] = kind
    if kinds:
        return ModelColumns(kinds)
    kind = unnamed.pop() if len(unnamed) == 1 else "other"
    n_columns = getattr(model, "n_features_in_", 1) if kind != "image" else 1
    base = "image" if kind == "image" else "text"
    numbers = range(1, n_columns + 1)
    names = [base] if n_columns == 1 else [f"{base}_{number}" for number in numbers]
    return ModelColumns(dict.fromkeys(names, kind), is_unnamed=True)


def _columns(
    estimator: Any, selected: Sequence[str] | None, depth: int
) -> Iterator[tuple[str | None, Kind]]:
    """Yield names and kinds of columns; `selected` are those in front of a step."""
    if depth > _MAX_DEPTH or estimator is None or isinstance(estimator, str):
        return
    if isinstance(estimator, Pipeline):
        yield from _of_pipeline(estimator, selected, depth)
        return
    if isinstance(estimator, ColumnTransformer):
        for _, transformer, columns in estimator.transformers_:
            if transformer != "drop":
                names = _names(columns, estimator)
                yield from _columns(transformer, names, depth + 1)
                yield from ((name, "other") for name in names or ())
        return
    if isinstance(estimator, AutoClassifier):
        # It needs all columns that it considered, not only those of its members.
        kinds = estimator.columns_["kind"]
        for name in estimator.feature_names_in_:
            found = kinds[name]
            yield str(name), found if found in ("text", "image") else "other"
        return
    found_kind = kind_of_estimator(estimator)
    kind: Kind = found_kind if found_kind in ("text", "image") else "other"
    if members := parts_of(estimator):
        of_members = [
            column
            for member in members
            for column in _columns(member, selected, depth + 1)
        ]
        if any(name is not None or kind != "other" for name, kind in of_members):
            yield from of_members
            return
    names = None if selected is None else list(selected)
    if names is None:
        own = getattr(estimator, "feature_names_in_", None)
        names = None if own is None else [str(name) for name in own]
    yield from [(None, kind)] if names is None else [(name, kind) for name in names]


def _of_pipeline(
    pipeline: Pipeline, selected: Sequence[str] | None, depth: int
) -> Iterator[tuple[str | None, Kind]]:
    """Yield the columns of a pipeline, of the kind that its first reader has."""
    steps = [step for _, step in pipeline.steps if step not in (None, "passthrough")]
    while steps and isinstance(steps[0], ColumnSelector):
        selected = _names(steps[0].columns, steps[0])
        steps = steps[1:]
    for step in steps:
        found = list(_columns(step, selected, depth + 1))
        # A step that accepts any column, such as an imputer, keeps the columns, and
        # the steps after it determine their kind.
        if any(kind != "other" for _, kind in found) or step is steps[-1]:
            yield from found
            return
    yield from ((name, "other") for name in selected or ())


def _names(columns: Any, fitted: Any) -> list[str] | None:
    """Return selected columns as names; None if they have none."""
    wanted = [columns] if isinstance(columns, str | int) else list(columns)
    names = getattr(fitted, "feature_names_in_", None)
    found = []
    for place, column in enumerate(wanted):
        if isinstance(column, bool | np.bool_):  # a mask
            if not column:
                continue
            column = place
        if not isinstance(column, str):
            if names is None:
                return None
            column = str(names[column])
        found.append(column)
    return found
