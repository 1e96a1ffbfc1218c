"""Bootstrap over rows, with the same resamples for every design."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

#: Values per block of resamples, 32 MiB.
_BLOCK = 2**22


def bootstrap_sums(
    contributions: Sequence[Any],
    n_samples: int,
    n_bootstrap: int,
    generator: np.random.Generator,
) -> Iterator[list[NDArray[np.float64]]]:
    """Yield sums of the rows' contributions over resamples, block by block.

    Each resample has `n_samples` rows, drawn with replacement. The same resamples are
    used for all contributions, so that differences between them are paired; they depend
    on the generator only. A sum has shape (n_sums, n_resamples).
    """
    # Blocks bound the memory of the weights and of the sums.
    widest = max(n_samples, *(lines.shape[0] for lines in contributions))
    block = min(n_bootstrap, max(1, _BLOCK // widest))
    for start in range(0, n_bootstrap, block):
        size = min(block, n_bootstrap - start)
        weights = np.empty((n_samples, size))
        for column in range(size):
            rows = generator.integers(n_samples, size=n_samples)
            # How often each row is in the resample: its sum is one matrix product.
            weights[:, column] = np.bincount(rows, minlength=n_samples)
        yield [np.asarray(lines @ weights) for lines in contributions]


def percentile_interval(
    samples: NDArray[np.float64], confidence_level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the quantiles of resamples (..., n_bootstrap) that enclose the level."""
    tail = (1 - confidence_level) / 2
    low, high = np.quantile(samples, [tail, 1 - tail], axis=-1)
    return low, high


def debiased_interval(
    value: NDArray[np.float64],
    samples: NDArray[np.float64],
    chance: NDArray[np.float64],
    confidence_level: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return an interval of a score that noise can only increase, (n_designs,) each.

    `chance` has the mean and standard deviation that noise alone results in.
    """
    # A calibration error is a sum of absolute values: it is biased upwards on few rows,
    # and in a resample once more. The basic bootstrap interval (the percentile interval
    # mirrored at the value) subtracts this bias, but too little of it where the error
    # is only noise: then the interval starts at 0.
    low, high = percentile_interval(samples, confidence_level)
    mean, deviation = chance.T
    # Consistency resampling (Bröcker and Smith 2007), approximated by a normal
    # distribution: is the value larger than expected of a calibrated design?
    noise = value <= mean + ndtri((1 + confidence_level) / 2) * deviation
    start = np.where(noise, 0.0, np.clip(2 * value - high, 0, value))
    return start, np.maximum(2 * value - low, value)


def bootstrap_p_value(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return two-sided p-values of differences (..., n_bootstrap) being 0.

    The test inverts the percentile interval; they are at least
    ``2 / (n_bootstrap + 1)``.
    """
    # Resamples on the rarer side of 0, including those at 0 and the observed data.
    n_below = (samples <= 0).sum(axis=-1)
    n_above = (samples >= 0).sum(axis=-1)
    rarer = np.minimum(n_below, n_above) + 1
    return np.asarray(np.minimum(2 * rarer / (samples.shape[-1] + 1), 1.0))
