"""Fit members on folds once, for several ensembles and reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metadata_routing import MetadataRouter
from sklearn.utils.validation import check_is_fitted

from amzest.ensemble._base import FIT_CONSTRAINTS, members_block
from amzest.ensemble._calibrated import CalibratedClassifier
from amzest.ensemble._member_fits import (
    MemberFits,
    Refit,
    check_members,
    plan_fits,
    select_fits,
)
from amzest.ensemble._member_report import report_members
from amzest.ensemble._stacking import MissingAwareStackingClassifier
from amzest.ensemble._vote_weights import (
    OBJECTIVE_CONSTRAINTS,
    WEIGHTS_CONSTRAINTS,
    Combination,
    Objective,
    VoteRule,
)
from amzest.ensemble._weighted_voting import WeightedVotingClassifier
from amzest.utils import (
    DocumentationLinkMixin,
    FittedStateMixin,
    ParameterValidationMixin,
    build_router,
    reported_fit,
    validate_params,
)


class CrossFit(
    CallbackSupportMixin,
    MemberFits,
    DocumentationLinkMixin,
    FittedStateMixin,
    ParameterValidationMixin,
    BaseEstimator,
):
    """Fit classifiers on all folds once, and keep their out-of-fold predictions.

    Voting with learnt weights, stacking, calibration, review thresholds, significance
    tests and the search for label errors need predictions for samples that a model was
    not fitted on. Each of scikit-learn's meta-estimators fits its members K times for
    them, and once more on all samples. CrossFit does so once for all purposes.

    Parameters
    ----------
    estimators : list of (str, classifier)
        The members and their names: scikit-learn classifiers or pipelines with
        `predict_proba`.

    cv : int, cross-validation generator or iterable, default=5
        Splitting strategy; each sample must be in one test fold. An int means
        stratified folds, which are shuffled if `random_state` is not None.

    refit : bool or "average", default=True
        How to make `estimators_`: True refits each member on all samples; "average"
        averages the predictions of its fold models, which needs no further fit and K
        times as long to predict; with False there are none.

    groups : array-like of shape (n_samples,) or str, default=None
        Groups of samples that must be in the same fold, see
        :func:`~amzest.datasets.group_products`; or the name of the column of `X` that
        contains them.

    memory : str, path-like or object with the joblib.Memory interface, default=None
        Cache of fitted fold models, so that an interrupted fit can be resumed, and one
        with another member fits only this member. The key depends on data, sample
        weights, parameters, package versions, the backend of Keras, and the size and
        time of change of files that `X` names, such as images. Members must be
        picklable, which excludes lambdas.

        The cache consists of pickles, and loading a pickle runs the code in it: use
        only a folder that you trust. A folder passed by its name is made accessible
        for the current user only (mode 0700); one that all users can write to raises
        an error. A `joblib.Memory` is used as it is.

    n_jobs : int, default=None
        Number of processes. None means 1 unless in a context of
        `joblib.parallel_config`, which may also name a cluster, see
        :doc:`/user_guide/cluster`. Results do not depend on it.

    random_state : int, RandomState instance or None, default=None
        Shuffles the folds, and seeds the members whose `random_state` is not set.

    verbose : bool, default=False
        Whether to print a line when a fit has ended.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels.

    names_ : list of str
        Names of the members.

    y_ : ndarray of shape (n_samples,), dtype int
        Labels as positions in `classes_`.

    sample_weight_ : ndarray of shape (n_samples,) or None
        Weights of the samples, if `fit` was given any.

    fold_ : ndarray of shape (n_samples,), dtype int
        The fold in which each sample is tested.

    class_prior_ : ndarray of shape (n_classes,)
        Frequency of each class.

    oof_proba_ : dict of str to ndarray of shape (n_samples, n_classes)
        Out-of-fold predicted probabilities of each member.

    oof_present_ : dict of str to ndarray of shape (n_samples,), dtype bool
        False where a sample is missing for a member, whose prediction is then the class
        frequencies.

    fold_estimators_ : dict of str to list of classifier
        The fold models of each member.

    estimators_ : dict of str to classifier
        The fitted members, see `refit`.

    fit_seconds_ : dict of str to ndarray of shape (n_folds,)
        Fit time of each fold model in seconds.

    predict_seconds_ : dict of str to ndarray of shape (n_folds,)
        Time in seconds that each fold model took to predict its test fold.

    refit_seconds_ : dict of str to float
        Fit time on all samples in seconds; 0 without such a fit.

    See Also
    --------
    WeightedVotingClassifier : Weighted mean of the members' probabilities.
    MissingAwareStackingClassifier : Meta-model on the members' probabilities.
    CalibratedClassifier : Calibrated probabilities of one member.
    amzest.evaluation.compare_classifiers : Differences between members, with
        significance tests.

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

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimators": [list, tuple],
        "refit": ["boolean", StrOptions({"average"})],
        "groups": ["array-like", str, None],
        "verbose": ["verbose"],
        **FIT_CONSTRAINTS,
    }

    def __init__(
        self,
        estimators: Sequence[tuple[str, Any]],
        cv: Any = 5,
        *,
        refit: Refit = True,
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
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **fit_params: Any) -> Self:
        """Fit all members on all folds.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples in the form that the members take.

        y : array-like of shape (n_samples,)
            Labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples in the members' fits, the class frequencies,
            :meth:`report` and what ensembles learn from the out-of-fold predictions.
            The fit of each member must take them. With scikit-learn's metadata routing
            enabled, only members that request them get them; a pipeline needs it:
            ``set_fit_request(sample_weight=True)`` on its last step.

        **fit_params : dict
            Other metadata for the fits of the members and for the splitter, such as
            `groups`. Needs scikit-learn's metadata routing.

        Returns
        -------
        self : CrossFit
            The fitted members and their out-of-fold predictions.

        Raises
        ------
        ValueError
            If a parameter is invalid, a member is not a classifier with probabilities
            or does not take `sample_weight`, or the folds do not test each sample
            once.
        """
        return self._fit(X, y, sample_weight, fit_params, with_folds=True)

    @with_callbacks
    def fit_without_folds(
        self, X: Any, y: Any, sample_weight: Any = None, **fit_params: Any
    ) -> Self:
        """Fit all members on all samples, without folds.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples in the form that the members take.

        y : array-like of shape (n_samples,)
            Labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, see :meth:`fit`.

        **fit_params : dict
            Other metadata, see :meth:`fit`.

        Returns
        -------
        self : CrossFit
            With `estimators_`, without out-of-fold predictions.
        """
        return self._fit(X, y, sample_weight, fit_params, with_folds=False)

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        fit_params: dict[str, Any],
        *,
        with_folds: bool,
    ) -> Self:
        self._validate_params()
        check_members(self.estimators)
        refit = self.refit if isinstance(self.refit, str) else bool(self.refit)
        plan = plan_fits(
            self,
            self.estimators,
            X,
            y,
            sample_weight,
            fit_params,
            with_folds=with_folds,
            refit=refit if with_folds else True,
            groups=self.groups,
        )
        with reported_fit(
            self,
            plan.X,
            plan.labels,
            len(plan.tasks),
            predicts=False,
            metadata=plan.metadata,
        ) as context:
            fits = plan.run(self, context, verbose=self.verbose)
        self.__dict__.update(vars(fits))
        return self

    def select_members(self, names: Sequence[str]) -> Self:
        """Return a CrossFit of some of the members, without refitting them.

        Parameters
        ----------
        names : sequence of str
            Names of the members, such as those that
            ``recommended`` of :class:`~amzest.evaluation.FusionReport` has.

        Returns
        -------
        CrossFit
            Fitted, with these members in the order of `names`.

        Raises
        ------
        ValueError
            If `names` is empty or has a name twice, or one that is none of the members.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.dummy import DummyClassifier
        >>> from sklearn.naive_bayes import GaussianNB
        >>> from amzest.ensemble import CrossFit
        >>> from amzest.evaluation import compare_classifiers
        >>> X, y = load_iris(return_X_y=True)
        >>> members = [("guess", DummyClassifier()), ("bayes", GaussianNB())]
        >>> crossfit = CrossFit(members, random_state=0).fit(X, y)
        >>> fusion = compare_classifiers(crossfit).fusion()
        >>> fusion.recommended
        ['bayes']
        >>> vote = crossfit.select_members(fusion.recommended).weighted_voting()
        """
        check_is_fitted(self)
        selected = type(self)(**self.get_params(deep=False))
        selected.__dict__.update(vars(select_fits(self, names)))
        members = dict(self.estimators)
        return selected.set_params(estimators=[(n, members[n]) for n in names])

    def weighted_voting(
        self,
        weights: Any = None,
        *,
        objective: Objective = "accuracy",
        calibrate: bool = False,
        combination: Combination = "arithmetic",
    ) -> WeightedVotingClassifier:
        """Return a vote of the members, without refitting them.

        Parameters
        ----------
        weights : None, array-like of shape (n_members,), "learn" or "greedy"
            Weights of the members, see :class:`WeightedVotingClassifier`.

        objective : {"accuracy", "log_loss"}, default="accuracy"
            What "learn" and "greedy" optimise.

        calibrate : bool, default=False
            Whether to calibrate the members, see :class:`WeightedVotingClassifier`.

        combination : {"arithmetic", "geometric"}, default="arithmetic"
            How probabilities are averaged, see :class:`WeightedVotingClassifier`.

        Returns
        -------
        WeightedVotingClassifier
            Fitted, with `oof_proba_`; see
            :meth:`WeightedVotingClassifier.from_crossfit`.
        """
        return WeightedVotingClassifier.from_crossfit(
            self,
            weights,
            objective=objective,
            calibrate=calibrate,
            combination=combination,
        )

    def stacking(
        self, final_estimator: Any = None, *, presence: bool = True
    ) -> MissingAwareStackingClassifier:
        """Return a stack on the members, without refitting them.

        Parameters
        ----------
        final_estimator : classifier, default=None
            The meta-model, see :class:`MissingAwareStackingClassifier`.

        presence : bool, default=True
            Whether the meta-model has indicators of missing samples, which can leak
            the label: see :class:`MissingAwareStackingClassifier`.

        Returns
        -------
        MissingAwareStackingClassifier
            Fitted, with `oof_proba_`; see
            :meth:`MissingAwareStackingClassifier.from_crossfit`.
        """
        return MissingAwareStackingClassifier.from_crossfit(
            self, final_estimator, presence=presence
        )

    def calibrated(
        self,
        name: str | None = None,
        *,
        method: Literal["temperature", "sigmoid", "isotonic"] = "temperature",
    ) -> CalibratedClassifier:
        """Return a member calibrated on out-of-fold predictions, without refitting it.

        Parameters
        ----------
        name : str, default=None
            The member. Not needed if there is only one.

        method : {"temperature", "sigmoid", "isotonic"}, default="temperature"
            See :class:`CalibratedClassifier`.

        Returns
        -------
        CalibratedClassifier
            Fitted, with `oof_proba_`; see :meth:`CalibratedClassifier.from_crossfit`.

        Raises
        ------
        ValueError
            If there is no such member.
        """
        return CalibratedClassifier.from_crossfit(self, name, method=method)

    @validate_params(
        {"weights": WEIGHTS_CONSTRAINTS, "objective": OBJECTIVE_CONSTRAINTS}
    )
    def report(
        self, weights: Any = "learn", *, objective: Objective = "accuracy"
    ) -> pd.DataFrame:
        """Return the cost of each member and its contribution to a vote.

        Accuracy and log-loss are those of out-of-fold predictions, and weighted if
        `fit` was given sample weights.

        Parameters
        ----------
        weights : None, array-like of shape (n_members,), "learn" or "greedy"
            Weights of the vote, see :class:`WeightedVotingClassifier`.

        objective : {"accuracy", "log_loss"}, default="accuracy"
            What "learn" and "greedy" optimise.

        Returns
        -------
        DataFrame of shape (n_members, 10)
            One row per member: `fit_seconds`, mean over the folds;
            `predict_seconds_per_1000` samples; `present_share`, the fraction of samples
            that are not missing for the member; its `accuracy` and `log_loss`; its
            `weight` in the vote; `adds`, the accuracy of the vote minus that of the
            vote without the member; and `adds_log_loss`, the decrease of the log-loss
            of the vote by the member. These two are NaN if no vote is left without the
            member. `most_similar` is the member with which it shares most errors, and
            `same_errors` is their fraction: the samples for which both predict the same
            wrong class divided by those for which either is wrong. Members with 0.5
            and more are near copies if the vote does not need both.

        Raises
        ------
        ValueError
            If `weights` is invalid.

        See Also
        --------
        amzest.evaluation.ClassifierComparison.fusion : Contributions with confidence
            intervals and significance tests, all pairs of members, and the members
            that are recommended.

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
        check_is_fitted(self)
        return report_members(self, VoteRule(weights, objective, calibrate=False))

    def get_metadata_routing(self) -> MetadataRouter:
        """Return the metadata routing of this object.

        Returns
        -------
        routing : MetadataRouter
            Routes metadata of `fit` to the members and the splitter.
        """
        return build_router(self, self.estimators, self.cv)

    def _sk_visual_block_(self) -> Any:
        return members_block(self.estimators)
