"""The state of a former fit, from which the training of a network starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.neural._calibration import PRIOR_SAMPLES, Calibration

#: Held-out samples that inform as much as one sample of the prior does, about.
_SAMPLES_PER_PRIOR = 10.0


@dataclass(frozen=True)
class Start:
    """The fitted attributes of a former fit, and how to train on."""

    state: dict[str, Any]
    seen: NDArray[np.bool_]  # (n_samples,), samples that the former fit learned from
    max_epochs: int
    recalibrates: bool = True  # whether to learn the calibration again

    @property
    def calibration(self) -> Calibration:
        """The calibration of the former fit."""
        calibration: Calibration = self.state["calibration_"]
        return calibration

    def prior_samples(self, n_held_out: int) -> float:
        """Return the weight of the former calibration beside held-out samples.

        Only samples that are new to the network can be held out. The former calibration
        represents the others, in proportion to their number.
        """
        n_seen = int(np.count_nonzero(self.seen))
        ratio = n_seen / max(1, len(self.seen) - n_seen)
        return PRIOR_SAMPLES + ratio * n_held_out / _SAMPLES_PER_PRIOR
