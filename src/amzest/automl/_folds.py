"""The folds that all members share."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, check_cv

from amzest.utils import as_series, count, shown

Folds = list[tuple[NDArray[np.intp], NDArray[np.intp]]]


def make_folds(
    cv: Any,
    labels: NDArray[Any],
    targets: NDArray[np.int64],
    groups: Any,
    seed: int,
    n_folds: int | None = None,
) -> Folds:
    """Split the rows; an integer `cv` is the largest number of stratified folds.

    `n_folds` are fewer, if `cv` is an integer. Unlike CrossFit's, they may be more than
    the rows of a class, of which some fold models then know nothing.
    """
    groups = as_series(groups, "groups")
    if groups is not None and len(groups) != len(labels):
        raise ValueError(
            f"`groups` has {count(len(groups), 'row')}, but `X` has {len(labels)}."
        )
    if not isinstance(cv, int | np.integer):
        rows = np.zeros(len(labels))
        return list(check_cv(cv, labels, classifier=True).split(rows, labels, groups))
    sizes = np.bincount(targets)
    n_folds = min(int(cv), int(sizes.max()), n_folds or int(cv))
    if n_folds < 2:
        raise ValueError(
            "Each category has only one row, so that no row can be predicted by a "
            "model that knows its category. Pass more rows, or merge categories."
        )
    splitter = StratifiedKFold if groups is None else StratifiedGroupKFold
    with warnings.catch_warnings():
        # It names no category; the caller warns itself.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        splits = splitter(n_folds, shuffle=True, random_state=seed)
        return list(splits.split(np.zeros(len(labels)), targets, groups))


def warn_of_small_classes(
    classes: NDArray[Any], targets: NDArray[np.int64], n_folds: int
) -> None:
    """Warn of classes that some fold models may not know."""
    sizes = np.bincount(targets, minlength=len(classes))
    small = np.flatnonzero(sizes < n_folds)
    if len(small):
        named = ", ".join(
            f"{shown(classes.tolist()[i])} ({sizes[i]})" for i in small[:3]
        )
        rest = " and others" if len(small) > 3 else ""
        warnings.warn(
            f"There are fewer rows than the {n_folds} folds in "
            f"{count(len(small), 'category')}: {named}{rest}. Some fold models do not "
            "know them. Pass more rows, or merge categories.",
            UserWarning,
            stacklevel=5,
        )


def groups_of(groups: Any, table: pd.DataFrame) -> Any:
    """Return the groups, or the column of the table that they are in."""
    if not isinstance(groups, str):
        return groups
    if groups not in table.columns:
        raise ValueError(
            f"`groups` is {shown(groups)}, and `X` has no column of that name."
        )
    return table[groups]
