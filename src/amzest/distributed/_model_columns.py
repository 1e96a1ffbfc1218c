"""The columns of a table that a fitted model reads, and of what kind they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sklearn.compose import ColumnTransformer

from amzest.automl import AutoClassifier
from amzest.compose import ColumnSelector
from amzest.inspection._model_columns import walk_readers

Kind = Literal["text", "image", "other"]


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


@dataclass(frozen=True)
class FittedColumns:
    """Names of columns in front of an estimator; None if they are unknown."""

    names: tuple[str, ...] | None = None

    @property
    def are_known(self) -> bool:
        """Whether the names are known."""
        return self.names is not None

    def in_front_of(self, estimator: Any) -> FittedColumns:
        """Return the columns, or those of an estimator's `fit` if they are unknown."""
        own = getattr(estimator, "feature_names_in_", None)
        if self.names is not None or own is None:
            return self
        return FittedColumns(tuple(map(str, own)))

    def of_selector(self, selector: ColumnSelector) -> FittedColumns:
        """Return the columns that a selector selects."""
        return FittedColumns(_names(selector.columns, selector))

    def of_transformer(
        self, transformer: ColumnTransformer, chosen: Any
    ) -> FittedColumns:
        """Return the columns of one of the transformers."""
        return FittedColumns(_names(chosen, transformer))


def model_columns(model: Any) -> ModelColumns:
    """Return the columns of a fitted model: of its selectors, or those of its `fit`."""
    kinds: dict[str, Kind] = {}
    unnamed: set[Kind] = set()
    for estimator, columns, found in walk_readers(model, FittedColumns(), _is_auto):
        if _is_auto(estimator):
            # It needs all columns that it considered, not only those of its members.
            for name in estimator.feature_names_in_:
                kinds[str(name)] = _kind(estimator.columns_["kind"][name])
        elif columns.names is None:
            unnamed.add(_kind(found))
        else:
            for name in columns.names:
                if kinds.get(name, "other") == "other":
                    kinds[name] = _kind(found)
    if kinds:
        return ModelColumns(kinds)
    kind = unnamed.pop() if len(unnamed) == 1 else "other"
    n_columns = getattr(model, "n_features_in_", 1) if kind != "image" else 1
    base = "image" if kind == "image" else "text"
    numbers = range(1, n_columns + 1)
    names = [base] if n_columns == 1 else [f"{base}_{number}" for number in numbers]
    return ModelColumns(dict.fromkeys(names, kind), is_unnamed=True)


def _is_auto(estimator: Any) -> bool:
    return isinstance(estimator, AutoClassifier)


def _kind(found: Any) -> Kind:
    return found if found in ("text", "image") else "other"


def _names(columns: Any, fitted: Any) -> tuple[str, ...] | None:
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
    return tuple(found)
