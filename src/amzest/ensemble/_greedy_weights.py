"""Greedy ensemble selection for the log-loss or the accuracy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from amzest.ensemble._accuracy_weights import AccuracyOfBags
from amzest.ensemble._combining import log_loss_of_truth, votes_of_truth
from amzest.ensemble._out_of_fold import OutOfFold

Floats = NDArray[np.float64]

_N_GREEDY_ROUNDS = 100


def learn_weights_greedily(
    rows: OutOfFold, prior: Floats, objective: str = "log_loss"
) -> Floats:
    """Return weights from greedy ensemble selection with replacement; they sum to 1.

    In each round the member whose addition to the bag lowers the log-loss most, or
    increases the accuracy most, is added once more (Caruana et al., ICML 2004); the
    weights are the relative frequencies in the best bag. Rounds continue after a rise
    of the loss: it may fall again.
    """
    # The loss of a bag depends on the sum of its members' probabilities of the true
    # class only, so that each trial costs one product of matrix and vector.
    truth, votes = votes_of_truth(rows)
    of_none = prior[rows.codes]
    bag = np.zeros(len(rows.probas))
    accuracy = AccuracyOfBags(rows) if objective == "accuracy" else None
    best, least = bag, (np.inf, np.inf)
    for _ in range(_N_GREEDY_ROUNDS):
        losses = []
        for member in range(len(rows.probas)):
            tried = bag.copy()
            tried[member] += 1
            total = tried @ votes
            mixed = np.where(
                total > 0, tried @ truth / np.where(total > 0, total, 1), of_none
            )
            # Of equally accurate bags the one with the least log-loss is chosen.
            error = 0.0 if accuracy is None else -accuracy.after(member)
            losses.append((error, log_loss_of_truth(mixed, rows.sample_weight)))
        chosen = losses.index(min(losses))
        bag = bag.copy()
        bag[chosen] += 1
        if accuracy is not None:
            accuracy.add(chosen)
        if losses[chosen] < least:
            best, least = bag, losses[chosen]
    return best / best.sum()
