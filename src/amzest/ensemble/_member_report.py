"""What each member of a cross-fit costs, and what it adds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from amzest.ensemble._combining import log_loss_of_truth
from amzest.ensemble._out_of_fold import OutOfFold
from amzest.ensemble._weighted_voting import WeightedVotingClassifier

if TYPE_CHECKING:
    import pandas as pd


def report_members(crossfit: Any, weights: Any) -> pd.DataFrame:
    """Tabulate costs and gains, see :meth:`CrossFit.report`."""
    import pandas as pd

    names = crossfit.names_
    codes, truth = crossfit.y_, np.arange(len(crossfit.y_))

    def accuracy(proba: NDArray[np.float64]) -> float:
        return float((proba.argmax(axis=1) == codes).mean())

    def loss(proba: NDArray[np.float64]) -> float:
        return log_loss_of_truth(proba[truth, codes])

    whole = WeightedVotingClassifier(crossfit.estimators, weights=weights)
    whole._check_weights(len(names))
    shares = whole._find_weights(OutOfFold.of(crossfit), crossfit.class_prior_)
    vote = _vote_without(crossfit, None, weights)
    if vote is None:
        raise ValueError("`weights` are all 0.")
    rows = []
    for place, name in enumerate(names):
        rest = _vote_without(crossfit, place, weights)
        proba = crossfit.oof_proba_[name]
        seconds = float(np.sum(crossfit.predict_seconds_[name]))
        rows.append(
            {
                "fit_seconds": float(np.mean(crossfit.fit_seconds_[name])),
                "predict_seconds_per_1000": 1000 * seconds / len(codes),
                "present_share": float(crossfit.oof_present_[name].mean()),
                "accuracy": accuracy(proba),
                "log_loss": loss(proba),
                "weight": shares[place],
                "adds": np.nan if rest is None else accuracy(vote) - accuracy(rest),
                "adds_log_loss": np.nan if rest is None else loss(rest) - loss(vote),
            }
        )
    return pd.DataFrame(rows, index=pd.Index(names, name="member"))


def _vote_without(
    crossfit: Any, left_out: int | None, weights: Any
) -> NDArray[np.float64] | None:
    """Vote out of fold, without one of the members; None if no vote is left."""
    kept = [place for place in range(len(crossfit.names_)) if place != left_out]
    fixed = weights is not None and not isinstance(weights, str)
    if fixed:
        weights = np.asarray(weights)[kept]
    if not kept or (fixed and not np.any(weights)):
        return None
    members = [crossfit.estimators[place] for place in kept]
    vote = WeightedVotingClassifier(members, weights=weights)
    rows = OutOfFold.of(crossfit, [name for name, _ in members])
    return vote._vote_out_of_fold(rows, crossfit.class_prior_)
