"""Cross-validate as many candidates as the budget allows, the promising ones first."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from amzest.automl._budget import (
    Budget,
    BudgetExceededError,
    DeadlineCallback,
    forget_callbacks,
    listen,
)
from amzest.automl._candidates import Candidate
from amzest.automl._costs import Cost, choose_sample, encode_in_parts, measure_cost
from amzest.automl._progress import Reporter
from amzest.ensemble import CrossFit
from amzest.ensemble._folds import Folds

#: Part of the expected gain of a candidate that remains with each member of its family.
_FAMILY_FACTOR = 0.25
#: Smaller numbers of folds, and the part of the budget that the first member may take.
_FIRST_SHARE, _FEWER_FOLDS = 0.5, ((3, 0.5), (2, 0.8))
#: Nothing is started in the last seconds.
_MIN_LEFT = 1.0


@dataclass
class Search:
    """Candidates, what became of them, and the members that are fitted.

    `crossfits` has a fitted CrossFit of each member, all with the same folds; without
    folds the first member is fitted on all rows. `status` is by the candidates' names.
    With `refits` each member leaves the time to fit all of them again on all rows;
    `refitted` is whether the members that predict were.
    """

    X: pd.DataFrame
    labels: NDArray[Any]
    targets: NDArray[np.int64]
    budget: Budget
    reporter: Reporter
    make_folds: Callable[[int | None], Folds]
    n_jobs: int | None
    seed: int
    refits: bool = False
    folds: Folds = field(default_factory=list)
    crossfits: dict[str, CrossFit] = field(default_factory=dict)
    status: dict[str, dict[str, Any]] = field(default_factory=dict)
    interrupted: bool = False
    refitted: bool = False

    def run(self, candidates: list[Candidate], *, keep_interrupted: bool) -> None:
        """Fit the first candidate in any case, then others while there is time."""
        for candidate in candidates:
            self.note(
                candidate.name,
                "not fitted",
                "no time was left",
                family=candidate.family,
            )
        self._fit_first(candidates[0])
        if not self.folds:
            return
        try:
            self._fit_others(candidates[1:])
        except KeyboardInterrupt:
            if not keep_interrupted:
                raise
            self.interrupted = True
            for found in self.status.values():
                if found["status"] == "not fitted":
                    found["reason"] = "the fit was interrupted"

    def note(self, name: str, status: str, reason: str = "", **values: Any) -> None:
        """Record what became of a candidate."""
        found = self.status.setdefault(name, {"predicted_seconds": np.nan})
        found.update({"status": status, "reason": reason, **values})

    # The first member ------------------------------------------------------------

    def _fit_first(self, candidate: Candidate) -> None:
        self.folds = self.make_folds(None)
        if self.budget.seconds is not None:
            cost = self._measure(candidate)
            while candidate.cheaper is not None and not self._is_short(cost):
                candidate = candidate.cheaper
                cost = self._measure(candidate)
            self._choose_folds(cost)
        self.reporter.step(f"{candidate.name}: fit")
        if self.folds:
            self._keep(candidate.name, self._cross_fit(candidate, None))
        else:
            crossfit = self._make_crossfit(candidate.name, candidate.estimator)
            crossfit.set_params(cv=2).fit_without_folds(self.X, self.labels)
            self.refitted = True
            self._keep(candidate.name, crossfit)

    def _is_short(self, cost: Cost) -> bool:
        return self._seconds(cost, self.folds) <= _FIRST_SHARE * self.budget.left

    def _choose_folds(self, cost: Cost) -> None:
        """Choose fewer folds, or none, if the first member would take too long."""
        if self._is_short(cost):
            return
        for n_folds, share in _FEWER_FOLDS:
            folds = self.make_folds(n_folds)
            fewer = len(folds) < len(self.folds)
            if fewer and self._seconds(cost, folds) <= share * self.budget.left:
                self.folds = folds
                return
        self.folds = []

    # Other members ---------------------------------------------------------------

    def _fit_others(self, candidates: list[Candidate]) -> None:
        pending = list(candidates)
        costs: dict[int, Cost] = {}
        while pending and self.budget.left > _MIN_LEFT:
            # Those not measured have a rough guess; the best is measured before it is
            # fitted, and may then no longer be the best.
            candidate = max(pending, key=lambda c: self._worth(c, costs.get(id(c))))
            place = pending.index(candidate)
            cost = costs.get(id(candidate))
            if cost is None and self.budget.seconds is not None:
                if candidate.start > self.budget.left / 2:
                    pending.pop(place)
                    reason = f"{self.budget.left:.0f} s were left, too few to measure"
                    self.note(candidate.name, "not fitted", reason)
                    continue
                measured = self._try(candidate, self._measure)
                if measured is None:
                    pending.pop(place)
                else:
                    costs[id(candidate)] = measured
                    self._predict_seconds(candidate, measured)
                continue
            pending.pop(place)
            seconds, later = 0.0, 0.0
            if cost is not None:
                seconds = self._seconds(cost, self.folds)
                later = self._later_seconds(cost)
            if seconds + later < self.budget.left:
                self.reporter.step(f"{candidate.name}: fit")
                fit = partial(self._cross_fit_in_time, later=later)
                crossfit = self._try(candidate, fit)
                if crossfit is not None:
                    self._keep(candidate.name, crossfit)
            elif candidate.cheaper is not None:
                pending.insert(place, candidate.cheaper)
            else:
                reason = self._too_slow(seconds, later)
                self.note(candidate.name, "not fitted", reason)

    def _later_seconds(self, cost: Cost) -> float:
        """Return the time to keep for a refit of all members and of another one."""
        if not self.refits:
            return 0.0
        return self._refit_seconds(list(self.crossfits), cost.of_fit(len(self.labels)))

    def _too_slow(self, seconds: float, later: float) -> str:
        refit = f" and {later:.0f} s to refit the members" if later else ""
        return (
            f"predicted to take {seconds:.0f} s{refit}, when {self.budget.left:.0f} s "
            "were left"
        )

    def _worth(self, candidate: Candidate, cost: Cost | None) -> float:
        """Return the expected gain per second."""
        n_alike = [self.status[name].get("family") for name in self.crossfits].count(
            candidate.family
        )
        gain = candidate.gain
        if candidate.family != "own":
            gain *= _FAMILY_FACTOR**n_alike
        if cost is None:
            return gain / (candidate.milliseconds / 1e3 * len(self.labels))
        return gain / max(self._seconds(cost, self.folds) / len(self.folds), 1e-3)

    def _try(self, candidate: Candidate, function: Callable[[Candidate], Any]) -> Any:
        """Return the result of a step of a member that is not needed, or None."""
        try:
            return function(candidate)
        except BudgetExceededError as error:
            self.note(candidate.name, "not fitted", f"not in time: {error}")
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            self.note(candidate.name, "failed", reason)
            warnings.warn(
                f"The member {candidate.name!r} is left out, since it failed: {reason}",
                UserWarning,
                stacklevel=6,
            )
        return None

    # Fits ------------------------------------------------------------------------

    def _measure(self, candidate: Candidate) -> Cost:
        self.reporter.step(f"{candidate.name}: measure cost")
        rows = choose_sample(self.targets, self.seed)
        cost = measure_cost(
            candidate,
            self.X.iloc[rows],
            self.labels[rows],
            len(self.labels),
            self._callback() if self.crossfits else None,
            self.seed,
        )
        self._predict_seconds(candidate, cost)
        return cost

    def _predict_seconds(self, candidate: Candidate, cost: Cost) -> None:
        seconds = self._seconds(cost, self.folds)
        self.status[candidate.name]["predicted_seconds"] = seconds

    def _seconds(self, cost: Cost, folds: Folds) -> float:
        return cost.of_folds(len(self.labels), len(folds), self.n_jobs)

    def _callback(self, later: float = 0.0) -> DeadlineCallback:
        deadline = self.budget.deadline - later
        return DeadlineCallback(deadline, len(self.folds), self.reporter.tick)

    def _cross_fit_in_time(self, candidate: Candidate, later: float) -> CrossFit:
        return self._cross_fit(candidate, self._callback(later))

    def _cross_fit(
        self, candidate: Candidate, callback: DeadlineCallback | None
    ) -> CrossFit:
        estimator = clone(candidate.estimator)
        n_jobs = self.n_jobs
        if candidate.encoder is not None:
            n_jobs = 1  # other processes would encode everything again
            encode_in_parts(candidate, self.X, callback)
        crossfit = self._make_crossfit(candidate.name, estimator, n_jobs)
        if callback is not None:
            listen(estimator, callback)
            crossfit.set_callbacks(callback)
        crossfit.fit(self.X, self.labels)
        forget_callbacks(crossfit.set_callbacks().estimators[0][1])
        for fitted in crossfit.fold_estimators_[candidate.name]:
            forget_callbacks(fitted)
        return crossfit

    def _make_crossfit(
        self, name: str, estimator: Any, n_jobs: int | None = None
    ) -> CrossFit:
        return CrossFit(
            [(name, estimator)],
            cv=self.folds,
            refit="average",
            n_jobs=n_jobs,
            random_state=self.seed,
        )

    def _keep(self, name: str, crossfit: CrossFit) -> None:
        self.crossfits[name] = crossfit
        if not self.folds:
            self.note(name, "kept", seconds=crossfit.refit_seconds_[name])
            return
        self.note(name, "kept", seconds=float(crossfit.fit_seconds_[name].sum()))
        scores = {
            member: float(
                np.mean(found.oof_proba_[member].argmax(axis=1) == self.targets)
            )
            for member, found in self.crossfits.items()
        }
        best = max(scores, key=lambda member: scores[member])
        self.reporter.found(best, scores[best])

    def refit(self, names: list[str], *, keep_interrupted: bool) -> dict[str, Any]:
        """Fit members on all rows if there is time; return them, or an empty dict."""
        predicted = self._refit_seconds(names)
        if predicted > self.budget.left:
            left = max(self.budget.left, 0)
            self.reporter.step(
                f"no refit, which would take {predicted:.0f} s: {left:.0f} s are left"
            )
            return {}
        self.reporter.step("refit on all rows")
        crossfit = CrossFit(
            [self.crossfits[name].estimators[0] for name in names],
            cv=self.folds,
            n_jobs=self.n_jobs,
            random_state=self.seed,
        )
        try:
            crossfit.fit_without_folds(self.X, self.labels)
        except KeyboardInterrupt:
            if not keep_interrupted:
                raise
            self.interrupted = True
            return {}
        self.refitted = True
        return crossfit.estimators_

    def _refit_seconds(self, names: list[str], *others: float) -> float:
        """Return the time to fit members, and others of known times, on all rows."""
        n_folds = len(self.folds)
        fits = [self.status[name]["seconds"] / (n_folds - 1) for name in names]
        fits += others
        n_workers = min(joblib.effective_n_jobs(self.n_jobs), len(fits))
        return max(max(fits), sum(fits) / n_workers)

    def describe(self) -> pd.DataFrame:
        """Return what became of each candidate."""
        columns = ["status", "reason", "predicted_seconds", "seconds"]
        table = pd.DataFrame.from_dict(self.status, orient="index")
        return table.reindex(columns=columns).rename_axis("member")

    def joined(self) -> CrossFit:
        """Return one fitted CrossFit of all members."""
        members = [found.estimators[0] for found in self.crossfits.values()]
        first = next(iter(self.crossfits.values()))
        joined = CrossFit(**{**first.get_params(deep=False), "estimators": members})
        state = {n: v for n, v in vars(first).items() if n.endswith("_")}
        for crossfit in self.crossfits.values():
            for name, value in vars(crossfit).items():
                if isinstance(value, dict) and name.endswith("_"):
                    state[name] = {**state[name], **value}
        joined.__dict__.update(state, names_=list(self.crossfits))
        return joined
