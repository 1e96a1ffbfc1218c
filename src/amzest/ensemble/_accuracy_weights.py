"""Weights of a vote that are learnt for the accuracy on out-of-fold predictions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from amzest.ensemble._combining import LEAST_WEIGHT, TINY
from amzest.ensemble._out_of_fold import OutOfFold

Floats = NDArray[np.float64]

#: Rivals of the true class that are kept of each member, of which one wins a vote.
_RIVALS_PER_MEMBER = 5
#: Slopes of the smoothed accuracy; each solution is the start of the next one.
_SLOPES = (5.0, 10.0, 20.0)
#: Factor of the log-loss that is subtracted from the smoothed accuracy. Of .03, .1 and
#: .3, this one lost least accuracy and log-loss on four real datasets.
_LOG_LOSS_FACTOR = 0.1
#: Bounds of the logarithms of weights: their ratio is at most about 1e6.
_MAX_LOG_WEIGHT = 7.0


class Margins(NamedTuple):
    """Probabilities that decide whether a vote is correct.

    `truth` has those of the true class, `votes` is 0 for missing members and else 1,
    both of shape (n_members, n_samples); `rivals` has those of other classes, of shape
    (n_members, n_samples, n_rivals).
    """

    truth: Floats
    rivals: Floats
    votes: Floats

    @classmethod
    def of(cls, rows: OutOfFold) -> Margins:
        """Return them for out-of-fold predictions; with many classes only the likely.

        The class with the largest mean is one of the first of some member, but for rare
        cases that matter little for weights.
        """
        samples = np.arange(len(rows.codes))
        votes = np.array(rows.presences, dtype=float)
        truth = np.array([proba[samples, rows.codes] for proba in rows.probas])
        n_samples, n_classes = rows.probas[0].shape
        if n_classes - 1 <= _RIVALS_PER_MEMBER * len(votes):
            others = np.ones((n_samples, n_classes), dtype=bool)
            others[samples, rows.codes] = False
            shape = (n_samples, n_classes - 1)
            rivals = [proba[others].reshape(shape) for proba in rows.probas]
        else:
            kept = np.hstack([_best_rivals(p, rows.codes) for p in rows.probas])
            rivals = [np.take_along_axis(p, kept, axis=1) for p in rows.probas]
        return cls(truth * votes, np.array(rivals) * votes[:, :, None], votes)


def _best_rivals(proba: Floats, codes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the most probable classes other than the true one, (n_samples, 5)."""
    others = proba.copy()
    others[np.arange(len(codes)), codes] = -1
    best: NDArray[np.intp] = np.argpartition(-others, _RIVALS_PER_MEMBER, axis=1)
    return best[:, :_RIVALS_PER_MEMBER]


def learn_accuracy_weights(rows: OutOfFold) -> Floats:
    """Return the weights with the largest smoothed accuracy; they sum to 1.

    The log-loss decides between weights that are about equally accurate.
    """
    # With the margin of a sample, the mean probability of its true class minus the
    # largest of another class, accuracy is the mean of a step function of margins. It
    # has no useful gradient; a sigmoid in its place has one (B.-H. Juang, S. Katagiri,
    # "Discriminative learning for minimum error classification", IEEE Transactions on
    # Signal Processing 40, 1992). The sigmoid becomes steeper from solution to
    # solution, which avoids poor local maxima. Without the log-loss, a member that
    # predicts the same for all samples would keep its weight.
    margins = Margins.of(rows)
    n_members, n_samples = margins.truth.shape
    shares = rows.sample_weight
    shares = np.ones(n_samples) if shares is None else shares
    # Samples without any member have the class frequencies whatever the weights are.
    shares = shares * margins.votes.any(axis=0) / shares.sum()

    def loss(logs: Floats, slope: float) -> tuple[float, Floats]:
        weights = _softmax(logs)
        value, by_weight = _smoothed_loss(weights, margins, shares, slope)
        # The chain rule for the softmax of `logs`, which keeps weights positive with
        # the sum 1.
        return value, weights * (by_weight - weights @ by_weight)

    logs = np.zeros(n_members)
    # A vote of members with small margins is underrated by the sigmoid: equal weights
    # and each member alone are candidates as well.
    alone = np.maximum(np.eye(n_members), LEAST_WEIGHT)
    candidates = [*alone / alone.sum(axis=1), np.full(n_members, 1 / n_members)]
    for slope in _SLOPES:
        logs = minimize(
            loss,
            logs,
            args=(slope,),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-_MAX_LOG_WEIGHT, _MAX_LOG_WEIGHT)] * n_members,
            options={"maxiter": 60},
        ).x
        candidates.append(_softmax(logs))
    return min(
        reversed(candidates),
        key=lambda weights: _smoothed_loss(weights, margins, shares, np.inf)[0],
    )


def _smoothed_loss(
    weights: Floats, margins: Margins, shares: Floats, slope: float
) -> tuple[float, Floats]:
    """Return the loss of a vote and its derivatives with respect to the weights.

    The loss is the log-loss, times its factor, minus the smoothed accuracy. An infinite
    slope means the accuracy, whose derivatives are 0.
    """
    truth, rivals, votes = margins
    samples = np.arange(truth.shape[1])
    total = np.maximum(weights @ votes, 1e-12)
    of_rivals = np.tensordot(weights, rivals, axes=1)  # (n_samples, n_rivals)
    rival = of_rivals.argmax(axis=1)
    mixed = np.maximum(weights @ truth / total, TINY)
    margin = mixed - of_rivals[samples, rival] / total
    if np.isinf(slope):
        correct, steepness = np.heaviside(margin, 0.5), np.zeros_like(margin)
    else:
        correct = expit(slope * margin)
        steepness = slope * correct * (1 - correct)
    # With t, r and v those of the true class, the rival and the presence,
    #     d mixed_i / dw_m = (t_mi - v_mi * mixed_i) / total_i
    #     d margin_i / dw_m = (t_mi - r_mi - v_mi * margin_i) / total_i
    by_margin = shares * steepness / total
    by_mixed = _LOG_LOSS_FACTOR * shares / (mixed * total)
    own = truth - rivals[:, samples, rival]
    slopes = -(own - votes * margin) @ by_margin - (truth - votes * mixed) @ by_mixed
    log_loss = -_LOG_LOSS_FACTOR * (shares @ np.log(mixed))
    return float(log_loss - shares @ correct), slopes


def _softmax(logs: Floats) -> Floats:
    weights: Floats = np.exp(logs - logs.max())
    return weights / weights.sum()


class AccuracyOfBags:
    """Accuracy of bags of members, for greedy selection.

    A tie between the true class and another counts as half correct.
    """

    def __init__(self, rows: OutOfFold) -> None:
        self._margins = Margins.of(rows)
        self._weights = rows.sample_weight
        self._truth = np.zeros(len(rows.codes))
        self._rivals = np.zeros(self._margins.rivals.shape[1:])

    def after(self, member: int) -> float:
        """Return the accuracy of the bag with one member more."""
        truth = self._truth + self._margins.truth[member]
        rival = (self._rivals + self._margins.rivals[member]).max(axis=1)
        # The sums of all classes have the same divisor.
        correct = (truth > rival) + 0.5 * (truth == rival)
        return float(np.average(correct, weights=self._weights))

    def add(self, member: int) -> None:
        """Add a member to the bag."""
        self._truth += self._margins.truth[member]
        self._rivals += self._margins.rivals[member]
