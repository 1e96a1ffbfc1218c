"""Resample rows, the same ones for every design, and read intervals off the result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

#: Numbers that one block of resamples may hold, 32 MiB of them.
_BLOCK = 2**22


def bootstrap_sums(
    contributions: Sequence[Any],
    n_samples: int,
    n_bootstrap: int,
    generator: np.random.Generator,
) -> Iterator[list[NDArray[np.float64]]]:
    """Sum rows' contributions over resamples of the rows.

    Every resample draws `n_samples` rows with replacement, and all contributions see
    the same resamples, so that differences between them are paired.

    Parameters
    ----------
    contributions : sequence of array or sparse array of shape (n_sums, n_samples)
        What each row adds to each sum.

    n_samples : int
        Number of rows.

    n_bootstrap : int
        Number of resamples.

    generator : Generator
        Draws the rows. The draws do not depend on `contributions`.

    Yields
    ------
    list of ndarray of shape (n_sums, n_resamples)
        Sums, for one block of resamples after another.
    """
    widest = max(n_samples, *(lines.shape[0] for lines in contributions))
    block = min(n_bootstrap, max(1, _BLOCK // widest))
    for start in range(0, n_bootstrap, block):
        size = min(block, n_bootstrap - start)
        weights = np.empty((n_samples, size))
        for column in range(size):
            drawn = generator.integers(n_samples, size=n_samples)
            weights[:, column] = np.bincount(drawn, minlength=n_samples)
        yield [np.asarray(lines @ weights) for lines in contributions]


def percentile_interval(
    samples: NDArray[np.float64], confidence_level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cut off the same share of resamples at both ends.

    Parameters
    ----------
    samples : ndarray of shape (..., n_bootstrap)
        Values in the resamples.

    confidence_level : float
        Share that is kept.

    Returns
    -------
    low, high : tuple of (ndarray, ndarray) of shape (...)
        Ends of the interval.
    """
    tail = (1 - confidence_level) / 2
    low, high = np.quantile(samples, [tail, 1 - tail], axis=-1)
    return low, high


def debiased_interval(
    value: NDArray[np.float64],
    samples: NDArray[np.float64],
    chance: NDArray[np.float64],
    confidence_level: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mirror the percentile interval, for a score that noise can only raise.

    A calibration error is a sum of absolute values: it is too large on few rows, and a
    resample makes it larger once more. The basic interval takes that off again, but
    too little of it where nothing but noise is there: then the interval starts at 0.

    Parameters
    ----------
    value : ndarray of shape (n_designs,)
        Values on all rows.

    samples : ndarray of shape (n_designs, n_bootstrap)
        Values in the resamples.

    chance : ndarray of shape (n_designs, 2)
        Mean and standard deviation of what noise alone gives.

    confidence_level : float
        Share that is kept.

    Returns
    -------
    low, high : tuple of (ndarray, ndarray) of shape (n_designs,)
        Ends of the interval, not below 0 and wide enough to hold `value`.
    """
    low, high = percentile_interval(samples, confidence_level)
    mean, deviation = chance.T
    noise = value <= mean + ndtri((1 + confidence_level) / 2) * deviation
    start = np.where(noise, 0.0, np.clip(2 * value - high, 0, value))
    return start, np.maximum(2 * value - low, value)


def bootstrap_p_value(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Test whether differences are 0, by inverting the percentile interval.

    Parameters
    ----------
    samples : ndarray of shape (..., n_bootstrap)
        Differences in the resamples.

    Returns
    -------
    ndarray of shape (...)
        Two-sided p-values, ``2 / (n_bootstrap + 1)`` at the least: the resamples on
        the rarer side of 0, those at 0 and the table itself counted in, twice.
    """
    n_below = (samples <= 0).sum(axis=-1)
    n_above = (samples >= 0).sum(axis=-1)
    rarer = np.minimum(n_below, n_above) + 1
    return np.asarray(np.minimum(2 * rarer / (samples.shape[-1] + 1), 1.0))
