"""Folds in which every sample is tested once."""

from __future__ import annotations

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
    # Groups are passed by position below: the third argument of `split` has that
    # meaning in all splitters, but not its name in all of those that users write.
    params = dict(params)
    groups = _find_groups(params.pop("groups"), X, len(codes))
    # scikit-learn's check_cv neither shuffles nor knows groups, and only warns of a
    # class with fewer samples than folds; a fold model might not know the class.
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
        splitter = StratifiedKFold if groups is None else StratifiedGroupKFold
        cv = splitter(cv, shuffle=seed is not None, random_state=seed)
    labels = classes[codes]
    # Splitters need the labels, but of X only its length.
    cv = check_cv(cv, labels, classifier=True)
    return list(cv.split(np.zeros(len(labels)), labels, groups, **params))


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


def _find_groups(groups: Any, X: Any, n_samples: int) -> Any:
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
