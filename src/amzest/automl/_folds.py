"""The folds that all members share."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.ensemble._folds import Folds, split_rows
from amzest.utils import count, shown


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
    if isinstance(cv, int | np.integer):
        cv = min(int(cv), int(np.bincount(targets).max()), n_folds or int(cv))
        if cv < 2:
            raise ValueError(
                "Each category has only one row, so that no row can be predicted by a "
                "model that knows its category. Pass more rows, or merge categories."
            )
    return split_rows(labels, cv, groups, seed)


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
