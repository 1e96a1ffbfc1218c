"""Progress of a fit: for a function of the user, as a bar or as lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from amzest.automl._budget import Budget
from amzest.utils import require


@dataclass(frozen=True)
class FitProgress:
    """A step of the fit of an AutoClassifier, for its parameter `progress`.

    Parameters
    ----------
    step : str
        What is done now, such as "text_cnn: fit".

    seconds : float
        Seconds since the start of the fit.

    seconds_left : float or None
        Seconds that are left of the budget, at least 0; None without a budget.

    best : str or None
        The design with the best score so far.

    score : float or None
        Its score on out-of-fold predictions.

    See Also
    --------
    amzest.AutoClassifier : Has the parameter `progress`.

    Examples
    --------
    >>> from amzest.automl import FitProgress
    >>> FitProgress("text_cnn: fit", seconds=12.0, seconds_left=48.0).step
    'text_cnn: fit'
    """

    step: str
    seconds: float
    seconds_left: float | None
    best: str | None = None
    score: float | None = None


class Reporter:
    """Reports steps to a function, a progress bar or standard output."""

    def __init__(
        self,
        budget: Budget,
        verbose: int,
        function: Callable[[FitProgress], object] | None,
    ) -> None:
        self._budget, self._verbose, self._function = budget, int(verbose), function
        self._step = ""
        self._best: tuple[str | None, float | None] = (None, None)
        self._bar: Any = None
        if self._verbose == 1:
            # The time is what progresses: the number of members is not known before.
            tqdm = require("tqdm.auto", extra="data", purpose="verbose=1").tqdm
            self._bar = tqdm(
                total=budget.seconds and round(budget.seconds),
                bar_format="{desc}: {bar} {n:.0f} of {total_fmt} s{postfix}"
                if budget.seconds
                else "{desc}: {n:.0f} s{postfix}",
            )

    def step(self, name: str) -> None:
        """Report what is done from now on."""
        self._step = name
        state = self.state()
        if self._verbose > 1:
            left = state.seconds_left
            rest = "" if left is None else f", {left:.0f} s left"
            print(f"[AutoClassifier] {state.seconds:.1f} s{rest}: {name}", flush=True)
        if self._function is not None:
            self._function(state)
        self.tick()

    def tick(self) -> None:
        """Move the bar to the present time."""
        if self._bar is None:
            return
        self._bar.set_description_str(self._step, refresh=False)
        name, score = self._best
        if name is not None:
            self._bar.set_postfix_str(f"best: {name} {score:.4f}", refresh=False)
        seconds = self._budget.elapsed
        self._bar.n = min(seconds, self._bar.total or seconds)
        self._bar.refresh()

    def state(self) -> FitProgress:
        """Return the present step."""
        budget = self._budget
        left = None
        if budget.seconds is not None:
            left = max(budget.seconds - budget.elapsed, 0.0)
        return FitProgress(self._step, budget.elapsed, left, *self._best)

    def found(self, name: str, score: float) -> None:
        """Remember the best design so far."""
        self._best = name, score

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self.tick()
            self._bar.close()
