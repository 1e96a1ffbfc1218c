"""Coverage and precision of the predictions above each threshold of confidence."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def coverage_curve(
    confidence: NDArray[np.floating[Any]], correct: NDArray[np.bool_]
) -> dict[str, NDArray[Any]]:
    """Return threshold, coverage, precision and number of answers, arrays by name.

    There is one entry per distinct confidence, in falling order: samples of equal
    confidence reach a threshold together.
    """
    order = np.argsort(-confidence, kind="stable")
    # Lowering the threshold accepts samples in this order.
    falling = confidence[order]
    last = np.flatnonzero(np.append(np.diff(falling) != 0, True))
    n_answered = last + 1
    return {
        "threshold": falling[last],
        "coverage": n_answered / len(falling),
        "precision": np.cumsum(correct[order])[last] / n_answered,
        "n_answered": n_answered,
    }
