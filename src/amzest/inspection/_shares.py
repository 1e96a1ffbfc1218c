"""The share of each column, and of each member of an ensemble, in a probability."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from amzest.ensemble import CalibratedClassifier
from amzest.ensemble._base import BaseEnsemble
from amzest.ensemble._presence import align_columns
from amzest.inspection._predictor import Predictor, Variant
from amzest.inspection._shapley import shapley_values
from amzest.meta import HierarchicalClassifier, ReviewThresholdClassifier

Floats = NDArray[np.float64]

#: Largest numbers of columns and of members of which all subsets are predicted.
_MAX_COLUMNS, _MAX_MEMBERS = 4, 8


def unwrap(model: Any, X: Any) -> tuple[Any, Any]:
    """Return the classifier inside pipelines and wrappers, and the `X` it is given."""
    while True:
        if isinstance(model, Pipeline):
            X = model[:-1].transform(X) if len(model) > 1 else X
            model = model[-1]
        elif isinstance(model, FrozenEstimator):
            model = model.estimator
        elif hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        elif isinstance(
            model,
            CalibratedClassifier | HierarchicalClassifier | ReviewThresholdClassifier,
        ):
            model = model.estimator_
        else:
            return model, X


def column_shares(
    predictor: Predictor, missing: Mapping[int, list[Any]], full: Floats
) -> dict[int, Floats]:
    """Return the Shapley value of each column, when the cells of others are missing.

    `missing` has a missing cell for each sample, by column.
    """
    columns = list(missing)

    def value_of(there: NDArray[np.bool_]) -> Floats:
        if there.all():
            return full
        away = [c for c, is_there in zip(columns, there, strict=True) if not is_there]
        return predictor.predict(
            Variant(row, {column: missing[column][row] for column in away})
            for row in range(len(full))
        )

    shares = shapley_values(value_of, len(columns), _MAX_COLUMNS)
    return dict(zip(columns, shares, strict=True))


@dataclass(frozen=True)
class Members:
    """Members of a fitted ensemble, with their predictions of some samples."""

    names: list[str]
    estimators: list[Any]
    probas: list[Floats]
    presences: list[NDArray[np.bool_]]
    #: From probabilities and presences of the members to those of the ensemble.
    combine: Callable[[list[Floats], list[NDArray[np.bool_]]], Floats]
    are_probabilities: bool = True

    def shares(self, codes: NDArray[np.intp]) -> Floats:
        """Return Shapley values, when other members take no part, (n_members, n)."""
        rows = np.arange(len(codes))

        def value_of(there: NDArray[np.bool_]) -> Floats:
            presences = [
                present & is_there
                for present, is_there in zip(self.presences, there, strict=True)
            ]
            return self.combine(self.probas, presences)[rows, codes]

        return shapley_values(value_of, len(self.names), _MAX_MEMBERS)


def find_members(model: Any, X: Any) -> Members | None:
    """Return the members of an ensemble, inside pipelines and wrappers; else None."""
    model, X = unwrap(model, X)
    if isinstance(model, BaseEnsemble):
        return _members_of_ensemble(model, X)
    if isinstance(model, VotingClassifier) and model.voting == "soft":
        return _members_of_vote(model, X)
    if isinstance(model, StackingClassifier):
        return _members_of_stack(model, X)
    return None


def _members_of_ensemble(model: Any, X: Any) -> Members:
    probas, presences = model._predict_members(X)

    def combine(some: list[Floats], there: list[NDArray[np.bool_]]) -> Floats:
        # Members without a sample have its class frequencies, as in predictions.
        away = [
            np.where(present[:, None], proba, model.class_prior_)
            for proba, present in zip(some, there, strict=True)
        ]
        result = np.array(model._combine(away, there))
        result[~np.logical_or.reduce(there)] = model.class_prior_
        return result

    named = model.named_estimators_
    return Members(list(named), list(named.values()), probas, presences, combine)


def _members_of_vote(model: Any, X: Any) -> Members:
    names = [name for name, member in model.estimators if not isinstance(member, str)]
    codes = np.arange(len(model.classes_))
    probas = [
        align_columns(np.asarray(m.predict_proba(X), np.float64), m.classes_, codes)
        for m in model.estimators_
    ]
    given = model._weights_not_none
    weights = np.ones(len(names)) if given is None else np.asarray(given, np.float64)
    uniform = np.full(probas[0].shape, 1 / len(codes))

    def combine(some: list[Floats], there: list[NDArray[np.bool_]]) -> Floats:
        votes = weights[:, None] * np.array(there, dtype=float)
        total = votes.sum(axis=0)
        summed = np.einsum("mi,mik->ik", votes, np.array(some))
        mean = summed / np.where(total > 0, total, 1)[:, None]
        return np.where(total[:, None] > 0, mean, uniform)

    presences = [np.ones(len(proba), dtype=bool) for proba in probas]
    return Members(names, list(model.estimators_), probas, presences, combine)


def _members_of_stack(model: Any, X: Any) -> Members | None:
    if model.passthrough or any(how == "predict" for how in model.stack_method_):
        return None  # the meta-model has more than the members' scores
    names = [name for name, member in model.estimators if not isinstance(member, str)]
    features = model.transform(X)
    n_columns = features.shape[1] // len(names)
    parts = [
        np.asarray(features[:, start : start + n_columns])
        for start in range(0, features.shape[1], n_columns)
    ]
    # Without a member, its probabilities are equal, and its scores zero.
    neutral = [
        1 / len(model.classes_) if how == "predict_proba" else 0.0
        for how in model.stack_method_
    ]

    def combine(some: list[Floats], there: list[NDArray[np.bool_]]) -> Floats:
        replaced = [
            np.where(present[:, None], part, value)
            for part, present, value in zip(some, there, neutral, strict=True)
        ]
        return np.asarray(model.final_estimator_.predict_proba(np.hstack(replaced)))

    presences = [np.ones(len(features), dtype=bool) for _ in names]
    of_all = n_columns == len(model.classes_)
    are_probabilities = of_all and set(model.stack_method_) == {"predict_proba"}
    fitted = list(model.estimators_)
    return Members(names, fitted, parts, presences, combine, are_probabilities)
