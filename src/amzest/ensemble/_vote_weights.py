"""The rule of a vote: weights and calibration, validated and learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.utils._param_validation import StrOptions

from amzest.ensemble._accuracy_weights import learn_accuracy_weights
from amzest.ensemble._calibrated import apply_calibrator, fit_calibrator
from amzest.ensemble._combining import combine, learn_weights
from amzest.ensemble._geometric_mean import (
    combine_geometrically,
    learn_geometric_weights,
)
from amzest.ensemble._greedy_weights import learn_weights_greedily
from amzest.ensemble._out_of_fold import OutOfFold
from amzest.utils import shown

Objective = Literal["accuracy", "log_loss"]
Combination = Literal["arithmetic", "geometric"]
Floats = NDArray[np.float64]

WEIGHTS_CONSTRAINTS = [None, StrOptions({"learn", "greedy"}), "array-like"]
OBJECTIVE_CONSTRAINTS = [StrOptions({"accuracy", "log_loss"})]
#: The parameters of a vote besides its members.
VOTE_CONSTRAINTS: dict[str, list[Any]] = {
    "weights": WEIGHTS_CONSTRAINTS,
    "objective": OBJECTIVE_CONSTRAINTS,
    "calibrate": ["boolean"],
    "combination": [StrOptions({"arithmetic", "geometric"})],
}


@dataclass(frozen=True)
class Vote:
    """Weights of members, which sum to 1, and how their probabilities are combined."""

    weights: Floats
    calibrators: list[CalibratedClassifierCV | None] | None = None
    #: Sum of the exponents of a geometric mean; None for the arithmetic mean.
    sharpness: float | None = None

    def calibrated(
        self, probas: Sequence[Floats], presences: Sequence[NDArray[np.bool_]]
    ) -> list[Floats]:
        """Return the members' probabilities, calibrated where they are present."""
        if self.calibrators is None:
            return list(probas)
        found = []
        for calibrator, proba, present in zip(
            self.calibrators, probas, presences, strict=True
        ):
            changed = proba.copy()
            if present.any():
                changed[present] = apply_calibrator(calibrator, proba[present])
            found.append(changed)
        return found

    def combine(
        self,
        probas: Sequence[Floats],
        presences: Sequence[NDArray[np.bool_]],
        prior: Floats,
    ) -> Floats:
        """Return the probabilities of the vote."""
        probas = self.calibrated(probas, presences)
        if self.sharpness is None:
            return combine(probas, presences, self.weights, prior)
        return combine_geometrically(
            probas, presences, self.weights, self.sharpness, prior
        )


@dataclass(frozen=True)
class VoteRule:
    """How a vote is made: the parameters of WeightedVotingClassifier."""

    weights: Any
    objective: Objective = "accuracy"
    calibrate: bool = False
    combination: Combination = "arithmetic"

    @property
    def needs_folds(self) -> bool:
        """Whether something is learnt from out-of-fold predictions."""
        return isinstance(self.weights, str) or bool(self.calibrate)

    def check(self, n_members: int) -> None:
        """Raise a ValueError unless weights are one non-negative number per member."""
        if self.combination == "geometric" and isinstance(self.weights, str):
            if self.weights == "greedy":
                raise ValueError(
                    'combination="geometric" has no greedy selection. Pass '
                    'weights="learn".'
                )
            return
        if self.weights is None or isinstance(self.weights, str):
            return
        values = np.asarray(self.weights, dtype=float)
        wrong = values.shape != (n_members,) or not np.isfinite(values).all()
        if wrong or (values < 0).any() or not values.any():
            msg = (
                f"`weights` must be {n_members} non-negative numbers, one per member "
                f"and not all of them 0, got {shown(self.weights)}."
            )
            raise ValueError(msg)

    def learn(self, n_members: int, rows: OutOfFold | None, prior: Floats) -> Vote:
        """Return the vote; `rows` are needed if something is learnt from them."""
        calibrators = None
        if self.calibrate and rows is not None:
            calibrators = [
                fit_calibrator(rows.of_member(i), "temperature")
                for i in range(n_members)
            ]
        geometric = self.combination == "geometric"
        sharpness = 1.0 if geometric else None
        if self.weights is None:
            equal = np.full(n_members, 1 / n_members)
            return Vote(equal, calibrators, sharpness)
        if not isinstance(self.weights, str) or rows is None:
            values = np.asarray(self.weights, dtype=float)
            return Vote(values / values.sum(), calibrators, sharpness)
        rows = rows.weighted()
        if calibrators is not None:
            vote = Vote(np.ones(n_members), calibrators)
            rows = rows.with_probas(vote.calibrated(rows.probas, rows.presences))
        if geometric:
            weights, sharpness = learn_geometric_weights(rows)
            return Vote(weights, calibrators, sharpness)
        return Vote(self._learn_weights(rows, prior), calibrators)

    def _learn_weights(self, rows: OutOfFold, prior: Floats) -> Floats:
        if self.weights == "greedy":
            return learn_weights_greedily(rows, prior, self.objective)
        if self.objective == "accuracy":
            return learn_accuracy_weights(rows)
        return learn_weights(rows, prior)

    def vote_out_of_fold(self, rows: OutOfFold, prior: Floats) -> Floats:
        """Return the vote on each fold, learnt on the other folds."""
        # Weights learnt on all folds have seen the labels of each: a vote with them
        # would have too small a loss, and the more so the more members it has.
        proba = np.empty_like(rows.probas[0])
        for train, test in rows.folds():
            vote = self.learn(len(rows.probas), rows.take(train), prior)
            inside = rows.take(test)
            proba[test] = vote.combine(inside.probas, inside.presences, prior)
        return proba
