"""The time budget of a fit, observed between fits and between epochs."""

from __future__ import annotations

import time
from typing import Any

from sklearn.pipeline import Pipeline

from amzest.ensemble import CrossFit

#: A fit is not ended by its projected time before this many seconds and epochs.
_MIN_SECONDS, _MIN_EPOCHS = 2.0, 2
#: A projection may be later than the deadline by this factor.
_TOLERANCE = 1.2


class BudgetExceededError(Exception):
    """Raised within a fit that does not end in time."""


class Budget:
    """Seconds since the start of a fit, and what is left of them.

    `reserve` seconds at the end are kept for the votes and the leaderboard.
    """

    def __init__(self, seconds: float | None) -> None:
        self.start = time.monotonic()
        self.seconds = seconds
        self.reserve = 0.0

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.start

    @property
    def left(self) -> float:
        """Seconds left for fits; infinite without a limit."""
        if self.seconds is None:
            return float("inf")
        return self.seconds - self.reserve - self.elapsed

    @property
    def deadline(self) -> float:
        """When fits must have ended, in seconds of the monotonic clock."""
        return time.monotonic() + self.left


class DeadlineCallback:
    """Callback that raises `BudgetExceededError` in a fit that does not end in time.

    It is set on a CrossFit and on its members. Where the folds are fitted one after the
    other, it also ends a fit as soon as its projected end is far too late.
    """

    def __init__(self, deadline: float, n_folds: int = 1, on_step: Any = None) -> None:
        self.deadline = deadline
        self.n_folds = n_folds
        self.on_step = on_step
        self.start = time.monotonic()
        self._n_folds_done = 0
        self._fold_start = self._first_epoch = self.start
        self._in_worker = False

    def __getstate__(self) -> dict[str, Any]:
        # A copy in a worker process does not know of other folds. The monotonic clock
        # is that of one host, and workers may be on others.
        left = self.deadline - time.monotonic()
        state = {**vars(self), "on_step": None, "_in_worker": True}
        return {**state, "deadline": time.time() + left}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.deadline += time.monotonic() - time.time()

    def setup(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Raise if the deadline has passed."""
        self.check()

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Raise if the deadline has passed, or will have when all folds are fitted."""
        if context.parent is None or context.source_estimator_name is not None:
            return  # the whole fit has ended
        if self.on_step is not None:
            self.on_step()
        if isinstance(estimator, CrossFit):
            self._end_fold()
        else:
            n_epochs = context.parent.max_subtasks or 0
            self._end_epoch(context.task_id + 1, n_epochs)

    def _end_fold(self) -> None:
        self._n_folds_done += 1
        self._fold_start = time.monotonic()
        if self._n_folds_done < self.n_folds:
            seconds = (self._fold_start - self.start) / self._n_folds_done
            self.check(seconds * self.n_folds)

    def _end_epoch(self, epoch: int, n_epochs: int) -> None:
        """Check after an epoch, counted from 1."""
        now = time.monotonic()
        if epoch == 1:
            self._first_epoch = now
        if epoch >= n_epochs:
            return  # almost fitted
        if epoch < _MIN_EPOCHS:
            self.check()
            return
        # The first epoch includes what precedes it, such as a vocabulary.
        of_epoch = (now - self._first_epoch) / (epoch - 1)
        of_fold = self._first_epoch - self._fold_start + of_epoch * (n_epochs - 1)
        n_folds_left = self.n_folds - self._n_folds_done
        self.check(self._fold_start - self.start + of_fold * n_folds_left)

    def check(self, projected: float = 0.0) -> None:
        """Raise if the deadline has passed, or is far before a projected end.

        `projected` are seconds from the start of the fit on all folds.
        """
        now = time.monotonic()
        if now > self.deadline:
            raise BudgetExceededError("the time budget is used up")
        if self._in_worker or now - self.start < _MIN_SECONDS:
            return
        if projected > _TOLERANCE * (self.deadline - self.start):
            raise BudgetExceededError(f"it would have taken about {projected:.0f} s")


def last_step(estimator: Any) -> Any:
    """Return the classifier at the end of a pipeline, or the classifier itself."""
    return estimator[-1] if isinstance(estimator, Pipeline) else estimator


def listen(estimator: Any, callback: Any) -> None:
    """Add a callback to the classifier of a member, if it supports callbacks."""
    classifier = last_step(estimator)
    if hasattr(classifier, "set_callbacks"):
        own = getattr(classifier, "_skl_callbacks", [])
        classifier.set_callbacks(*own, callback)


def forget_callbacks(estimator: Any) -> None:
    """Remove the callback from a member that is fitted."""
    classifier = last_step(estimator)
    if hasattr(classifier, "set_callbacks"):
        own = getattr(classifier, "_skl_callbacks", [])
        classifier.set_callbacks(
            *(c for c in own if not isinstance(c, DeadlineCallback))
        )
