"""The weights of a vote: validated, and learnt from out-of-fold predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import StrOptions

from amzest.ensemble._combining import combine, learn_weights, learn_weights_greedily
from amzest.ensemble._out_of_fold import OutOfFold
from amzest.utils import shown

_LEARNERS = {"learn": learn_weights, "greedy": learn_weights_greedily}
WEIGHTS_CONSTRAINTS = [None, StrOptions(set(_LEARNERS)), "array-like"]


def check_weights(weights: Any, n_members: int) -> None:
    """Raise a ValueError unless weights are one non-negative number per member."""
    if weights is None or isinstance(weights, str):
        return
    values = np.asarray(weights, dtype=float)
    wrong = values.shape != (n_members,) or not np.isfinite(values).all()
    if wrong or (values < 0).any() or not values.any():
        msg = (
            f"`weights` must be {n_members} non-negative numbers, one per member and "
            f"not all of them 0, got {shown(weights)}."
        )
        raise ValueError(msg)


def find_weights(
    weights: Any, n_members: int, rows: OutOfFold | None, prior: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the weights of a vote, which sum to 1, from its parameter `weights`."""
    if weights is None:
        return np.full(n_members, 1 / n_members)
    if isinstance(weights, str) and rows is not None:
        return _LEARNERS[weights](rows.weighted(), prior)
    values = np.asarray(weights, dtype=float)
    return values / values.sum()


def vote_out_of_fold(
    weights: Any, rows: OutOfFold, prior: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the vote on each fold, with weights that are learnt on the other folds."""
    # Weights learnt on all folds have seen the labels of each: a vote with them would
    # have too small a loss, and the more so the more members it has.
    proba = np.empty_like(rows.probas[0])
    for train, test in rows.folds():
        learnt = find_weights(weights, len(rows.probas), rows.take(train), prior)
        inside = rows.take(test)
        proba[test] = combine(inside.probas, inside.presences, learnt, prior)
    return proba
