"""A sequential sign test of whether a ratio is worse than its limit.

Each round contributes one comparison: its ratio is worse than the limit, or it is not.
If the median of the ratios is not worse than the limit, at most half of the rounds are
worse, whatever the distribution of the ratios. Evidence against that is the likelihood
of the comparisons under larger probabilities, uniform between 1/2 and 1, divided by
their likelihood under 1/2. By Ville's inequality it ever exceeds 1 / `error` with a
probability of at most `error`. Therefore it may be computed after every round, and
the measurement ends as soon as the answer is clear. Evidence for the opposite is
computed in the same way. [1]_ [2]_

.. [1] H. Robbins (1970), "Statistical methods related to the law of the iterated
   logarithm", Annals of Mathematical Statistics 41.
.. [2] A. Ramdas et al. (2023), "Game-theoretic statistics and safe anytime-valid
   inference", Statistical Science 38.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from scipy.special import beta, betaincc

Decision = Literal["fine", "slower", "undecided"]

#: Probability that one measurement calls a ratio slower although its median is at the
#: limit. Two measurements must agree, so that both are wrong once in 10,000 times.
SLOWER_ERROR = 0.01
#: Probability that a ratio is called fine although its median is at the limit; far
#: beyond the limit it is much smaller.
FINE_ERROR = 0.2


@dataclass(frozen=True)
class Expectation:
    """The expected value of a ratio.

    Parameters
    ----------
    ratio : float
        Expected value.

    tolerance : float
        Fraction of the speed that may be lost.

    better : {"higher", "lower"}, default="higher"
        Whether higher or lower ratios are better.
    """

    ratio: float
    tolerance: float
    better: Literal["higher", "lower"] = "higher"

    def speed(self, ratio: float) -> float:
        """Return the speed relative to the expected one."""
        return ratio / self.ratio if self.better == "higher" else self.ratio / ratio

    @property
    def limit(self) -> float:
        """The worst ratio that is tolerated."""
        kept = 1 - self.tolerance
        return self.ratio * (kept if self.better == "higher" else 1 / kept)

    def is_worse(self, ratio: float) -> bool:
        """Return whether more speed is lost than tolerated."""
        return self.speed(ratio) < 1 - self.tolerance

    @property
    def slowdown(self) -> float:
        """Factor of the time by which 1.5 times the tolerance is lost."""
        return 1 / (1 - 1.5 * self.tolerance)

    def as_dict(self) -> dict[str, Any]:
        """Return the values for JSON."""
        return {
            "better": self.better,
            "ratio": float(f"{self.ratio:.3g}"),
            "tolerance": self.tolerance,
        }


def evidence(n_for: int, n_against: int) -> float:
    """Return the evidence that more than half of all comparisons are of one kind."""
    a, b = n_for + 1, n_against + 1
    # The integral of p^n_for (1-p)^n_against over [1/2, 1], where the density is 2,
    # divided by the likelihood (1/2)^n under equal probabilities.
    return float(2.0 ** (n_for + n_against + 1) * beta(a, b) * betaincc(a, b, 0.5))


def decide(n_worse: int, n_better: int) -> Decision:
    """Return what the comparisons show so far."""
    if evidence(n_worse, n_better) >= 1 / SLOWER_ERROR:
        return "slower"
    if evidence(n_better, n_worse) >= 1 / FINE_ERROR:
        return "fine"
    return "undecided"
