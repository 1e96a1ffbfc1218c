"""Folds in which every sample is tested once."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, check_cv
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples

from amzest.utils import as_series, column_names, count, is_table, shown

Folds = list[tuple[NDArray[np.intp], NDArray[np.intp]]]


def split_folds(
    X: Any,
    classes: NDArray[Any],
    codes: NDArray[np.intp],
    cv: Any,
    params: dict[str, Any],
    *,
    seed: int | None,
) -> Folds:
    """Split the samples; an integer `cv` means stratified folds, shuffled with a seed.

    `params` are those of the splitter, "groups" among them.
    """
    params = dict(params)
    groups = find_groups(params.pop("groups"), X, len(codes))
    # scikit-learn only warns of a class with fewer samples than folds; a fold model
    # might not know the class.
    if isinstance(cv, int | np.integer):
        sizes = np.bincount(codes)
        if sizes.min() < cv:
            rarest = classes.tolist()[sizes.argmin()]
            msg = (
                f"`cv` is {cv}, but the class {shown(rarest)} has only "
                f"{count(sizes.min(), 'row')}, and each fold needs one. Lower cv, or "
                "drop or merge the class."
            )
            raise ValueError(msg)
    return split_rows(classes[codes], cv, groups, seed, **params)


def split_rows(
    labels: NDArray[Any], cv: Any, groups: Any, seed: int | None, **params: Any
) -> Folds:
    """Split the samples; a class may have fewer samples than an integer `cv`.

    An integer means stratified folds, which keep groups together if there are any, and
    which are shuffled with the seed; None does not shuffle. scikit-learn's `check_cv`
    neither shuffles nor knows groups. `params` are those of the splitter.
    """
    # Splitters need the labels, but only the length of X. Groups are passed by
    # position, since splitters of users may have another name for that argument.
    rows = np.zeros(len(labels))
    if not isinstance(cv, int | np.integer):
        cv = check_cv(cv, labels, classifier=True)
        return list(cv.split(rows, labels, groups, **params))
    splitter = StratifiedKFold if groups is None else StratifiedGroupKFold
    cv = splitter(cv, shuffle=seed is not None, random_state=seed)
    with warnings.catch_warnings():
        # It does not name the classes; callers check their sizes.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return list(cv.split(rows, labels, groups, **params))


def number_folds(folds: Folds, n_samples: int) -> NDArray[np.intp]:
    """Return the fold in which each sample is tested; each must be in exactly one."""
    numbers = np.full(n_samples, -1)
    for number, (_, test) in enumerate(folds):
        numbers[test] = number
    n_tested = sum(len(test) for _, test in folds)
    if n_tested != n_samples or (numbers < 0).any():
        msg = (
            f"`cv` has {count(n_tested, 'row')} in its test folds, but X has "
            f"{n_samples}, and each must be tested once. Use folds that do not "
            "overlap, such as StratifiedKFold."
        )
        raise ValueError(msg)
    return numbers


def find_groups(groups: Any, X: Any, n_samples: int) -> Any:
    """Return the groups, or the column of X that they are in."""
    if not isinstance(groups, str):
        groups = as_series(groups, "groups")
        if groups is not None and _num_samples(groups) != n_samples:
            msg = (
                f"`groups` has {count(_num_samples(groups), 'row')}, but `X` has "
                f"{n_samples}."
            )
            raise ValueError(msg)
        return groups
    if not is_table(X) or groups not in column_names(X):
        msg = f"`groups` is {shown(groups)}, and `X` has no column of that name."
        raise ValueError(msg)
    return as_series(_safe_indexing(X, groups, axis=1))
