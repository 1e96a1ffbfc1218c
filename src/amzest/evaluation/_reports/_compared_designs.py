"""Probabilities of designs, checked: from predictions or from a cross-fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from amzest.evaluation._metrics._costs import COSTS, member_costs
from amzest.utils import (
    as_pandas,
    count,
    describe_rows,
    label_values,
    shown,
    shown_list,
)

#: How far the probabilities of a row may sum up to something else than 1. Enough for
#: float32 and for numbers that were written with four digits.
_TOLERANCE = 1e-3


@dataclass(frozen=True)
class ComparedDesigns:
    """Designs that were scored on the same rows.

    Attributes
    ----------
    names : list of str
        Members, then ensembles.

    n_members : int
        How many of them are members.

    classes : ndarray of shape (n_classes,)
        Labels, in the order of the columns.

    codes : ndarray of shape (n_samples,), dtype int64
        Column of the true class.

    probas : list of ndarray of shape (n_samples, n_classes)
        Probabilities of each design.

    present : list of ndarray of shape (n_samples,), dtype bool
        True where the design had something to read.

    costs : DataFrame of shape (n_designs, 3)
        Seconds and parameters, missing where unknown.
    """

    names: list[str]
    n_members: int
    classes: NDArray[Any]
    codes: NDArray[np.int64]
    probas: list[NDArray[np.float64]]
    present: list[NDArray[np.bool_]]
    costs: pd.DataFrame


def collect_designs(
    y_true: Any,
    probas: Any,
    crossfit: Any,
    *,
    ensembles: Any,
    classes: Any,
    present: Mapping[str, Any] | None,
    costs: Mapping[str, Mapping[str, float]] | None,
) -> ComparedDesigns:
    """Check what :func:`compare_classifiers` was given.

    Parameters
    ----------
    y_true, probas, crossfit, ensembles, classes, present, costs : object
        As there.

    Returns
    -------
    ComparedDesigns
        The designs.
    """
    if crossfit is None and (hasattr(y_true, "fit") or hasattr(y_true, "oof_proba_")):
        y_true, crossfit = None, y_true
    if crossfit is not None:
        _check_crossfit(crossfit, y_true, probas, classes, present)
        members = [(name, crossfit.oof_proba_[name]) for name in crossfit.names_]
        present = crossfit.oof_present_
        labels, codes = np.asarray(crossfit.classes_), np.asarray(crossfit.y_)
        member_part = member_costs(crossfit)
    else:
        if y_true is None or probas is None:
            msg = (
                "There is nothing to compare: pass `y_true` and `probas`, or a fitted "
                "CrossFit."
            )
            raise ValueError(msg)
        members = _name_pairs("probas", probas)
        labels, codes = _encode(y_true, classes)
        member_part = {}
    if not members:
        raise ValueError("`probas` is empty; pass at least one design.")
    if len(codes) < 2:
        raise ValueError(
            f"`y_true` has {count(len(codes), 'row')}; at least 2 are needed."
        )
    combined = [] if ensembles is None else _name_pairs("ensembles", ensembles)
    designs = [*members, *combined]
    names = [name for name, _ in designs]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        msg = (
            f"The name {shown(repeated[0])} stands for two designs. Rename one of them."
        )
        raise ValueError(msg)
    return ComparedDesigns(
        names=names,
        n_members=len(members),
        classes=labels,
        codes=codes.astype(np.int64),
        probas=[_check_proba(name, proba, labels, codes) for name, proba in designs],
        present=_check_present(names, present, len(codes)),
        costs=_cost_table(names, member_part | dict(costs or {})),
    )


def _check_crossfit(crossfit: Any, *others: Any) -> None:
    if any(other is not None for other in others):
        msg = (
            "A CrossFit brings its own labels, probabilities and classes. Pass either "
            "it or `y_true`, `probas`, `classes` and `present`, not both."
        )
        raise ValueError(msg)
    if not hasattr(crossfit, "oof_proba_"):
        kind = type(crossfit).__name__
        msg = (
            f"This {kind} has no out-of-fold probabilities (`oof_proba_`). Pass a "
            "CrossFit, and call its `fit` before comparing."
        )
        raise NotFittedError(msg)


def _name_pairs(argument: str, designs: Any) -> list[tuple[str, Any]]:
    """Return names with probabilities, from a mapping or from pairs."""
    items: Iterable[Any] = (
        designs.items() if isinstance(designs, Mapping) else list(designs)
    )
    pairs = []
    for item in items:
        if not isinstance(item, tuple) or len(item) != 2 or type(item[0]) is not str:
            msg = (
                f"`{argument}` must be a dict of names to arrays, or (name, array) "
                f"pairs, got an entry {shown(item)}."
            )
            raise TypeError(msg)
        name, proba = item
        pairs.append((name, getattr(proba, "oof_proba_", proba)))
    return pairs


def _encode(y_true: Any, classes: Any) -> tuple[NDArray[Any], NDArray[np.int64]]:
    labels = label_values(y_true, "y_true")
    known = np.unique(labels) if classes is None else label_values(classes, "classes")
    index = pd.Index(known)
    if not index.is_unique:
        twice = index[index.duplicated()].tolist()[0]
        raise ValueError(f"`classes` names {shown(twice)} twice.")
    codes = index.get_indexer(pd.Index(labels))
    unknown = np.flatnonzero(codes < 0)
    if len(unknown):
        label = labels[unknown].tolist()[0]
        msg = (
            "`y_true` holds labels that `classes` does not name, such as "
            f"{shown(label)} "
            f"({describe_rows(unknown)}). Add them to `classes` in the order of the "
            "columns of `probas`."
        )
        raise ValueError(msg)
    return known, codes.astype(np.int64)


def _check_proba(
    name: str, proba: Any, classes: NDArray[Any], codes: NDArray[Any]
) -> NDArray[np.float64]:
    proba = as_pandas(proba)
    columns = getattr(proba, "columns", None)
    if columns is not None and set(columns) == set(classes.tolist()):
        proba = proba[classes.tolist()]
    values = np.asarray(proba, dtype=np.float64)
    expected = (len(codes), len(classes))
    if values.shape != expected:
        msg = (
            f"The probabilities of {shown(name)} have shape {values.shape}, expected "
            f"{expected}: one row for each label and one column for each class."
        )
        if values.ndim == 2 and values.shape[0] == expected[0]:
            msg += " If a class is missing among the labels, pass `classes`."
        raise ValueError(msg)
    sums = values.sum(axis=1)
    problems = {
        "are NaN or infinite": ~np.isfinite(values).all(axis=1),
        "are negative": (values < 0).any(axis=1),
        "do not sum to 1": np.abs(sums - 1) > _TOLERANCE,
    }
    for problem, wrong in problems.items():
        rows = np.flatnonzero(wrong)
        if len(rows):
            msg = (
                f"Probabilities of {shown(name)} {problem} in {describe_rows(rows)} "
                "(row "
                f"{rows[0]} sums to {sums[rows[0]]:.6g}). Pass what `predict_proba` "
                "gives."
            )
            raise ValueError(msg)
    return values


def _check_present(
    names: Sequence[str], present: Mapping[str, Any] | None, n_samples: int
) -> list[NDArray[np.bool_]]:
    masks = dict(present or {})
    _check_names("present", masks, names)
    checked = []
    for name in names:
        mask = np.asarray(masks.get(name, np.ones(n_samples, dtype=bool)))
        if mask.shape != (n_samples,) or mask.dtype != bool:
            msg = (
                f"`present` of {shown(name)} must be a boolean array of shape "
                f"({n_samples},), got {mask.dtype} of shape {mask.shape}."
            )
            raise ValueError(msg)
        checked.append(mask)
    return checked


def _check_names(argument: str, given: Iterable[str], names: Sequence[str]) -> None:
    if unknown := [name for name in given if name not in names]:
        known = shown_list(names)
        msg = (
            f"`{argument}` names {shown(unknown[0])}, which is none of the designs "
            f"{known}."
        )
        raise ValueError(msg)


def _cost_table(
    names: Sequence[str], costs: Mapping[str, Mapping[str, float]]
) -> pd.DataFrame:
    _check_names("costs", costs, names)
    for name, values in costs.items():
        if unknown := [key for key in values if key not in COSTS]:
            msg = (
                f"`costs` of {shown(name)} has {shown(unknown[0])}; expected some of "
                f"{', '.join(map(repr, COSTS))}."
            )
            raise ValueError(msg)
    rows = [[costs.get(name, {}).get(key, np.nan) for key in COSTS] for name in names]
    table = pd.DataFrame(rows, index=list(names), columns=COSTS, dtype=np.float64)
    return table.astype({"n_parameters": "Int64"})
