"""Fit every member on every fold once; everything else is made from that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, check_cv
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils.validation import (
    _num_samples,
    check_consistent_length,
    check_is_fitted,
)

from amzest.ensemble._callbacks import reported_fit
from amzest.ensemble._fold_average import FoldAverageClassifier
from amzest.ensemble._fold_tasks import Fitted, Task, run_tasks
from amzest.utils import (
    DocumentationLinkMixin,
    FittedStateMixin,
    as_native,
    as_series,
    check_rows,
    column_names,
    count,
    draw_seeds,
    encode_labels,
    is_table,
    shown,
)

if TYPE_CHECKING:
    import pandas as pd

    from amzest.ensemble._calibrated import CalibratedClassifier
    from amzest.ensemble._stacking import MissingAwareStackingClassifier
    from amzest.ensemble._weighted_voting import WeightedVotingClassifier

Folds = list[tuple[NDArray[np.intp], NDArray[np.intp]]]


class CrossFit(
    CallbackSupportMixin, DocumentationLinkMixin, FittedStateMixin, BaseEstimator
):
    """Fit classifiers on all folds, once, and keep what they say of the other rows.

    Voting with learnt weights, stacking, calibration, thresholds, tests and the search
    for wrong labels all need predictions for rows that a model has not learnt from.
    scikit-learn's meta-estimators each fit their members K times for that, and once
    more on all rows. Here that is done once for all of them.

    Parameters
    ----------
    estimators : list of (str, classifier)
        The members, each with a name. Any scikit-learn classifier or pipeline that has
        `predict_proba`.

    cv : int, cross-validation generator or iterable, default=5
        How rows are put into folds; each row must be in one test fold. An int stands
        for stratified folds, drawn at random if `random_state` is given.

    refit : bool or "average", default=True
        What `estimators_` is: True fits each member once more, on all rows; "average"
        averages its fold models, which costs nothing more to fit and K times as much
        to ask; False leaves it out.

    groups : array-like of shape (n_samples,) or str, default=None
        Rows that must be in one fold, see :func:`~amzest.datasets.group_products`; or
        the name of the column of `X` that says so.

    memory : str, path-like or object with the joblib.Memory interface, default=None
        Where fitted folds are kept. After an interruption, or with another member
        added, what is there is not fitted again. Data, parameters, versions and the
        state of photos that the table names (size and time of change) are in the key.
        Members must be of what pickle can write, so no lambda may be in them.

        What is kept are pickles, and loading a pickle runs the code in it: use only a
        folder that you trust. A folder that is named here is made readable and
        writable for you alone (mode 0700); one that all users can write into raises.
        A `joblib.Memory` is taken as it is.

    n_jobs : int, default=None
        Number of processes. Results are the same for every number.

    random_state : int, RandomState instance or None, default=None
        Draws the folds, and seeds the members that have no seed of their own.

    verbose : bool, default=False
        Whether to print a line for each fit that has ended.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.

    names_ : list of str
        Names of the members.

    y_ : ndarray of shape (n_samples,), dtype int
        Position in `classes_` of each row's label.

    fold_ : ndarray of shape (n_samples,), dtype int
        The fold that each row is tested in.

    class_prior_ : ndarray of shape (n_classes,)
        Share of each class.

    oof_proba_ : dict of str to ndarray of shape (n_samples, n_classes)
        Out of fold: what each member says of each row without having learnt from it.

    oof_present_ : dict of str to ndarray of shape (n_samples,), dtype bool
        False where a member had nothing to read and answered with class frequencies.

    fold_estimators_ : dict of str to list of classifier
        The fold models of each member.

    estimators_ : dict of str to classifier
        The members to be used from now on, see `refit`.

    fit_seconds_ : dict of str to ndarray of shape (n_folds,)
        Seconds that each fit on a fold took.

    predict_seconds_ : dict of str to ndarray of shape (n_folds,)
        Seconds that asking each fold model about its other rows took.

    refit_seconds_ : dict of str to float
        Seconds that the last fit on all rows took; 0 if there was none.

    See Also
    --------
    WeightedVotingClassifier : Members vote by weight.
    MissingAwareStackingClassifier : A meta-model reads the members' probabilities.
    CalibratedClassifier : Probabilities that hold what they promise.
    amzest.evaluation.compare_classifiers : What differs, and whether that is chance.

    References
    ----------
    .. [1] M. Stone, "Cross-validatory choice and assessment of statistical
       predictions", Journal of the Royal Statistical Society B 36, 1974.
    .. [2] D. H. Wolpert, "Stacked generalization", Neural Networks 5, 1992.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from amzest.ensemble import CrossFit
    >>> X, y = load_iris(return_X_y=True)
    >>> members = [
    ...     ("bayes", GaussianNB()),
    ...     ("linear", LogisticRegression(max_iter=500)),
    ... ]
    >>> crossfit = CrossFit(members, random_state=0).fit(X, y)
    >>> vote = crossfit.weighted_voting("learn")
    >>> vote.predict(X[:3]).tolist()
    [0, 0, 0]
    """

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        "names_",
        "class_prior_",
        "classes_",
        "y_",
    )

    _allowed_refit: ClassVar[tuple[Any, ...]] = (True, False, "average")

    def __init__(
        self,
        estimators: Sequence[tuple[str, Any]],
        cv: Any = 5,
        *,
        refit: bool | Literal["average"] = True,
        groups: Any = None,
        memory: Any = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool = False,
    ) -> None:
        self.estimators = estimators
        self.cv = cv
        self.refit = refit
        self.groups = groups
        self.memory = memory
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @with_callbacks
    def fit(self, X: Any, y: Any) -> Self:
        """Fit all members on all folds.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows in the form the members take.

        y : array-like of shape (n_samples,)
            Labels.

        Returns
        -------
        self : CrossFit
            The fitted members and what they say.

        Raises
        ------
        ValueError
            If a parameter is wrong, a member is no classifier with probabilities, or
            the folds do not test each row once.
        """
        check_members(self.estimators)
        if self.refit not in self._allowed_refit:
            msg = f"`refit` must be True, False or 'average', got {shown(self.refit)}."
            raise ValueError(msg)
        X, labels, seeds = self._prepare(X, y)
        folds = self._split(X, labels, seeds["split"])
        self._run(X, labels, seeds, folds, refit=self.refit)
        return self

    @with_callbacks
    def fit_without_folds(self, X: Any, y: Any) -> Self:
        """Fit all members on all rows, and on nothing else.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows in the form the members take.

        y : array-like of shape (n_samples,)
            Labels.

        Returns
        -------
        self : CrossFit
            With `estimators_`, without anything out of fold.
        """
        check_members(self.estimators)
        X, labels, seeds = self._prepare(X, y)
        self._run(X, labels, seeds, [], refit=True)
        return self

    def _prepare(self, X: Any, y: Any) -> tuple[Any, NDArray[Any], dict[str, int]]:
        """Check rows and labels, and draw the seeds."""
        X = as_native(X)
        if not issparse(X):
            check_rows(X, "rows in the form that the members take: a table or list")
        if _num_samples(X) == 0:
            raise ValueError("`X` has 0 sample(s), a minimum of 1 is required.")
        self.classes_, self.y_ = encode_labels(y)
        check_consistent_length(X, self.y_)
        (X,) = indexable(X)
        self.class_prior_ = np.bincount(self.y_) / len(self.y_)
        return X, self.classes_[self.y_], draw_seeds(self.random_state)

    def _run(
        self,
        X: Any,
        labels: NDArray[Any],
        seeds: dict[str, int],
        folds: Folds,
        *,
        refit: bool | str,
    ) -> None:
        """Fit what is to be fitted, and keep it."""
        members = {
            name: _seeded(estimator, self.random_state, seeds["weights"])
            for name, estimator in self.estimators
        }
        # All rows first: what is wrong with one is then said by its own number, which
        # it does not have in a fold.
        rows = np.arange(len(labels))
        tasks = [
            Task(f"{name}, all rows", member, rows, None)
            for name, member in members.items()
            if refit is True
        ]
        n_last = len(tasks)
        tasks += [
            Task(f"{name}, fold {fold} of {len(folds)}", member, train, test)
            for name, member in members.items()
            for fold, (train, test) in enumerate(folds, start=1)
        ]
        self.names_ = list(members)
        with reported_fit(self, X, labels, len(tasks), predicts=False) as context:
            done = run_tasks(
                tasks,
                X,
                labels,
                self.classes_,
                memory=self.memory,
                n_jobs=self.n_jobs,
                verbose=self.verbose,
                reported=(self, context),
            )
        if folds:
            self._keep_folds(folds, done[n_last:])
        self.refit_seconds_ = dict.fromkeys(members, 0.0)
        if refit is True:
            last = dict(zip(members, done[:n_last], strict=True))
            self.estimators_ = {name: fit.estimator for name, fit in last.items()}
            self.refit_seconds_ = {name: fit.fit_seconds for name, fit in last.items()}
        elif refit == "average":
            self.estimators_ = {
                name: FoldAverageClassifier(models).adopt(self.classes_)
                for name, models in self.fold_estimators_.items()
            }

    def _split(self, X: Any, labels: NDArray[Any], seed: int) -> Folds:
        groups = self._find_groups(X)
        cv = self.cv
        if isinstance(cv, int | np.integer):
            fewest = np.bincount(self.y_).min()
            if fewest < cv:
                rare = self.classes_.tolist()[np.bincount(self.y_).argmin()]
                msg = (
                    f"`cv` is {cv}, but the class {shown(rare)} has only "
                    f"{count(fewest, 'row')}, and "
                    "each fold needs one. Lower cv, or drop or merge the class."
                )
                raise ValueError(msg)
            kind = StratifiedKFold if groups is None else StratifiedGroupKFold
            drawn = self.random_state is not None
            cv = kind(cv, shuffle=drawn, random_state=seed if drawn else None)
        splitter = check_cv(cv, labels, classifier=True)
        placeholder = np.zeros(len(labels))
        folds = list(splitter.split(placeholder, labels, groups))
        self.fold_ = np.full(len(labels), -1)
        for number, (_, test) in enumerate(folds):
            self.fold_[test] = number
        n_tested = sum(len(test) for _, test in folds)
        if n_tested != len(labels) or (self.fold_ < 0).any():
            msg = (
                f"`cv` tests {count(n_tested, 'row')} in all, but there are "
                f"{len(labels)}, and "
                "each must be tested once. Use folds that do not overlap, such as "
                "StratifiedKFold."
            )
            raise ValueError(msg)
        return folds

    def _find_groups(self, X: Any) -> Any:
        if not isinstance(self.groups, str):
            groups = as_series(self.groups, "groups")
            if groups is not None and _num_samples(groups) != len(self.y_):
                msg = (
                    f"`groups` has {count(_num_samples(groups), 'row')}, but `X` has "
                    f"{len(self.y_)}."
                )
                raise ValueError(msg)
            return groups
        if not is_table(X) or self.groups not in column_names(X):
            msg = (
                f"`groups` is {shown(self.groups)}, and `X` has no column of that name."
            )
            raise ValueError(msg)
        return as_series(_safe_indexing(X, self.groups, axis=1))

    def _keep_folds(self, folds: Folds, done: list[Fitted]) -> None:
        """Keep the fold models and what they say of the rows they have not seen."""
        shape = (len(self.y_), len(self.classes_))
        self.oof_proba_ = {name: np.empty(shape) for name in self.names_}
        self.oof_present_ = {
            name: np.empty(shape[0], dtype=bool) for name in self.names_
        }
        self.fold_estimators_, self.fit_seconds_, self.predict_seconds_ = {}, {}, {}
        results = iter(done)
        for name in self.names_:
            fitted = [next(results) for _ in folds]
            for (_, test), each in zip(folds, fitted, strict=True):
                self.oof_proba_[name][test] = each.proba
                self.oof_present_[name][test] = each.present
            self.fold_estimators_[name] = [each.estimator for each in fitted]
            self.fit_seconds_[name] = np.array([each.fit_seconds for each in fitted])
            self.predict_seconds_[name] = np.array(
                [each.predict_seconds for each in fitted]
            )

    def weighted_voting(self, weights: Any = None) -> WeightedVotingClassifier:
        """Let the members vote; none is fitted again.

        Parameters
        ----------
        weights : None, array-like of shape (n_members,), "learn" or "greedy"
            Votes of the members, see :class:`WeightedVotingClassifier`.

        Returns
        -------
        WeightedVotingClassifier
            Fitted; with `oof_proba_`.
        """
        from amzest.ensemble._weighted_voting import WeightedVotingClassifier

        vote = WeightedVotingClassifier(self.estimators, weights=weights, cv=self.cv)
        return vote.adopt(self._with_members())

    def stacking(
        self, final_estimator: Any = None, *, presence: bool = True
    ) -> MissingAwareStackingClassifier:
        """Put a meta-model on the members; none of them is fitted again.

        Parameters
        ----------
        final_estimator : classifier, default=None
            The meta-model, see :class:`MissingAwareStackingClassifier`.

        presence : bool, default=True
            Whether it is told which members had something to read, see
            :class:`MissingAwareStackingClassifier`: it can leak the label.

        Returns
        -------
        MissingAwareStackingClassifier
            Fitted; with `oof_proba_`.
        """
        from amzest.ensemble._stacking import MissingAwareStackingClassifier

        stack = MissingAwareStackingClassifier(
            self.estimators, final_estimator, presence=presence, cv=self.cv
        )
        return stack.adopt(self._with_members())

    def calibrated(
        self,
        name: str | None = None,
        *,
        method: Literal["temperature", "sigmoid", "isotonic"] = "temperature",
    ) -> CalibratedClassifier:
        """Calibrate a member on its out-of-fold rows; it is not fitted again.

        Parameters
        ----------
        name : str, default=None
            The member. May be left out where there is one only.

        method : {"temperature", "sigmoid", "isotonic"}, default="temperature"
            See :class:`CalibratedClassifier`.

        Returns
        -------
        CalibratedClassifier
            Fitted; with `oof_proba_`.

        Raises
        ------
        ValueError
            If there is no such member.
        """
        from amzest.ensemble._calibrated import CalibratedClassifier

        self._with_members()
        if name is None and len(self.names_) == 1:
            (name,) = self.names_
        if name not in self.names_:
            msg = f"`name` must be one of {', '.join(self.names_)}, got {shown(name)}."
            raise ValueError(msg)
        member = dict(self.estimators)[name]
        return CalibratedClassifier(member, method=method, cv=self.cv).adopt(self, name)

    def report(self, weights: Any = "learn") -> pd.DataFrame:
        """Tabulate what each member costs, and what it adds to a vote.

        Parameters
        ----------
        weights : None, array-like of shape (n_members,), "learn" or "greedy"
            Of the vote, see :class:`WeightedVotingClassifier`.

        Returns
        -------
        DataFrame of shape (n_members, 8)
            One row for each member. `fit_seconds` of one fit, the mean of the folds;
            `predict_seconds_per_1000` rows; `present_share`, the share of the rows that
            it can read; its own `accuracy` and `log_loss` out of fold; its `weight` in
            the vote; `adds`, the accuracy of the vote out of fold less that of a vote
            without the member, and `adds_log_loss`, by how much the log-loss of the
            vote is smaller than without it. The last two are NaN where no vote is left.

        Raises
        ------
        ValueError
            If `weights` is wrong.

        See Also
        --------
        amzest.evaluation.ClassifierComparison.fusion : With intervals and tests.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.dummy import DummyClassifier
        >>> from sklearn.naive_bayes import GaussianNB
        >>> from amzest.ensemble import CrossFit
        >>> X, y = load_iris(return_X_y=True)
        >>> members = [("guess", DummyClassifier()), ("bayes", GaussianNB())]
        >>> report = CrossFit(members, random_state=0).fit(X, y).report()
        >>> report[["accuracy", "weight", "adds"]].round(2).rename_axis(None)
               accuracy  weight  adds
        guess      0.33     0.0  0.00
        bayes      0.95     1.0  0.61
        """
        from amzest.ensemble._member_report import report_members

        check_is_fitted(self)
        return report_members(self, weights)

    def _with_members(self) -> Self:
        check_is_fitted(self)
        if not hasattr(self, "estimators_"):
            msg = (
                "There are no members to ask: CrossFit was fitted with refit=False. "
                'Fit it with refit=True or refit="average".'
            )
            raise ValueError(msg)
        return self


def check_members(estimators: Any) -> None:
    """Refuse what is no list of named classifiers with probabilities.

    Parameters
    ----------
    estimators : list of (str, classifier)
        What the user gave.

    Raises
    ------
    ValueError
        If a name stands twice, has "__" in it or is that of a parameter, or a member
        is no classifier with `predict_proba`.
    """
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
                f"`estimators` has the name {shown(name)}. Names must be texts without "
                '"__", each of them once.'
            )
            raise ValueError(msg)
        able = hasattr(member, "fit") and hasattr(member, "predict_proba")
        if not able or not is_classifier(member):
            msg = (
                f"`estimators` has {shown(name)}, which is no classifier with "
                "`predict_proba`. Wrap one without it into CalibratedClassifierCV."
            )
            raise ValueError(msg)


def _seeded(estimator: Any, random_state: Any, seed: int) -> Any:
    """Give a copy whose unset seeds are set, unless the user wants none."""
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
