"""What each member of a cross-fit costs, and what it adds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.ensemble._combining import log_loss_of_truth
from amzest.ensemble._member_fits import MemberFits
from amzest.ensemble._out_of_fold import OutOfFold
from amzest.ensemble._vote_weights import VoteRule


def report_members(fits: MemberFits, rule: VoteRule) -> pd.DataFrame:
    """Return a table of costs and gains, see `CrossFit.report`."""
    names, codes = fits.names_, fits.y_
    samples, sample_weight = np.arange(len(codes)), OutOfFold.of(fits).sample_weight

    def accuracy(proba: NDArray[np.float64]) -> float:
        return float(np.average(proba.argmax(axis=1) == codes, weights=sample_weight))

    def loss(proba: NDArray[np.float64]) -> float:
        return log_loss_of_truth(proba[samples, codes], sample_weight)

    rule.check(len(names))
    everything, prior = OutOfFold.of(fits), fits.class_prior_
    shares = rule.learn(len(names), everything, prior).weights
    vote = rule.vote_out_of_fold(everything, prior)
    similar = _most_similar(fits)
    rows = []
    for place, name in enumerate(names):
        rest = _vote_without(fits, place, rule)
        proba, present = fits.oof_proba_[name], fits.oof_present_[name]
        seconds = float(np.sum(fits.predict_seconds_[name]))
        rows.append(
            {
                "fit_seconds": float(np.mean(fits.fit_seconds_[name])),
                "predict_seconds_per_1000": 1000 * seconds / len(codes),
                "present_share": float(np.average(present, weights=sample_weight)),
                "accuracy": accuracy(proba),
                "log_loss": loss(proba),
                "weight": shares[place],
                "adds": np.nan if rest is None else accuracy(vote) - accuracy(rest),
                "adds_log_loss": np.nan if rest is None else loss(rest) - loss(vote),
                **similar[name],
            }
        )
    return pd.DataFrame(rows, index=pd.Index(names, name="member"))


def _most_similar(fits: MemberFits) -> dict[str, dict[str, Any]]:
    """Return for each member the one with which it shares most errors, and how many."""
    names, codes = fits.names_, fits.y_
    predicted = {name: fits.oof_proba_[name].argmax(axis=1) for name in names}
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        shares: dict[Any, float] = {}
        for other in names:
            first, second = predicted[name], predicted[other]
            n_either = ((first != codes) | (second != codes)).sum()
            if other != name and n_either:
                shares[other] = ((first == second) & (first != codes)).sum() / n_either
        closest = max(shares, key=lambda other: shares[other], default=None)
        found[name] = {
            "most_similar": closest,
            "same_errors": shares.get(closest, np.nan),
        }
    return found


def _vote_without(
    fits: MemberFits, left_out: int, rule: VoteRule
) -> NDArray[np.float64] | None:
    """Return the out-of-fold vote without one member; None if no vote is left."""
    kept = [place for place in range(len(fits.names_)) if place != left_out]
    if rule.weights is not None and not isinstance(rule.weights, str):
        rule = replace(rule, weights=np.asarray(rule.weights)[kept])
        if not np.any(rule.weights):
            return None
    if not kept:
        return None
    rows = OutOfFold.of(fits, [fits.names_[place] for place in kept])
    return rule.vote_out_of_fold(rows, fits.class_prior_)
