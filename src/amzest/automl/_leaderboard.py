"""Votes of the members, the scores of all designs, and the best one."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from amzest.ensemble import CrossFit

#: Members that make this part of their errors together are near copies.
_SAME_ERRORS = 0.5
#: Members with a smaller weight in the learnt vote add nothing to it.
_LEAST_WEIGHT = 0.02
#: Number of values in the resamples of all designs: bounds the number of resamples.
_MAX_RESAMPLED = 10_000_000
_MAX_RESAMPLES, _MIN_RESAMPLES = 1000, 100
#: Estimated multiplications per second of the meta-model of a stack, and iterations.
_STACK_SPEED, _STACK_ITERATIONS = 1e9, 100


#: Seconds for votes and leaderboard; per row and class, up to this many classes: the
#: learnt weights depend on the most probable ones.
_FINISHING, _FINISHING_PER_VALUE, _MAX_CLASSES = 1.0, 5e-5, 30

LEARNT, EQUAL, STACK = "vote (learnt weights)", "vote (equal weights)", "stack"


@dataclass
class Choice:
    """The best design and its competitors.

    `dropped` are members by name with the reason why no vote has them.
    """

    name: str
    estimator: Any
    leaderboard: pd.DataFrame
    comparison: Any
    members: list[str]
    dropped: dict[str, str] = field(default_factory=dict)


def choose_best(
    crossfit: CrossFit, metric: str, seconds_left: float, seed: int
) -> Choice:
    """Combine the members of a CrossFit, and return the design with the best score."""
    from amzest.evaluation import compare_classifiers

    deadline = time.monotonic() + seconds_left
    objective: Any = "log_loss" if metric == "log_loss" else "accuracy"
    kept, dropped, learnt = choose_members(crossfit, objective, deadline)
    votes: dict[str, Any] = {}
    if len(kept) > 1:
        selected = crossfit.select_members(kept)
        votes[LEARNT] = learnt
        votes[EQUAL] = selected.weighted_voting(
            None, objective=objective, calibrate=True
        )
        seconds = _stack_seconds(crossfit, len(kept))
        if time.monotonic() + 2 * seconds < deadline:
            votes[STACK] = selected.stacking()
    n_values = len(crossfit.y_) * (len(crossfit.names_) + len(votes))
    n_bootstrap = np.clip(_MAX_RESAMPLED / n_values, _MIN_RESAMPLES, _MAX_RESAMPLES)
    comparison = compare_classifiers(
        crossfit,
        ensembles=votes or None,
        n_bootstrap=int(n_bootstrap),
        correction=None,
        random_state=seed,
    )
    board = tabulate(crossfit, comparison, metric, votes, kept)
    name = str(board.index[0])
    members = kept if name in votes else [name]
    estimator = votes.get(name)
    if estimator is None:
        estimator = crossfit.select_members([name]).weighted_voting(
            objective=objective, calibrate=True
        )
    return Choice(name, estimator, board, comparison, members, dropped)


def choose_members(
    crossfit: CrossFit, objective: Any, deadline: float
) -> tuple[list[str], dict[str, str], Any]:
    """Return the members that a vote needs, the reasons for others, and the vote.

    A member is left out if the vote is at least as accurate without it and its weight
    is negligible, or it makes the same errors as a better member. None is tried after
    half of the time until the deadline.
    """
    latest = (time.monotonic() + deadline) / 2
    kept, dropped = list(crossfit.names_), {}

    def learn(names: list[str]) -> tuple[Any, float]:
        selected = crossfit.select_members(names)
        vote = selected.weighted_voting("learn", objective=objective, calibrate=True)
        right = vote.oof_proba_.argmax(axis=1) == crossfit.y_
        return vote, float(right.mean())

    vote, accuracy = learn(kept)
    for name, reason in _superfluous(crossfit, vote).items():
        rest = [other for other in kept if other != name]
        if not rest or time.monotonic() > latest:
            break
        new_vote, new_accuracy = learn(rest)
        if new_accuracy >= accuracy:
            kept, vote, accuracy = rest, new_vote, new_accuracy
            dropped[name] = reason
    return kept, dropped, vote


def _superfluous(crossfit: CrossFit, vote: Any) -> dict[str, str]:
    """Return members that a vote may not need, with reasons, by increasing weight."""
    weights = dict(zip(crossfit.names_, vote.weights_, strict=True))
    found = {
        name: f"adds nothing to the vote: its learnt weight is {weight:.3f}"
        for name, weight in sorted(weights.items(), key=lambda pair: pair[1])
        if weight < _LEAST_WEIGHT
    }
    predicted = {n: p.argmax(axis=1) for n, p in crossfit.oof_proba_.items()}
    wrong = {name: classes != crossfit.y_ for name, classes in predicted.items()}
    pairs = []
    for one, two in combinations(crossfit.names_, 2):
        either = (wrong[one] | wrong[two]).sum()
        both = (wrong[one] & (predicted[one] == predicted[two])).sum()
        pairs.append((both / max(either, 1), one, two))
    for share, *pair in sorted(pairs, reverse=True):
        if share < _SAME_ERRORS or found.keys() & pair:
            continue
        worse, better = sorted(pair, key=lambda name: weights[name])
        found[worse] = (
            f"near copy of {better}: {share:.0%} of the errors of the two are the "
            "same, and the vote is as accurate without it"
        )
    return found


def rebuild(best: Choice, crossfit: CrossFit) -> Choice:
    """Return the same design with other fitted members."""
    selected = crossfit.select_members(best.members)
    if best.name == STACK:
        estimator: Any = selected.stacking()
    else:
        weights = "learn" if best.name == LEARNT else None
        estimator = selected.weighted_voting(
            weights, objective=best.estimator.objective, calibrate=True
        )
    return replace(best, estimator=estimator)


def finishing_seconds(n_rows: int, n_classes: int) -> float:
    """Estimate the seconds for votes and leaderboard, which follow the last fit."""
    return _FINISHING + _FINISHING_PER_VALUE * n_rows * min(n_classes, _MAX_CLASSES)


def _stack_seconds(crossfit: CrossFit, n_members: int) -> float:
    """Estimate the time of a logistic regression on all rows and without each fold."""
    n_rows, n_classes = len(crossfit.y_), len(crossfit.classes_)
    n_fits = int(crossfit.fold_.max()) + 2
    products = n_rows * (n_members * n_classes) * n_classes
    return n_fits * products * _STACK_ITERATIONS / _STACK_SPEED


def tabulate(
    crossfit: CrossFit,
    comparison: Any,
    metric: str,
    votes: dict[str, Any],
    kept: list[str],
) -> pd.DataFrame:
    """Return the leaderboard, the best design first."""
    frame = comparison.frame()
    n_folds = int(crossfit.fold_.max()) + 1
    names = crossfit.names_
    fit = {name: float(np.sum(crossfit.fit_seconds_[name])) for name in names}
    # The fold models all predict: what each took for its fold, for all rows.
    predict = {
        name: 1e6 * n_folds * np.sum(crossfit.predict_seconds_[name]) / len(crossfit.y_)
        for name in names
    }
    rows = {}
    for design in frame.index:
        used = kept if design in votes else [design]
        scores = frame.loc[design]
        rows[design] = {
            metric: scores[metric],
            f"{metric}_low": scores[f"{metric}_low"],
            f"{metric}_high": scores[f"{metric}_high"],
            **{n: scores[n] for n in ("accuracy", "log_loss") if n != metric},
            "fit_seconds": sum(fit[name] for name in used),
            "predict_ms_per_1000": sum(predict[name] for name in used),
            "members": ", ".join(used),
        }
    board = pd.DataFrame.from_dict(rows, orient="index").rename_axis("design")
    order = board[metric] if metric == "log_loss" else -board[metric]
    # Of equal scores the design with the fewest members is the best, and the member
    # that was fitted first: measured times would not be reproducible.
    n_members = [len(kept) if design in votes else 1 for design in frame.index]
    places = np.lexsort((n_members, order.to_numpy()))
    return board.iloc[places]


def board_without_scores(name: str, seconds: float, metric: str) -> pd.DataFrame:
    """Return the leaderboard of a member that was fitted without folds."""
    row: dict[str, Any] = dict.fromkeys(
        [metric, f"{metric}_low", f"{metric}_high", "accuracy", "log_loss"], np.nan
    )
    row |= {"fit_seconds": seconds, "predict_ms_per_1000": np.nan, "members": name}
    return pd.DataFrame([row], index=pd.Index([name], name="design"))
