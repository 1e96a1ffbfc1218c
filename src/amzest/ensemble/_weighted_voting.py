"""Weighted soft voting that leaves out members for which a sample is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.callback import with_callbacks
from sklearn.utils import Bunch, _safe_indexing

from amzest.ensemble._base import BaseEnsemble, MemberPredictions
from amzest.ensemble._combining import is_negligible
from amzest.ensemble._member_fits import MemberFits
from amzest.ensemble._out_of_fold import OutOfFold
from amzest.ensemble._presence import predict_with_presence
from amzest.ensemble._vote_weights import (
    VOTE_CONSTRAINTS,
    Combination,
    Objective,
    Vote,
    VoteRule,
)


class WeightedVotingClassifier(BaseEnsemble):
    """Soft voting classifier for members for which some samples are missing.

    Predicted probabilities are the weighted mean of those of the members. A member for
    which a sample is missing, such as a text classifier for a product without a title,
    is left out of the mean for this sample, and the weights of the others are
    renormalised. A sample that is missing for all members gets the class frequencies.

    Members that can hardly change a prediction are not computed. A member of weight 0
    does not predict; if `weights` are numbers and nothing is calibrated, it is not
    fitted either. A member with at most 1e-5 of the total weight, such as the 1e-6 that
    "learn" leaves to a member that does not help, predicts only the samples that are
    missing for all other members.

    Parameters
    ----------
    estimators : list of (str, classifier)
        The members and their names.

    weights : None, array-like of shape (n_members,), "learn" or "greedy", default=None
        Weights of the members; None means uniform weights. "learn" optimises
        `objective` on the out-of-fold predictions, "greedy" does so by adding one
        member at a time [1]_: many members get the weight 0.

    objective : {"accuracy", "log_loss"}, default="accuracy"
        What learnt weights optimise. "accuracy" maximises a smoothed accuracy, for
        "learn" that of a sigmoid of the margin between the true class and the most
        probable other one [2]_; the log-loss decides between weights of about equal
        accuracy. With "log_loss" the loss is never larger than that of the best member,
        and the probabilities are better, but a member that is not confident enough,
        often an image classifier, gets too small a weight for its accuracy.

    calibrate : bool, default=False
        Whether to calibrate each member by a temperature [3]_, which is learnt on its
        out-of-fold predictions, before its probabilities are averaged. Useful if
        members differ in their confidence.

    combination : {"arithmetic", "geometric"}, default="arithmetic"
        Whether the weighted arithmetic or geometric mean of the probabilities is
        returned. The geometric mean, renormalised, is a logarithmic opinion pool [4]_:
        it is more confident where members agree, and suits members with different
        inputs or designs. Its weights are learnt for the log-loss, together with
        `sharpness_`; `objective` applies to the arithmetic mean. Probabilities below
        1e-6 are clipped.

    cv : int, cross-validation generator or iterable, default=5
        Folds on which weights and temperatures are learnt, see :class:`CrossFit`.

    memory : str, path-like or object with the joblib.Memory interface, default=None
        Cache of fitted members, as pickles; see :class:`CrossFit`. Use only a folder
        that you trust: loading a pickle runs the code in it.

    n_jobs : int, default=None
        Number of processes in which members are fitted.

    random_state : int, RandomState instance or None, default=None
        Shuffles the folds, and seeds the members whose `random_state` is not set.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels.

    class_prior_ : ndarray of shape (n_classes,)
        Frequency of each class.

    weights_ : ndarray of shape (n_members,)
        The weights, which sum to 1.

    calibrators_ : list of CalibratedClassifierCV or None
        The calibrations of the members, if `calibrate` is True; None for a member if a
        class had no sample to learn it from.

    sharpness_ : float or None
        Sum of the exponents of the geometric mean: 1, or learnt with the weights. None
        for the arithmetic mean.

    estimators_ : list of classifier
        The fitted members, without those whose weight in `weights` is 0.

    named_estimators_ : Bunch
        The fitted members by name; "drop" for a member that was not fitted, as in
        :class:`~sklearn.ensemble.VotingClassifier`.

    y_ : ndarray of shape (n_samples,), dtype int
        Labels as positions in `classes_`.

    sample_weight_ : ndarray of shape (n_samples,) or None
        Weights of the samples, if `fit` was given any.

    oof_proba_ : ndarray of shape (n_samples, n_classes)
        Out-of-fold predictions of the vote: weights for a fold are learnt on the other
        folds. Does not exist if the members were fitted without folds.

    n_features_in_ : int
        Number of features seen during `fit`. Exists only if the first member has it.

    feature_names_in_ : ndarray of shape (`n_features_in_`,), dtype object
        Names of features seen during `fit`. Exists only if the first member has them.

    See Also
    --------
    CrossFit.weighted_voting : Vote of members that are fitted already.
    CrossFit.report : Cost of each member and its contribution to the vote.
    MissingAwareStackingClassifier : Meta-model instead of weights.

    References
    ----------
    .. [1] R. Caruana, A. Niculescu-Mizil, G. Crew, A. Ksikes, "Ensemble selection from
       libraries of models", ICML 2004.
    .. [2] B.-H. Juang, S. Katagiri, "Discriminative learning for minimum error
       classification", IEEE Transactions on Signal Processing 40, 1992.
    .. [3] C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural
       networks", ICML 2017.
    .. [4] C. Genest, J. V. Zidek, "Combining probability distributions: a critique and
       an annotated bibliography", Statistical Science 1, 1986.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> from amzest.ensemble import WeightedVotingClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> members = [
    ...     ("guess", DummyClassifier()),
    ...     ("linear", LogisticRegression(max_iter=500)),
    ... ]
    >>> vote = WeightedVotingClassifier(members, weights="learn", random_state=0)
    >>> vote.fit(X, y).weights_.round(2).tolist()
    [0.0, 1.0]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseEnsemble._parameter_constraints,
        **VOTE_CONSTRAINTS,
    }

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        *BaseEnsemble._needed_attributes,
        "named_estimators_",
        "weights_",
    )

    def __init__(
        self,
        estimators: Sequence[tuple[str, Any]],
        *,
        weights: Any | Literal["learn", "greedy"] = None,
        objective: Objective = "accuracy",
        calibrate: bool = False,
        combination: Combination = "arithmetic",
        cv: Any = 5,
        memory: Any = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimators = estimators
        self.weights = weights
        self.objective = objective
        self.calibrate = calibrate
        self.combination = combination
        self.cv = cv
        self.memory = memory
        self.n_jobs = n_jobs
        self.random_state = random_state

    @classmethod
    def from_crossfit(
        cls,
        crossfit: Any,
        weights: Any = None,
        *,
        objective: Objective = "accuracy",
        calibrate: bool = False,
        combination: Combination = "arithmetic",
    ) -> Self:
        """Return a vote of the members of a fitted CrossFit, without refitting them.

        Parameters
        ----------
        crossfit : CrossFit
            Fitted, with `estimators_`.

        weights : None, array-like of shape (n_members,), "learn" or "greedy"
            The members' weights, see the class.

        objective : {"accuracy", "log_loss"}, default="accuracy"
            What learnt weights optimise, see the class.

        calibrate : bool, default=False
            Whether to calibrate the members, see the class.

        combination : {"arithmetic", "geometric"}, default="arithmetic"
            How the probabilities are averaged, see the class.

        Returns
        -------
        WeightedVotingClassifier
            The fitted ensemble, with `oof_proba_` if `crossfit` was fitted on folds.

        Raises
        ------
        ValueError
            If `weights` are invalid, or `crossfit` was fitted with ``refit=False``.
        """
        vote = cls(
            crossfit.estimators,
            weights=weights,
            objective=objective,
            calibrate=calibrate,
            combination=combination,
            cv=crossfit.cv,
        )
        return vote.adopt(crossfit)

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **fit_params: Any) -> Self:
        """Fit the members, and learn weights and temperatures if that is asked for.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples in the form that the members take.

        y : array-like of shape (n_samples,)
            Labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples in the members' fits, the class frequencies and the
            learnt weights, see :meth:`CrossFit.fit`.

        **fit_params : dict
            Other metadata for the fits of the members and the splitter. Needs
            scikit-learn's metadata routing.

        Returns
        -------
        self : WeightedVotingClassifier
            The fitted ensemble.

        Raises
        ------
        ValueError
            If a parameter is invalid, or in the cases of :meth:`CrossFit.fit`.
        """
        self._check_params()
        return self._fit_members(
            X, y, sample_weight, fit_params, with_folds=self._needs_folds()
        )

    def _check_params(self) -> None:
        super()._check_params()
        self._rule().check(len(self.estimators))

    def _rule(self) -> VoteRule:
        return VoteRule(self.weights, self.objective, self.calibrate, self.combination)

    def _needs_folds(self) -> bool:
        return self._rule().needs_folds

    def _members_to_fit(self) -> Sequence[tuple[str, Any]]:
        # Without folds, members of weight 0 are not needed.
        if self.weights is None or self._needs_folds():
            return self.estimators
        pairs = zip(self.estimators, np.asarray(self.weights), strict=True)
        return [member for member, weight in pairs if weight > 0]

    def _learn(self, fits: MemberFits) -> None:
        fitted = fits.estimators_
        self.named_estimators_ = Bunch(
            **{name: fitted.get(name, "drop") for name, _ in self.estimators}
        )
        rows = OutOfFold.of(fits) if hasattr(fits, "oof_proba_") else None
        rule, n_members = self._rule(), len(self.estimators)
        vote = rule.learn(n_members, rows, self.class_prior_)
        self.weights_, self.calibrators_ = vote.weights, vote.calibrators
        self.sharpness_ = vote.sharpness
        if rows is not None:
            self.oof_proba_ = rule.vote_out_of_fold(rows, self.class_prior_)

    def _member_predictions(self, X: Any) -> MemberPredictions:
        """Predict with the members whose vote counts, in the samples where it does."""
        members = list(self.named_estimators_.values())
        negligible = is_negligible(self.weights_)
        # Two passes: first the members that count everywhere, for all samples.
        predicted = {
            i: predict_with_presence(members[i], X, self.classes_)
            for i in np.flatnonzero(~negligible)
        }
        n_rows = len(next(iter(predicted.values()))[1])  # some weight always counts
        shape = (n_rows, len(self.classes_))
        probas = [np.zeros(shape) for _ in members]
        presences = [np.zeros(n_rows, dtype=bool) for _ in members]
        for i, (proba, present) in predicted.items():
            probas[i], presences[i] = proba, present
        # Then members of negligible weight, for the samples missing for all of these
        # only. With learnt weights such a member is often a slow network that does not
        # help, and most samples are present for another one.
        rows = np.flatnonzero(~np.logical_or.reduce(presences))
        if len(rows):
            some = X if len(rows) == n_rows else _safe_indexing(X, rows)
            for i in np.flatnonzero(negligible & (self.weights_ > 0)):
                probas[i][rows], presences[i][rows] = self._predict_rows(
                    members[i], some, rows
                )
        return probas, presences

    def _predict_rows(
        self, member: Any, some: Any, rows: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Predict some of the samples; an error tells their positions in X."""
        try:
            return predict_with_presence(member, some, self.classes_)
        except Exception as error:
            first = ", ".join(map(str, rows[:3].tolist()))
            error.add_note(
                "This member predicts only rows that are missing for all others: its "
                f"rows 0, 1, 2, ... are the rows {first}, ... of X."
            )
            raise

    def _combine(
        self, probas: list[NDArray[np.float64]], presences: list[NDArray[np.bool_]]
    ) -> NDArray[np.float64]:
        vote = Vote(
            self.weights_,
            getattr(self, "calibrators_", None),
            getattr(self, "sharpness_", None),
        )
        return vote.combine(probas, presences, self.class_prior_)
