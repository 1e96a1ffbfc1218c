"""The accuracy on data without labels, estimated from the confidence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

#: Methods, in the order of the table.
CONFIDENCE, THRESHOLD = "difference of confidences", "average thresholded confidence"


def estimate_accuracy(
    reference: NDArray[Any],
    new: NDArray[Any],
    correct: NDArray[np.bool_] | None,
    confidence_level: float,
) -> pd.DataFrame:
    """Return the accuracy on the reference and on new data, and the loss.

    The arguments are the confidences of both, and which predictions of the reference
    are correct; without the latter its mean confidence replaces the accuracy.
    """
    old, new = np.asarray(reference, np.float64), np.asarray(new, np.float64)
    accuracy = old.mean() if correct is None else correct.mean()
    loss = old.mean() - new.mean()
    rows = {
        CONFIDENCE: (accuracy, loss, _variance_of_mean(old) + _variance_of_mean(new))
    }
    if correct is not None:
        # As many of the reference as are wrong have a confidence below the threshold
        # (Garg et al. 2022); of new data those below it are expected to be wrong.
        ranked = np.sort(old)
        n_wrong = int((~correct).sum())
        threshold = ranked[n_wrong] if n_wrong < len(ranked) else np.inf
        above = (new >= threshold).astype(np.float64)
        # Ties at the threshold count by the share that keeps the reference's accuracy.
        above[new == threshold] = _share_of_ties(old, threshold, len(old) - n_wrong)
        loss = accuracy - above.mean()
        variance = _variance_of_mean(correct.astype(np.float64))
        rows[THRESHOLD] = accuracy, loss, variance + _variance_of_mean(above)
    table = pd.DataFrame.from_dict(
        rows, orient="index", columns=["reference", "loss", "variance"]
    )
    margin = ndtri((1 + confidence_level) / 2) * np.sqrt(table["variance"])
    return pd.DataFrame(
        {
            "reference": table["reference"],
            "new": table["reference"] - table["loss"],
            "loss": table["loss"],
            "loss_low": table["loss"] - margin,
            "loss_high": table["loss"] + margin,
        }
    ).rename_axis("method")


def _share_of_ties(old: NDArray[np.float64], threshold: float, n_right: int) -> float:
    """Return the share of values at the threshold that count as correct."""
    n_above, n_ties = int((old > threshold).sum()), int((old == threshold).sum())
    return (n_right - n_above) / n_ties if n_ties else 1.0


def _variance_of_mean(values: NDArray[np.float64]) -> float:
    return float(values.var() / len(values))
