"""Scores of designs as sums over rows, so that resampling is one matrix product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

#: Number of bins of the calibration error.
N_BINS = 15

_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Metric:
    """A score: its column, its short heading, and what it is a mean of."""

    name: str
    label: str
    unit: str
    higher_is_better: bool


@dataclass(frozen=True)
class Scores:
    """Scores of designs on all rows and on resamples.

    For each metric `values` has shape (n_designs,) and `samples` (n_designs,
    n_bootstrap). `right` and `predicted` have shape (n_designs, n_samples);
    `calibration_chance` (n_designs, 2) is that of :func:`calibration_by_chance`.
    """

    values: dict[str, NDArray[np.float64]]
    samples: dict[str, NDArray[np.float64]]
    right: NDArray[np.bool_]
    predicted: NDArray[np.int64]
    calibration_chance: NDArray[np.float64]


def list_metrics(top_k: Sequence[int]) -> list[Metric]:
    """Return the metrics in the order of the tables and of `Scoring.scores`."""
    rows = "fraction of rows"
    return [
        Metric("accuracy", "accuracy", rows, True),
        Metric("macro_f1", "macro-F1", "mean over categories", True),
        *(Metric(f"top_{k}_accuracy", f"top-{k}", rows, True) for k in top_k),
        Metric("log_loss", "log-loss", "mean over rows, in nats", False),
        Metric("brier", "Brier", "mean squared error", False),
        Metric("calibration_error", "ECE", "mean over rows", False),
    ]


def truth_ranks(
    proba: NDArray[np.float64], codes: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the number of classes ranked before the true one; 0 if it is predicted.

    Of equal probabilities the first is ranked first, as in ``argmax``.
    """
    # A rank of 0 is a correct prediction, and a rank below k a top-k hit, so that all
    # accuracies come from one pass.
    truth = proba[np.arange(len(codes)), codes][:, np.newaxis]  # (n_samples, 1)
    earlier = np.arange(proba.shape[1]) < codes[:, np.newaxis]
    before = (proba > truth) | ((proba == truth) & earlier)
    return before.sum(axis=1, dtype=np.int64)


