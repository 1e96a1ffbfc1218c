"""The learning rate of each step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Share of all steps in which the learning rate climbs to its peak.
WARM_UP_FRACTION = 0.1


def learning_rate_schedule(peak: float, n_steps: int) -> NDArray[np.float64]:
    """Return a linear warm-up followed by a cosine decay to zero.

    Parameters
    ----------
    peak : float
        Highest learning rate.

    n_steps : int
        Steps in all epochs together.

    Returns
    -------
    ndarray of shape (n_steps,)
        The learning rate of each step.

    References
    ----------
    Loshchilov and Hutter (2017), SGDR: Stochastic Gradient Descent with Warm Restarts.
    """
    n_warm_up = max(1, round(WARM_UP_FRACTION * n_steps))
    climb = np.arange(1, n_warm_up + 1) / n_warm_up
    n_decay = n_steps - n_warm_up
    decay = 0.5 * (1 + np.cos(np.pi * np.arange(1, n_decay + 1) / max(1, n_decay + 1)))
    return peak * np.concatenate([climb, decay])[:n_steps]
