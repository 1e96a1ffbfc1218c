"""Scores of designs as sums over rows, so that a resample is one matrix product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

#: Bins of the calibration error.
N_BINS = 15

_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Metric:
    """A score and how to read it.

    Attributes
    ----------
    name : str
        Column of the tables.

    label : str
        Short heading.

    unit : str
        What it counts, for axes.

    higher_is_better : bool
        False for losses and errors.
    """

    name: str
    label: str
    unit: str
    higher_is_better: bool


@dataclass(frozen=True)
class Scores:
    """Scores of designs on all rows and on resamples.

    Attributes
    ----------
    values : dict of str to ndarray of shape (n_designs,)
        Value of each metric.

    samples : dict of str to ndarray of shape (n_designs, n_bootstrap)
        Values in the resamples, which are the same for all designs.

    right : ndarray of shape (n_designs, n_samples), dtype bool
        True where the prediction is right.

    predicted : ndarray of shape (n_designs, n_samples), dtype int64
        Predicted category, as a position in the classes.

    calibration_chance : ndarray of shape (n_designs, 2)
        Mean and standard deviation of the calibration error that chance alone gives.
    """

    values: dict[str, NDArray[np.float64]]
    samples: dict[str, NDArray[np.float64]]
    right: NDArray[np.bool_]
    predicted: NDArray[np.int64]
    calibration_chance: NDArray[np.float64]


def list_metrics(top_k: Sequence[int]) -> list[Metric]:
    """List the scores in the order of the tables.

    Parameters
    ----------
    top_k : sequence of int
        Lengths of the lists of suggestions.

    Returns
    -------
    list of Metric
        As many as `Scoring.scores` has keys, in the same order.
    """
    return [
        Metric("accuracy", "accuracy", "share of rows", True),
        Metric("macro_f1", "macro-F1", "mean over categories", True),
        *(
            Metric(f"top_{k}_accuracy", f"top-{k}", "share of rows", True)
            for k in top_k
        ),
        Metric("log_loss", "log-loss", "nats a row", False),
        Metric("brier", "Brier", "squared error a row", False),
        Metric("calibration_error", "ECE", "share of rows", False),
    ]


def truth_ranks(
    proba: NDArray[np.float64], codes: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Count the classes that stand before the true one in each row.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, n_classes)
        Probabilities. Of equal ones the first stands first, as in ``argmax``.

    codes : ndarray of shape (n_samples,)
        Column of the true class.

    Returns
    -------
    ndarray of shape (n_samples,), dtype int64
        0 where the prediction is right.
    """
    truth = proba[np.arange(len(codes)), codes][:, np.newaxis]
    earlier = np.arange(proba.shape[1]) < codes[:, np.newaxis]
    before = (proba > truth) | ((proba == truth) & earlier)
    return before.sum(axis=1, dtype=np.int64)


def row_log_loss(
    proba: NDArray[np.float64], codes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the log-loss of each row.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, n_classes)
        Probabilities; what is below the float64 epsilon counts as that much, as in
        scikit-learn.

    codes : ndarray of shape (n_samples,)
        Column of the true class.

    Returns
    -------
    ndarray of shape (n_samples,), dtype float64
        Minus the natural logarithm of the probability of the true class.
    """
    truth = proba[np.arange(len(codes)), codes]
    losses: NDArray[np.float64] = -np.log(np.clip(truth, _EPSILON, 1.0))
    return losses


def row_brier(
    proba: NDArray[np.float64], codes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the Brier score of each row.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, n_classes)
        Probabilities.

    codes : ndarray of shape (n_samples,)
        Column of the true class.

    Returns
    -------
    ndarray of shape (n_samples,), dtype float64
        Sum of squares, from 0 to 2; half of it for two classes, as in scikit-learn.
    """
    truth = proba[np.arange(len(codes)), codes]
    squares = np.einsum("ij,ij->i", proba, proba) - 2 * truth + 1
    scores: NDArray[np.float64] = squares / 2 if proba.shape[1] == 2 else squares
    return scores


