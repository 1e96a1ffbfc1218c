"""Fits of members on folds and on all samples, for CrossFit and the ensembles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import clone, is_classifier
from sklearn.utils import indexable
from sklearn.utils.validation import (
    _num_samples,
    check_consistent_length,
    check_is_fitted,
)

from amzest.ensemble._fold_average import FoldAverageClassifier
from amzest.ensemble._fold_tasks import Fitted, Task, run_tasks
from amzest.ensemble._folds import Folds, number_folds, split_folds
from amzest.utils import (
    SPLITTER,
    as_native,
    check_rows,
    draw_seeds,
    encode_labels,
    route_fit_params,
    row_weights,
    shown,
    shown_list,
)

Refit = bool | Literal["average"]


class MemberFits:
    """Fitted members and their out-of-fold predictions, named as in CrossFit.

    The attributes from `fold_` to `predict_seconds_` exist after a fit with folds only,
    `estimators_` does not exist with ``refit=False``.
    """

    classes_: NDArray[Any]
    names_: list[str]
    y_: NDArray[np.intp]
    sample_weight_: NDArray[np.float64] | None
    class_prior_: NDArray[np.float64]
    fold_: NDArray[np.intp]
    oof_proba_: dict[str, NDArray[np.float64]]
    oof_present_: dict[str, NDArray[np.bool_]]
    fold_estimators_: dict[str, list[Any]]
    fit_seconds_: dict[str, NDArray[np.float64]]
    predict_seconds_: dict[str, NDArray[np.float64]]
    estimators_: dict[str, Any]
    refit_seconds_: dict[str, float]


@dataclass(frozen=True)
class FitPlan:
    """Validated input and the fits to run on it: on all samples, then on folds."""

    X: Any
    labels: NDArray[Any]
    fits: MemberFits
    folds: Folds
    refit: Refit
    tasks: list[Task]

    @property
    def metadata(self) -> dict[str, Any] | None:
        """Return what callbacks are told of besides X and y."""
        weights = self.fits.sample_weight_
        return None if weights is None else {"sample_weight": weights}

    def run(self, caller: Any, context: Any, *, verbose: bool = False) -> MemberFits:
        """Run the fits, reported as subtasks of the callback context of the caller."""
        fits, names = self.fits, self.fits.names_
        done = run_tasks(
            self.tasks,
            self.X,
            self.labels,
            fits.classes_,
            memory=caller.memory,
            n_jobs=caller.n_jobs,
            verbose=verbose,
            reported=(caller, context),
        )
        n_refits = len(self.tasks) - len(names) * len(self.folds)
        if self.folds:
            _keep_folds(fits, self.folds, done[n_refits:])
        fits.refit_seconds_ = dict.fromkeys(names, 0.0)
        if self.refit is True:
            last = dict(zip(names, done[:n_refits], strict=True))
            fits.estimators_ = {name: fit.estimator for name, fit in last.items()}
            fits.refit_seconds_ = {name: fit.fit_seconds for name, fit in last.items()}
        elif self.refit == "average":
            fits.estimators_ = {
                name: FoldAverageClassifier(models).set_classes(fits.classes_)
                for name, models in fits.fold_estimators_.items()
            }
        return fits


def plan_fits(
    caller: Any,
    estimators: Sequence[tuple[str, Any]],
    X: Any,
    y: Any,
    sample_weight: Any,
    fit_params: dict[str, Any],
    *,
    with_folds: bool,
    refit: Refit = True,
    groups: Any = None,
    final_estimator: Any = None,
) -> FitPlan:
    """Validate the input of a fit, split it into folds and list the fits of members.

    The caller is CrossFit or an ensemble: it has `cv`, `random_state` and a router.
    """
    X, fits = _validate_input(X, y, sample_weight)
    routed = route_fit_params(
        caller, estimators, fits.sample_weight_, fit_params, final_estimator
    )
    labels, seeds = fits.classes_[fits.y_], draw_seeds(caller.random_state)
    members = {
        name: _seeded(estimator, caller.random_state, seeds["weights"])
        for name, estimator in estimators
    }
    fits.names_ = list(members)
    folds: Folds = []
    if with_folds:
        folds = split_folds(
            X,
            fits.classes_,
            fits.y_,
            caller.cv,
            {"groups": groups, **routed[SPLITTER].split},
            seed=None if caller.random_state is None else seeds["split"],
        )
        fits.fold_ = number_folds(folds, len(labels))
    tasks = _list_tasks(members, folds, len(labels), routed, refit=refit)
    return FitPlan(X, labels, fits, folds, refit, tasks)


def _validate_input(X: Any, y: Any, sample_weight: Any) -> tuple[Any, MemberFits]:
    """Return X as an object that can be indexed, and what is learnt from y alone."""
    fits = MemberFits()
    X = as_native(X)
    if not issparse(X):
        check_rows(X, "samples in the form that the members take: a table or list")
    if _num_samples(X) == 0:
        raise ValueError("`X` has 0 sample(s), a minimum of 1 is required.")
    fits.classes_, fits.y_ = encode_labels(y)
    check_consistent_length(X, fits.y_)
    (X,) = indexable(X)
    fits.sample_weight_ = None
    if sample_weight is not None:
        fits.sample_weight_ = row_weights(X, fits.y_, fits.classes_, sample_weight)
    # Predicted for missing samples, so that it has to be weighted as the members are.
    totals = np.bincount(fits.y_, fits.sample_weight_, minlength=len(fits.classes_))
    fits.class_prior_ = totals / totals.sum()
    return X, fits


def _list_tasks(
    members: dict[str, Any],
    folds: Folds,
    n_samples: int,
    routed: Any,
    *,
    refit: Refit,
) -> list[Task]:
    """Return the fits on all samples, then those on folds by member and fold."""
    # All samples first: an error then names a sample by its position in X, which
    # differs from its position in a fold.
    rows = np.arange(n_samples)
    tasks = [
        Task(f"{name}, all rows", member, rows, None, routed[name].fit)
        for name, member in members.items()
        if refit is True
    ]
    for name, member in members.items():
        for fold, (train, test) in enumerate(folds, start=1):
            title = f"{name}, fold {fold} of {len(folds)}"
            tasks.append(Task(title, member, train, test, routed[name].fit))
    return tasks


def check_members(estimators: Any) -> None:
    """Raise unless these are uniquely named classifiers with probabilities."""
    pairs = list(estimators) if isinstance(estimators, list | tuple) else []
    if not pairs or not all(isinstance(p, list | tuple) and len(p) == 2 for p in pairs):
        msg = (
            "`estimators` must be a list of pairs of a name and a classifier, such as "
            f'[("text", TextCNNClassifier())], got {shown(estimators)}.'
        )
        raise ValueError(msg)
    names = [name for name, _ in pairs]
    for name, member in pairs:
        if not isinstance(name, str) or "__" in name or names.count(name) > 1:
            msg = (
                f"`estimators` has the name {shown(name)}. Names must be unique "
                'strings without "__".'
            )
            raise ValueError(msg)
        able = hasattr(member, "fit") and hasattr(member, "predict_proba")
        if not able or not is_classifier(member):
            msg = (
                f"`estimators` has {shown(name)}, which is not a classifier with "
                "`predict_proba`. Wrap one without it in CalibratedClassifierCV."
            )
            raise ValueError(msg)


def check_crossfit(crossfit: Any, *, out_of_fold: bool = True) -> None:
    """Raise unless a CrossFit has fitted members, and their predictions if needed."""
    check_is_fitted(crossfit)
    if not hasattr(crossfit, "estimators_"):
        msg = (
            "An ensemble needs fitted members, but CrossFit was fitted with "
            'refit=False. Fit it with refit=True or refit="average".'
        )
        raise ValueError(msg)
    if out_of_fold and not hasattr(crossfit, "oof_proba_"):
        msg = (
            "Out-of-fold predictions are needed, but CrossFit was fitted with "
            "`fit_without_folds`. Call `fit`."
        )
        raise ValueError(msg)


def select_fits(fits: MemberFits, names: Sequence[str]) -> MemberFits:
    """Return the fits of some of the members."""
    known = fits.names_
    wrong = isinstance(names, str) or not len(names) or len(set(names)) < len(names)
    if wrong or not set(names) <= set(known):
        msg = (
            f"`names` must be some of the members {shown_list(known)}, each once, got "
            f"{shown(names)}."
        )
        raise ValueError(msg)
    selected = MemberFits()
    selected.__dict__.update(
        {key: value for key, value in vars(fits).items() if key.endswith("_")}
    )
    selected.names_ = list(names)
    for key, value in vars(selected).items():
        if isinstance(value, dict) and set(value) == set(known):
            setattr(selected, key, {name: value[name] for name in names})
    return selected


def _seeded(estimator: Any, random_state: Any, seed: int) -> Any:
    """Return a clone; unset seeds are set unless the ensemble has none itself."""
    # All folds of a member have the same seed, as in scikit-learn's cross_val_predict:
    # its fold models differ by their data only. Seeds that are set are kept, and with
    # random_state=None members stay random.
    copied = clone(estimator)
    if random_state is not None:
        unset = {
            name: seed
            for name, value in copied.get_params(deep=True).items()
            if value is None
            and (name == "random_state" or name.endswith("__random_state"))
        }
        copied.set_params(**unset)
    return copied


def _keep_folds(fits: MemberFits, folds: Folds, done: list[Fitted]) -> None:
    """Assemble out-of-fold predictions from the results of all members' folds."""
    shape = (len(fits.y_), len(fits.classes_))
    fits.oof_proba_ = {name: np.empty(shape) for name in fits.names_}
    fits.oof_present_ = {name: np.empty(shape[0], dtype=bool) for name in fits.names_}
    fits.fold_estimators_, fits.fit_seconds_, fits.predict_seconds_ = {}, {}, {}
    # Tasks are sorted by member, then by fold.
    results = iter(done)
    for name in fits.names_:
        fitted = [next(results) for _ in folds]
        for (_, test), fold in zip(folds, fitted, strict=True):
            fits.oof_proba_[name][test] = fold.proba
            fits.oof_present_[name][test] = fold.present
        fits.fold_estimators_[name] = [fold.estimator for fold in fitted]
        fits.fit_seconds_[name] = np.array([fold.fit_seconds for fold in fitted])
        fits.predict_seconds_[name] = np.array(
            [fold.predict_seconds for fold in fitted]
        )