def row_log_loss(
    proba: NDArray[np.float64], codes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the log-loss of each row, clipped at the float64 epsilon."""
    truth = proba[np.arange(len(codes)), codes]
    losses: NDArray[np.float64] = -np.log(np.clip(truth, _EPSILON, 1.0))
    return losses


def row_brier(
    proba: NDArray[np.float64], codes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the Brier score of each row: 0 to 2, or 0 to 1 for two classes."""
    truth = proba[np.arange(len(codes)), codes]
    # The sum over classes of (p - t)^2, where t is 1 for the true class and else 0.
    squares = np.einsum("ij,ij->i", proba, proba) - 2 * truth + 1
    scores: NDArray[np.float64] = squares / 2 if proba.shape[1] == 2 else squares
    return scores


def calibration_bins(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the bin of each row, 0 to 14, of about equal size; ties share a bin."""
    # Equal sizes (Nixon et al. 2019), since bins of equal width may be nearly empty.
    # "inverted_cdf" returns data points, so that ties share a bin.
    inner = np.linspace(0, 1, N_BINS + 1)[1:-1]
    edges = np.quantile(confidence, inner, method="inverted_cdf")
    return np.searchsorted(edges, confidence, side="left").astype(np.int64)


def calibration_by_chance(
    confidence: NDArray[np.float64], bins: NDArray[np.int64], weights: Any = None
) -> tuple[float, float]:
    """Return mean and standard deviation of the error of a calibrated design.

    Its predictions are correct with probability `confidence`, independently.
    """
    scale = np.ones_like(confidence) if weights is None else weights
    # Variance of the number of correct predictions in each bin.
    variances = np.bincount(bins, weights=confidence * (1 - confidence) * scale**2)
    # The gap of a bin is about normal with mean 0, its absolute value half-normal.
    gaps = np.sqrt(variances) / scale.sum()
    # Mean and variance of a half-normal variable: s sqrt(2 / pi), s^2 (1 - 2 / pi).
    mean = np.sqrt(2 / np.pi) * gaps.sum()
    deviation = np.sqrt((1 - 2 / np.pi) * (gaps**2).sum())
    return float(mean), float(deviation)


class Scoring:
    """The sums over rows that the scores of designs are functions of.

    `means` (n_means * n_designs, n_samples) and `counts` (sparse) are the contributions
    of each row to accuracy, top-k, log-loss and Brier score, and to what is counted by
    category and by bin. With `weights` they are weighted.
    """

    def __init__(
        self,
        probas: Sequence[NDArray[np.float64]],
        codes: NDArray[np.int64],
        top_k: Sequence[int],
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        self.names = [metric.name for metric in list_metrics(top_k)]
        self._n_designs, self._n_classes = len(probas), probas[0].shape[1]
        ranks = np.array([truth_ranks(proba, codes) for proba in probas])
        self.right = ranks == 0
        self.predicted = np.array([proba.argmax(axis=1) for proba in probas])
        # The expected calibration error and macro-F1 are no means over rows, but
        # functions of counts per bin and category, which are sparse: each row is in one
        # bin and one or two categories of a design.
        self.means = np.concatenate(
            [
                self.right,
                *(ranks < k for k in top_k),
                [row_log_loss(proba, codes) for proba in probas],
                [row_brier(proba, codes) for proba in probas],
            ],
            dtype=np.float64,
        )
        confidence = np.array([proba.max(axis=1) for proba in probas])
        bins = np.array([calibration_bins(row) for row in confidence])
        self.chance = np.array(
            [
                calibration_by_chance(*of_design, weights)
                for of_design in zip(confidence, bins, strict=True)
            ]
        )
        # Blocks of rows: true positives and predictions of each design and class,
        # support of each class, and confidence minus accuracy in each bin.
        ones = np.ones_like(confidence)
        blocks = [
            self._lines(self.predicted, self._n_classes, self.right.astype(float)),
            self._lines(self.predicted, self._n_classes, ones),
            self._lines(codes[np.newaxis], self._n_classes, ones[:1]),
            self._lines(bins, N_BINS, confidence - self.right),
        ]
        self._ends = np.cumsum([block.shape[0] for block in blocks])[:-1]
        self.counts = sparse.vstack(blocks, format="csr")
        if weights is not None:
            self.means = self.means * weights
            self.counts = self.counts @ sparse.diags_array(weights, format="csr")

    def _lines(
        self, groups: NDArray[np.int64], n_groups: int, values: NDArray[np.float64]
    ) -> sparse.csr_array:
        # Row `group` of the block of each design has the value of the samples in it.
        n_designs, n_samples = groups.shape
        lines = groups + n_groups * np.arange(n_designs)[:, np.newaxis]
        columns = np.tile(np.arange(n_samples), n_designs)
        shape = (n_groups * n_designs, n_samples)
        block = sparse.csr_array((values.ravel(), (lines.ravel(), columns)), shape)
        block.eliminate_zeros()
        return block

    def scores(
        self,
        mean_sums: NDArray[np.float64],
        count_sums: NDArray[np.float64],
        total: NDArray[np.float64] | float,
    ) -> dict[str, NDArray[np.float64]]:
        """Return the metrics, each (n_designs, n_resamples), from the summed rows.

        `total` is the number or the total weight of the rows in each resample.
        """
        # (n_means, n_designs, n_resamples), in the order of `self.means`
        means = mean_sums.reshape(-1, self._n_designs, mean_sums.shape[1])
        accuracy, *rest = means / total
        correct, predicted, support, excess = np.split(count_sums, self._ends)
        shape = (self._n_designs, -1, mean_sums.shape[1])
        either = predicted.reshape(shape) + support
        # As in scikit-learn, a category that is neither true nor predicted anywhere
        # has no F1 and does not contribute to the mean.
        # F1 = 2 TP / (predicted + support), (n_designs, n_classes, n_resamples)
        f1 = 2 * correct.reshape(shape) / np.where(either > 0, either, 1)
        macro_f1 = f1.sum(axis=1) / (either > 0).sum(axis=1)
        error = np.abs(excess.reshape(shape)).sum(axis=1) / total
        values = [accuracy, macro_f1, *rest, error]
        return dict(zip(self.names, values, strict=True))
