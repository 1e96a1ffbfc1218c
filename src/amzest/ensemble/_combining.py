"""Weighted means of probabilities, where not every member has a vote in every row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]

#: Below it a probability is not told from 0 when its logarithm is taken.
TINY = 1e-15
#: So that a member keeps its vote where it is the only one.
_LEAST_WEIGHT = 1e-6
#: Share of all weight up to which a member has a vote only where no other has one.
NEGLIGIBLE = 1e-5
_N_GREEDY_ROUNDS = 100


def combine(
    probas: Sequence[Floats],
    presences: Sequence[NDArray[np.bool_]],
    weights: Floats,
    prior: Floats,
) -> Floats:
    """Average members' probabilities by weight, row by row among those present.

    A member of negligible weight is left out of rows in which another one is present:
    it would move no probability by more than its weight, and need not be computed.

    Parameters
    ----------
    probas : sequence of ndarray of shape (n_samples, n_classes)
        One for each member.

    presences : sequence of ndarray of shape (n_samples,), dtype bool
        The rows in which each member has a vote.

    weights : ndarray of shape (n_members,)
        Not negative.

    prior : ndarray of shape (n_classes,)
        Probabilities of rows in which no member has a vote.

    Returns
    -------
    ndarray of shape (n_samples, n_classes)
        The mean; the weights of a row's members are scaled to add up to 1.
    """
    votes = weights[:, None] * np.array(presences, dtype=float)
    negligible = is_negligible(weights)
    votes[np.ix_(negligible, votes[~negligible].any(axis=0))] = 0
    total = votes.sum(axis=0)
    summed = np.einsum("mi,mik->ik", votes, np.array(probas))
    none = total <= 0
    result: Floats = summed / np.where(none, 1.0, total)[:, None]
    result[none] = prior
    return result


def is_negligible(weights: Floats) -> NDArray[np.bool_]:
    """Tell which members have a vote only where no other has one."""
    negligible: NDArray[np.bool_] = weights <= NEGLIGIBLE * weights.sum()
    return negligible


def log_loss_of_truth(proba_of_truth: Floats) -> float:
    """Mean log-loss, given the probability of each row's own class."""
    return float(-np.log(np.maximum(proba_of_truth, TINY)).mean())


def learn_weights(
    probas: Sequence[Floats],
    presences: Sequence[NDArray[np.bool_]],
    codes: NDArray[np.intp],
    prior: Floats,
) -> Floats:
    """Find the weights with the least log-loss.

    Parameters
    ----------
    probas, presences, prior
        As for :func:`combine`; of rows that the members have not learnt from.

    codes : ndarray of shape (n_samples,), dtype int
        True class of each row.

    Returns
    -------
    ndarray of shape (n_members,)
        They add up to 1. The loss is no larger than that of any member alone, nor of
        equal weights.
    """
    n_members = len(probas)
    truth, votes = _votes_of_truth(probas, presences, codes)
    of_none = prior[codes]

    def loss(weights: Floats) -> tuple[float, Floats]:
        total = weights @ votes
        none = total <= 0
        total = np.where(none, 1.0, total)
        mixed = np.where(none, of_none, weights @ truth / total)
        mixed = np.maximum(mixed, TINY)
        slope = np.where(none, 0.0, (truth - votes * mixed) / (total * mixed))
        return float(-np.log(mixed).mean()), -slope.mean(axis=1)

    equal = np.full(n_members, 1 / n_members)
    found = minimize(
        loss,
        equal,
        jac=True,
        method="SLSQP",
        bounds=[(_LEAST_WEIGHT, 1.0)] * n_members,
        constraints={
            "type": "eq",
            "fun": lambda weights: weights.sum() - 1,
            "jac": lambda weights: np.ones(n_members),
        },
        options={"maxiter": 500, "ftol": 1e-10},
    )
    learnt = np.clip(found.x, _LEAST_WEIGHT, None)
    candidates = [learnt / learnt.sum(), equal, *np.eye(n_members)]
    return min(candidates, key=lambda weights: loss(weights)[0])


def learn_weights_greedily(
    probas: Sequence[Floats],
    presences: Sequence[NDArray[np.bool_]],
    codes: NDArray[np.intp],
    prior: Floats,
) -> Floats:
    """Find weights by adding one member at a time, with repetition.

    Parameters
    ----------
    probas, presences, codes, prior
        As for :func:`learn_weights`.

    Returns
    -------
    ndarray of shape (n_members,)
        Shares of the best bag of members found on the way; they add up to 1.
    """
    truth, votes = _votes_of_truth(probas, presences, codes)
    of_none = prior[codes]
    bag = np.zeros(len(probas))
    best, least = bag, np.inf
    for _ in range(_N_GREEDY_ROUNDS):
        losses = []
        for member in range(len(probas)):
            tried = bag.copy()
            tried[member] += 1
            total = tried @ votes
            mixed = np.where(
                total > 0, tried @ truth / np.where(total > 0, total, 1), of_none
            )
            losses.append(log_loss_of_truth(mixed))
        chosen = int(np.argmin(losses))
        bag = bag.copy()
        bag[chosen] += 1
        if losses[chosen] < least:
            best, least = bag, losses[chosen]
    return best / best.sum()


def _votes_of_truth(
    probas: Sequence[Floats],
    presences: Sequence[NDArray[np.bool_]],
    codes: NDArray[np.intp],
) -> tuple[Floats, Floats]:
    """Give each member's probability of the true class, 0 where it has no vote."""
    rows = np.arange(len(codes))
    votes = np.array(presences, dtype=float)
    return np.array([proba[rows, codes] for proba in probas]) * votes, votes
