"""Precision, recall and F1 of each design in each category."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri


def wilson_interval(
    n_hits: Any, n_rows: Any, confidence_level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Wilson's interval of a share.

    Parameters
    ----------
    n_hits, n_rows : array-like
        Hits and the rows among which they were counted.

    confidence_level : float, default=0.95
        Confidence of the interval.

    Returns
    -------
    low, high : tuple of (ndarray, ndarray)
        Ends of the interval; NaN where there is no row.
    """
    quantile = float(ndtri((1 + confidence_level) / 2))
    rows = np.asarray(n_rows, dtype=np.float64)
    rows = np.where(rows > 0, rows, np.nan)
    share = np.asarray(n_hits, dtype=np.float64) / rows
    extra = quantile**2 / rows
    middle = share + extra / 2
    spread = np.sqrt(share * (1 - share) * extra + extra**2 / 4)
    low, high = (middle - spread) / (1 + extra), (middle + spread) / (1 + extra)
    return np.maximum(low, 0.0), np.minimum(high, 1.0)


def score_categories(
    names: list[str],
    classes: NDArray[Any],
    codes: NDArray[np.int64],
    predicted: NDArray[np.int64],
    confidence_level: float,
) -> pd.DataFrame:
    """Score each design in each category.

    Parameters
    ----------
    names : list of str
        Designs.

    classes : ndarray of shape (n_classes,)
        Categories.

    codes : ndarray of shape (n_samples,)
        True category, as a position in `classes`.

    predicted : ndarray of shape (n_designs, n_samples)
        Predicted category, as a position in `classes`.

    confidence_level : float
        Confidence of the intervals of F1.

    Returns
    -------
    DataFrame of shape (n_classes * n_designs, 8)
        See :meth:`ClassifierComparison.per_category`.
    """
    n_classes = len(classes)
    support = np.bincount(codes, minlength=n_classes)
    tables = []
    for name, row in zip(names, predicted, strict=True):
        hits = np.bincount(codes[row == codes], minlength=n_classes)
        n_predicted = np.bincount(row, minlength=n_classes)
        # F1 grows with hits / (hits + misses + false alarms), which is a plain share
        # and has an interval of its own even for a handful of rows.
        either = support + n_predicted - hits
        low, high = wilson_interval(hits, either, confidence_level)
        share = hits / np.where(either > 0, either, np.nan)
        scores = {
            "category": classes,
            "design": name,
            "support": support,
            "precision": hits / np.where(n_predicted > 0, n_predicted, np.nan),
            "recall": hits / np.where(support > 0, support, np.nan),
            "f1": _f1(share),
            "f1_low": _f1(low),
            "f1_high": _f1(high),
        }
        tables.append(pd.DataFrame(scores))
    every = pd.concat(tables)
    # Categories in their order, and designs in theirs within each.
    return every.sort_index(kind="stable").reset_index(drop=True)


def _f1(share: NDArray[np.float64]) -> NDArray[np.float64]:
    return 2 * share / (1 + share)
