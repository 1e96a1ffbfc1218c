"""Weighted means of probabilities when some members are missing in some samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from amzest.ensemble._out_of_fold import OutOfFold

Floats = NDArray[np.float64]

#: Smaller probabilities are clipped before their logarithm is taken.
TINY = 1e-15
#: Lower bound of learnt weights: a member keeps its vote where it is the only one.
LEAST_WEIGHT = 1e-6
#: Up to this fraction of the total, a member votes only where no other member does.
NEGLIGIBLE = 1e-5


def combine(
    probas: Sequence[Floats],
    presences: Sequence[NDArray[np.bool_]],
    weights: Floats,
    prior: Floats,
) -> Floats:
    """Return the weighted mean over the members present in each sample.

    A sample without any member gets `prior`. A member of negligible weight is left out
    of samples in which another one is present: it would change no probability by more
    than its weight, and need not be computed.
    """
    votes = weights[:, None] * np.array(presences, dtype=float)  # (members, samples)
    negligible = is_negligible(weights)
    votes[np.ix_(negligible, votes[~negligible].any(axis=0))] = 0
    # Dividing by the weight that is present renormalises the weights in each sample.
    total = votes.sum(axis=0)
    summed = np.einsum("mi,mik->ik", votes, np.array(probas))
    none = total <= 0
    result: Floats = summed / np.where(none, 1.0, total)[:, None]
    result[none] = prior
    return result


def is_negligible(weights: Floats) -> NDArray[np.bool_]:
    """Return which members vote only where no other member does."""
    negligible: NDArray[np.bool_] = weights <= NEGLIGIBLE * weights.sum()
    return negligible


def log_loss_of_truth(
    proba_of_truth: Floats, sample_weight: Floats | None = None
) -> float:
    """Return the mean log-loss, given the probability of each sample's true class."""
    return float(_mean(-np.log(np.maximum(proba_of_truth, TINY)), sample_weight))


def learn_weights(rows: OutOfFold, prior: Floats) -> Floats:
    """Return the weights with the least log-loss on out-of-fold samples; they sum to 1.

    The loss is never larger than that of the best member or of equal weights.
    """
    # With p[m, i] the probability that member m gives the true class of sample i and
    # v[m, i] its presence, the vote gives the true class
    #     mixed_i(w) = (w @ p)_i / (w @ v)_i
    # and the loss is the mean of -log(mixed_i). Without missing members the
    # denominator is 1 on the simplex and the problem is convex, that of fitting
    # mixture proportions. The solver needs the gradient
    #     d log(mixed_i) / dw_m = (p[m, i] - v[m, i] * mixed_i) / ((w @ v)_i * mixed_i)
    n_members = len(rows.probas)
    truth, votes = votes_of_truth(rows)
    of_none = prior[rows.codes]

    def loss(weights: Floats) -> tuple[float, Floats]:
        total = weights @ votes
        none = total <= 0
        total = np.where(none, 1.0, total)
        mixed = np.where(none, of_none, weights @ truth / total)
        mixed = np.maximum(mixed, TINY)
        slope = np.where(none, 0.0, (truth - votes * mixed) / (total * mixed))
        value = float(_mean(-np.log(mixed), rows.sample_weight))
        return value, _mean(-slope, rows.sample_weight)

    # Sequential quadratic programming (D. Kraft, 1988) handles the bounds together
    # with the constraint that weights sum to 1; a vote has few members, so that its
    # dense quadratic model is cheap.
    equal = np.full(n_members, 1 / n_members)
    found = minimize(
        loss,
        equal,
        jac=True,
        method="SLSQP",
        bounds=[(LEAST_WEIGHT, 1.0)] * n_members,
        constraints={
            "type": "eq",
            "fun": lambda weights: weights.sum() - 1,
            "jac": lambda weights: np.ones(n_members),
        },
        options={"maxiter": 500, "ftol": 1e-10},
    )
    learnt = np.clip(found.x, LEAST_WEIGHT, None)
    # With missing members the loss is not convex and the solver may stop early: equal
    # weights and each member alone are candidates as well.
    candidates = [learnt / learnt.sum(), equal, *np.eye(n_members)]
    return min(candidates, key=lambda weights: loss(weights)[0])


def votes_of_truth(rows: OutOfFold) -> tuple[Floats, Floats]:
    """Return each member's probability of the true class, 0 if missing, and presence.

    Both have shape (n_members, n_samples).
    """
    samples = np.arange(len(rows.codes))
    votes = np.array(rows.presences, dtype=float)
    return np.array(
        [proba[samples, rows.codes] for proba in rows.probas]
    ) * votes, votes


def _mean(values: Floats, sample_weight: Floats | None) -> Floats:
    """Return the (weighted) mean over samples, the last axis."""
    if sample_weight is None:
        result: Floats = values.mean(axis=-1)
        return result
    return values @ sample_weight / sample_weight.sum()