def calibration_bins(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    """Sort rows into bins that hold about as many rows each.

    Parameters
    ----------
    confidence : ndarray of shape (n_samples,)
        Largest probability of each row. Equal ones share a bin.

    Returns
    -------
    ndarray of shape (n_samples,), dtype int64
        Bin of each row, from 0 to 14.
    """
    inner = np.linspace(0, 1, N_BINS + 1)[1:-1]
    edges = np.quantile(confidence, inner, method="inverted_cdf")
    return np.searchsorted(edges, confidence, side="left").astype(np.int64)


def calibration_by_chance(
    confidence: NDArray[np.float64], bins: NDArray[np.int64]
) -> tuple[float, float]:
    """Return the calibration error that chance makes of a perfect calibration.

    Parameters
    ----------
    confidence : ndarray of shape (n_samples,)
        Largest probability of each row, taken to be the chance that the row is right.

    bins : ndarray of shape (n_samples,)
        Bin of each row.

    Returns
    -------
    mean, deviation : tuple of (float, float)
        Mean and standard deviation of the error if answers were drawn anew.
    """
    variances = np.bincount(bins, weights=confidence * (1 - confidence))
    # The gap of a bin is about normal around 0, its absolute value half-normal.
    gaps = np.sqrt(variances) / len(bins)
    mean = np.sqrt(2 / np.pi) * gaps.sum()
    deviation = np.sqrt((1 - 2 / np.pi) * (gaps**2).sum())
    return float(mean), float(deviation)


class Scoring:
    """What has to be summed over rows to score designs, and how to score the sums.

    Parameters
    ----------
    probas : sequence of ndarray of shape (n_samples, n_classes)
        Probabilities of each design.

    codes : ndarray of shape (n_samples,), dtype int64
        Column of the true class.

    top_k : sequence of int
        Lengths of the lists of suggestions.

    Attributes
    ----------
    means : ndarray of shape (n_means * n_designs, n_samples), dtype float64
        Rows' contributions to scores that are means: accuracy, top-k, log-loss, Brier.

    counts : csr_array of shape (n_counts, n_samples)
        Rows' contributions to what is counted by category and by bin.

    right : ndarray of shape (n_designs, n_samples), dtype bool
        True where the prediction is right.

    predicted : ndarray of shape (n_designs, n_samples), dtype int64
        Column of the largest probability.

    chance : ndarray of shape (n_designs, 2)
        What :func:`calibration_by_chance` returns for each design.
    """

    def __init__(
        self,
        probas: Sequence[NDArray[np.float64]],
        codes: NDArray[np.int64],
        top_k: Sequence[int],
    ) -> None:
        self.names = [metric.name for metric in list_metrics(top_k)]
        self._n_designs, self._n_classes = len(probas), probas[0].shape[1]
        self._n_samples = len(codes)
        ranks = np.array([truth_ranks(proba, codes) for proba in probas])
        self.right = ranks == 0
        self.predicted = np.array([proba.argmax(axis=1) for proba in probas])
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
        self.chance = np.array(list(map(calibration_by_chance, confidence, bins)))
        # One block of lines under another: true positives and predictions of each
        # design and class, rows of each class, and excess confidence of each bin.
        every = np.ones_like(confidence)
        blocks = [
            self._lines(self.predicted, self._n_classes, self.right.astype(float)),
            self._lines(self.predicted, self._n_classes, every),
            self._lines(codes[np.newaxis], self._n_classes, every[:1]),
            self._lines(bins, N_BINS, confidence - self.right),
        ]
        self._ends = np.cumsum([block.shape[0] for block in blocks])[:-1]
        self.counts = sparse.vstack(blocks, format="csr")

    def _lines(
        self, groups: NDArray[np.int64], n_groups: int, values: NDArray[np.float64]
    ) -> sparse.csr_array:
        n_designs, n_samples = groups.shape
        lines = groups + n_groups * np.arange(n_designs)[:, np.newaxis]
        columns = np.tile(np.arange(n_samples), n_designs)
        shape = (n_groups * n_designs, n_samples)
        block = sparse.csr_array((values.ravel(), (lines.ravel(), columns)), shape)
        block.eliminate_zeros()
        return block

    def scores(
        self, mean_sums: NDArray[np.float64], count_sums: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """Score designs from sums over as many rows as there are.

        Parameters
        ----------
        mean_sums : ndarray of shape (n_means * n_designs, n_resamples)
            `means` times the weights of the rows.

        count_sums : ndarray of shape (n_counts, n_resamples)
            `counts` times the weights of the rows.

        Returns
        -------
        dict of str to ndarray of shape (n_designs, n_resamples)
            Values of each metric, in the order of :func:`list_metrics`.
        """
        means = mean_sums.reshape(-1, self._n_designs, mean_sums.shape[1])
        accuracy, *rest = means / self._n_samples
        correct, predicted, support, excess = np.split(count_sums, self._ends)
        shape = (self._n_designs, -1, mean_sums.shape[1])
        either = predicted.reshape(shape) + support
        # As in scikit-learn, a category that is neither true nor predicted anywhere
        # has no F1 and no part in the mean.
        f1 = 2 * correct.reshape(shape) / np.where(either > 0, either, 1)
        macro_f1 = f1.sum(axis=1) / (either > 0).sum(axis=1)
        error = np.abs(excess.reshape(shape)).sum(axis=1) / self._n_samples
        values = [accuracy, macro_f1, *rest, error]
        return dict(zip(self.names, values, strict=True))
