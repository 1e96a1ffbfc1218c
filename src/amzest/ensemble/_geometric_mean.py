"""Weighted geometric means of probabilities: logarithmic opinion pools.

A geometric mean of calibrated members is more confident where they agree for different
reasons, and a class that one member excludes is excluded (Genest and Zidek,
1986, https://doi.org/10.1214/ss/1177013825).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

from amzest.ensemble._combining import LEAST_WEIGHT, is_negligible
from amzest.ensemble._out_of_fold import OutOfFold

Floats = NDArray[np.float64]

#: Smaller probabilities are clipped, so that no member alone can exclude a class.
_SMALLEST_PROBA = 1e-6

#: Upper bound of learnt exponents.
_LARGEST_EXPONENT = 20.0


def combine_geometrically(
    probas: Sequence[Floats],
    presences: Sequence[NDArray[np.bool_]],
    weights: Floats,
    sharpness: float,
    prior: Floats,
) -> Floats:
    """Return the weighted geometric mean over the members present in each sample.

    `weights` sum to 1. With all members the exponents are `weights` times `sharpness`;
    the smaller the weight of those that are present, the nearer is their sum to 1. A
    sample without any member gets `prior`.
    """
    present = np.array(presences, dtype=float)
    negligible = is_negligible(weights)
    present[np.ix_(negligible, (present[~negligible] > 0).any(axis=0))] = 0
    exponents = _exponents(sharpness * weights, present)
    total = np.zeros_like(probas[0])
    for proba, exponent in zip(probas, exponents, strict=True):
        total += exponent[:, None] * _log(proba)
    result: Floats = np.exp(log_softmax(total, axis=1))
    result[~present.any(axis=0)] = prior
    return result


def learn_geometric_weights(rows: OutOfFold) -> tuple[Floats, float]:
    """Return the weights, which sum to 1, and the sharpness of the least log-loss."""
    logs = np.array([_log(proba) for proba in rows.probas])
    present = np.array(rows.presences, dtype=float)
    some = present.any(axis=0)
    logs, present, codes = logs[:, some], present[:, some], rows.codes[some]
    sample_weight = np.ones(len(codes))
    if rows.sample_weight is not None:
        sample_weight = rows.sample_weight[some]
    sample_weight = sample_weight / sample_weight.sum()
    samples = np.arange(len(codes))

    def loss(products: Floats) -> tuple[float, Floats]:
        exponents = _exponents(products, present)
        log_proba = log_softmax(np.einsum("mi,mik->ik", exponents, logs), axis=1)
        slope = np.exp(log_proba)
        slope[samples, codes] -= 1
        by_exponent = np.einsum("ik,mik->mi", slope, logs) * sample_weight
        # Exponents depend on the other products through two sums, see `_exponents`.
        total, there = products.sum(), products @ present
        shared = np.sum(by_exponent * products[:, None] * present, axis=0)
        gradient = np.sum(by_exponent * present * (1 / there + 1 - 1 / total), axis=1)
        gradient += np.sum(shared * (1 / total**2 - present / there**2), axis=1)
        return -float(sample_weight @ log_proba[samples, codes]), gradient

    n_members = len(rows.probas)
    found = minimize(
        loss,
        np.full(n_members, 1 / n_members),
        jac=True,
        method="L-BFGS-B",
        bounds=[(LEAST_WEIGHT, _LARGEST_EXPONENT)] * n_members,
    )
    sharpness = float(found.x.sum())
    return found.x / sharpness, sharpness


def _exponents(products: Floats, present: Floats) -> Floats:
    """Return the exponent of each member in each sample, (n_members, n_samples).

    With w the weights of all members and s the sharpness, `products` are s * w. The
    exponents of those that are present sum to 1 + (s - 1) * (sum of their weights).
    """
    total = products.sum()
    there = products @ present  # (n_samples,)
    factor = 1 / np.where(there > 0, there, 1.0) + 1 - 1 / total
    result: Floats = products[:, None] * present * factor
    return result


def _log(proba: Floats) -> Floats:
    return np.log(np.maximum(proba, _SMALLEST_PROBA))
