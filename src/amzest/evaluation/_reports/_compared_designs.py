"""Predictions of the designs of a comparison, from arrays or from a CrossFit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import _check_sample_weight

from amzest.evaluation._metrics._costs import COSTS, member_costs
from amzest.utils import (
    LabelledPredictions,
    count,
    encode_known_labels,
    shown,
    shown_list,
)


@dataclass(frozen=True)
class ComparedDesigns:
    """Designs with predictions of the same rows: members first, then ensembles.

    `costs` has a row per design, NaN where unknown; `weights` and `fold` (n_samples,)
    or None.
    """

    names: list[str]
    n_members: int
    predictions: list[LabelledPredictions]
    costs: pd.DataFrame
    weights: NDArray[np.float64] | None
    fold: NDArray[np.intp] | None

    @property
    def classes(self) -> NDArray[Any]:
        """The classes, in the order of the columns."""
        return self.predictions[0].classes

    @property
    def codes(self) -> NDArray[np.int64]:
        """Column of the true class of each row."""
        return self.predictions[0].codes

    @property
    def probas(self) -> list[NDArray[np.float64]]:
        """Probabilities of each design."""
        return [design.proba for design in self.predictions]

    @property
    def present(self) -> list[NDArray[np.bool_]]:
        """False where a sample is missing for a design."""
        return [design.present for design in self.predictions]


def collect_designs(
    y_true: Any,
    probas: Any,
    crossfit: Any,
    *,
    ensembles: Any,
    classes: Any,
    present: Mapping[str, Any] | None,
    costs: Mapping[str, Mapping[str, float]] | None,
    sample_weight: Any = None,
) -> ComparedDesigns:
    """Validate the arguments of :func:`compare_classifiers`."""
    # A CrossFit may be passed as the first argument, in place of labels.
    if crossfit is None and (hasattr(y_true, "fit") or hasattr(y_true, "oof_proba_")):
        y_true, crossfit = None, y_true
    if crossfit is not None:
        _check_crossfit(crossfit, y_true, probas, classes, present)
        members = {
            name: ("oof_proba_", crossfit.oof_proba_[name]) for name in crossfit.names_
        }
        present = crossfit.oof_present_
        labels, codes = np.asarray(crossfit.classes_), np.asarray(crossfit.y_)
        known_costs = member_costs(crossfit)
    else:
        if y_true is None or probas is None:
            raise ValueError(
                "There are no predictions: pass `y_true` and `probas`, or a fitted "
                "CrossFit."
            )
        members = _by_name("probas", probas, ())
        labels, codes = encode_known_labels(y_true, classes, "y_true")
        known_costs = {}
    if not members:
        raise ValueError("`probas` is empty; pass at least one design.")
    if len(codes) < 2:
        raise ValueError(
            f"`y_true` has {count(len(codes), 'row')}; at least 2 are needed."
        )
    combined = {} if ensembles is None else _by_name("ensembles", ensembles, members)
    designs = members | combined
    names = list(designs)
    masks = _check_present(names, present, len(codes))
    predictions = [
        LabelledPredictions.of_codes(
            labels,
            codes.astype(np.int64),
            proba,
            y_name="y_true",
            name=f"{argument}[{shown(name)}]",
            present=masks[name],
        )
        for name, (argument, proba) in designs.items()
    ]
    table = _cost_table(names, known_costs | dict(costs or {}))
    weights = _check_weights(sample_weight, codes)
    fold = getattr(crossfit, "fold_", None)
    return ComparedDesigns(names, len(members), predictions, table, weights, fold)


def _check_crossfit(crossfit: Any, *others: Any) -> None:
    if any(other is not None for other in others):
        raise ValueError(
            "A CrossFit has its own labels, probabilities and classes. Pass either "
            "it or `y_true`, `probas`, `classes` and `present`, not both."
        )
    if not hasattr(crossfit, "oof_proba_"):
        raise NotFittedError(
            f"This {type(crossfit).__name__} has no out-of-fold probabilities "
            "(`oof_proba_`). Pass a CrossFit, and call its `fit` before comparing."
        )


def _by_name(
    argument: str, designs: Any, taken: Iterable[str]
) -> dict[str, tuple[str, Any]]:
    """Return argument and probabilities by name, from a mapping or from pairs."""
    if hasattr(designs, "fit"):
        raise TypeError(
            f"`{argument}` is an estimator ({type(designs).__name__}), expected a dict "
            "of names to probabilities. Pass the result of `predict_proba(X)`."
        )
    items: Iterable[Any] = (
        designs.items() if isinstance(designs, Mapping) else list(designs)
    )
    found: dict[str, tuple[str, Any]] = {}
    for item in items:
        if not isinstance(item, tuple) or len(item) != 2 or type(item[0]) is not str:
            raise TypeError(
                f"`{argument}` must be a dict of names to arrays, or (name, array) "
                f"pairs, got an entry {shown(item)}."
            )
        name, proba = item
        if name in {*taken, *found}:
            raise ValueError(
                f"The name {shown(name)} is used for two designs. Rename one of them."
            )
        # Fitted ensembles have their own out-of-fold probabilities.
        found[name] = argument, getattr(proba, "oof_proba_", proba)
    return found


def _check_present(
    names: Sequence[str], present: Mapping[str, Any] | None, n_samples: int
) -> dict[str, NDArray[np.bool_]]:
    masks = dict(present or {})
    _check_names("present", masks, names)
    for name in names:
        mask = np.asarray(masks.get(name, np.ones(n_samples, dtype=bool)))
        if mask.shape != (n_samples,) or mask.dtype != bool:
            raise ValueError(
                f"`present` of {shown(name)} must be a boolean array of shape "
                f"({n_samples},), got {mask.dtype} of shape {mask.shape}."
            )
        masks[name] = mask
    return masks


def _check_weights(sample_weight: Any, codes: Any) -> NDArray[np.float64] | None:
    if sample_weight is None:
        return None
    weights: NDArray[np.float64] = _check_sample_weight(
        sample_weight, codes, dtype=np.float64, ensure_non_negative=True
    )
    return weights


def _check_names(argument: str, given: Iterable[str], names: Sequence[str]) -> None:
    if unknown := [name for name in given if name not in names]:
        raise ValueError(
            f"`{argument}` has the name {shown(unknown[0])}, which is none of the "
            f"designs {shown_list(names)}."
        )


def _cost_table(
    names: Sequence[str], costs: Mapping[str, Mapping[str, float]]
) -> pd.DataFrame:
    _check_names("costs", costs, names)
    for name, values in costs.items():
        if unknown := [key for key in values if key not in COSTS]:
            raise ValueError(
                f"`costs` of {shown(name)} has {shown(unknown[0])}; expected some of "
                f"{', '.join(map(repr, COSTS))}."
            )
    rows = [[costs.get(name, {}).get(key, np.nan) for key in COSTS] for name in names]
    table = pd.DataFrame(rows, index=list(names), columns=COSTS, dtype=np.float64)
    # Integers with missing values, which are not shown as 1200.0.
    return table.astype({"n_parameters": "Int64"})
