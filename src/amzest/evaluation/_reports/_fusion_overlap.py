"""Errors that pairs of members share, and members that are near copies."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

#: Near copies share at least this fraction of their errors, with the same prediction.
NEAR_COPY = 0.5


def describe_overlap(
    names: Sequence[str],
    predicted: NDArray[np.int64],
    probas: Sequence[NDArray[np.float64]],
    codes: NDArray[np.int64],
    adds_low: NDArray[np.float64],
) -> pd.DataFrame:
    """Return `FusionReport.overlap`.

    `predicted` has shape (n_members, n_samples), `adds_low` (n_members,).
    """
    wrong = predicted != codes
    correlations = _proba_correlations(probas, codes)
    rows = []
    for i, j in combinations(range(len(names)), 2):
        both_wrong = wrong[i] & wrong[j]
        n_both = int(both_wrong.sum())
        n_first, n_second = int(wrong[i].sum()), int(wrong[j].sum())
        n_either = n_first + n_second - n_both
        n_neither = len(codes) - n_either
        # Yule's Q and the correlation of the 2 x 2 table of right and wrong (Kuncheva,
        # Whitaker 2003).
        agreeing = n_both * n_neither
        disagreeing = (n_first - n_both) * (n_second - n_both)
        spread = float(n_first * (len(codes) - n_first))
        spread *= n_second * (len(codes) - n_second)
        n_same = int((predicted[i] == predicted[j])[both_wrong].sum())
        same_errors = _share(n_same, n_either)
        # Members that share most errors may still be worth their cost, if the average
        # needs both.
        dispensable = min(adds_low[i], adds_low[j]) <= 0
        rows.append(
            {
                "first": names[i],
                "second": names[j],
                "n_both_wrong": n_both,
                "share_of_first": _share(n_both, n_first),
                "share_of_second": _share(n_both, n_second),
                "same_answer": _share(n_same, n_both),
                "same_errors": same_errors,
                "jaccard": _share(n_both, n_either),
                "yule_q": _share(agreeing - disagreeing, agreeing + disagreeing),
                "error_correlation": _share(agreeing - disagreeing, spread**0.5),
                "proba_correlation": correlations[i, j],
                "near_copy": bool(same_errors >= NEAR_COPY and dispensable),
            }
        )
    return pd.DataFrame(rows)


def _proba_correlations(
    probas: Sequence[NDArray[np.float64]], codes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return correlations of the members' errors of probabilities, over all classes."""
    # The error of a probability p is p - t, where t is 1 for the true class and else 0.
    # With means of zero (probabilities sum to 1) the sum of products of two members is
    #     sum((p - t) * (q - t)) = sum(p * q) - sum of p and of q for true classes + n,
    # which needs no copy of the probabilities.
    truth = [proba[np.arange(len(codes)), codes].sum() for proba in probas]
    products = np.empty((len(probas), len(probas)))
    for i, first in enumerate(probas):
        for j, second in enumerate(probas[: i + 1]):
            product = np.vdot(first, second) - truth[i] - truth[j] + len(codes)
            products[i, j] = products[j, i] = product
    norms = np.sqrt(np.maximum(products.diagonal(), 0))
    scale = np.outer(norms, norms)
    # Of a member without any error the correlation is not defined.
    correlations: NDArray[np.float64] = np.divide(
        products, scale, out=np.full_like(products, np.nan), where=scale > 0
    )
    return correlations


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
