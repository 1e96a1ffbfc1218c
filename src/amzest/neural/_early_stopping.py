"""When to stop, and which epoch was the best."""

from __future__ import annotations

import numpy as np

from amzest.neural._engine import Weights


class BestEpoch:
    """Remember the weights of the best epoch, in memory.

    An epoch is better when its validation accuracy is higher, or equal at a lower
    validation loss. Patience is counted from the last epoch that was better by more
    than `tol` in accuracy, or by more than `tol` in loss at no less accuracy.

    Parameters
    ----------
    n_iter_no_change : int
        Epochs without improvement after which to stop.

    tol : float
        Smallest difference that counts as an improvement.
    """

    def __init__(self, n_iter_no_change: int, tol: float) -> None:
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.score = -np.inf
        self.loss = np.inf
        self.weights: Weights | None = None
        self._milestone = (-np.inf, np.inf)
        self._n_waiting = 0

    def is_better(self, score: float, loss: float) -> bool:
        """Tell whether an epoch beats the best one so far."""
        return (score, -loss) > (self.score, -self.loss)

    def record(self, score: float, loss: float, weights: Weights | None) -> bool:
        """Take note of an epoch; return True when it is time to stop."""
        if weights is not None:
            self.score, self.loss, self.weights = score, loss, weights
        best_score, best_loss = self._milestone
        if score > best_score + self.tol or (
            score >= best_score and loss < best_loss - self.tol
        ):
            self._milestone = (score, loss)
            self._n_waiting = 0
        else:
            self._n_waiting += 1
        return self._n_waiting >= self.n_iter_no_change
