"""Shapley values: the share of each player in the value of all of them together."""

from __future__ import annotations

from collections.abc import Callable
from math import comb

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: From coalitions of players, (n_players,) masks, to the value for each sample.
ValueOf = Callable[[NDArray[np.bool_]], Floats]

#: More players than `max_exact` are added in this many random orders.
_N_ORDERS = 16


def shapley_values(value_of: ValueOf, n_players: int, max_exact: int) -> Floats:
    """Return the Shapley value of each player for each sample, (n_players, n_samples).

    It is the mean change of the value when the player joins the others, over all orders
    in which they can join (Shapley, 1953), and sums to the value of all players minus
    that of none.
    """
    known: dict[bytes, Floats] = {}

    def value(mask: NDArray[np.bool_]) -> Floats:
        if mask.tobytes() not in known:
            known[mask.tobytes()] = value_of(mask)
        return known[mask.tobytes()]

    if n_players > max_exact:
        return _by_sampling(value, n_players)
    result = []
    for player in range(n_players):
        total = np.zeros_like(value(np.zeros(n_players, dtype=bool)))
        for number in range(2**n_players):
            before = (number >> np.arange(n_players)) % 2 == 1
            if before[player]:
                continue
            after = before.copy()
            after[player] = True
            # The fraction of orders in which exactly the players `before` come first.
            weight = 1 / (n_players * comb(n_players - 1, int(before.sum())))
            total = total + weight * (value(after) - value(before))
        result.append(total)
    return np.array(result)


def _by_sampling(value: ValueOf, n_players: int) -> Floats:
    """Average over random orders and their reverses (Castro et al., 2009)."""
    rng = np.random.default_rng(0)
    orders = [rng.permutation(n_players) for _ in range(_N_ORDERS // 2)]
    orders += [order[::-1] for order in orders]
    result = np.zeros((n_players, len(value(np.zeros(n_players, dtype=bool)))))
    for order in orders:
        mask = np.zeros(n_players, dtype=bool)
        for player in order:
            before = value(mask.copy())
            mask[player] = True
            result[player] += (value(mask.copy()) - before) / len(orders)
    return result
