"""Wilson's confidence interval of a proportion."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri


def wilson_interval(
    n_hits: Any, n_rows: Any, confidence_level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ends of the interval of hits / rows; NaN where there is no row."""
    # Wilson (1927): the proportions that a score test does not reject, which are the
    # solutions of a quadratic equation. Unlike the normal interval it is inside [0, 1],
    # and has its coverage for a handful of rows too.
    quantile = float(ndtri((1 + confidence_level) / 2))
    rows = np.asarray(n_rows, dtype=np.float64)
    rows = np.where(rows > 0, rows, np.nan)
    share = np.asarray(n_hits, dtype=np.float64) / rows
    extra = quantile**2 / rows
    middle = share + extra / 2
    spread = np.sqrt(share * (1 - share) * extra + extra**2 / 4)
    low, high = (middle - spread) / (1 + extra), (middle + spread) / (1 + extra)
    return np.maximum(low, 0.0), np.minimum(high, 1.0)
