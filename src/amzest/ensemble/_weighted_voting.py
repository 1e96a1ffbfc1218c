"""Members vote by weight; who has nothing to read has no vote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.callback import with_callbacks
from sklearn.utils import Bunch, _safe_indexing

from amzest.ensemble._base import BaseEnsemble, MemberPredictions
from amzest.ensemble._combining import combine, is_negligible
from amzest.ensemble._member_fits import MemberFits
from amzest.ensemble._out_of_fold import OutOfFold
from amzest.ensemble._presence import predict_with_presence
from amzest.ensemble._vote_weights import (
    WEIGHTS_CONSTRAINTS,
    check_weights,
    find_weights,
    vote_out_of_fold,
)


class WeightedVotingClassifier(BaseEnsemble):
    """Average the members' probabilities by weight, row by row.

    A member that has nothing to read in a row has no vote there, and the weights of
    the others are scaled up; a row that no member can read gets the class frequencies.
    Probabilities are averaged, never logits or ranks.

    Members that cannot matter are not computed. One of weight 0 has no vote anywhere,
    and predicts nothing; if the user gives it that weight, `fit` leaves it out as well.
    One with at most 1e-5 of all weight, such as the 1e-6 that "learn" leaves to a
    member that is of no use beside the others, has a vote only in rows where no other
    member has one, and is asked about these rows alone.

    Parameters
    ----------
    estimators : list of (str, classifier)
        The members, each with a name.

    weights : None, array-like of shape (n_members,), "learn" or "greedy", default=None
        The members' weights; None means equal ones. "learn" finds those with the least
        log-loss on out-of-fold rows, "greedy" by adding one member at a time [1]_;
        neither loses more there than the best member.

    cv : int, cross-validation generator or iterable, default=5
        Folds for learning weights, see :class:`CrossFit`.

    memory : str, path-like or object with the joblib.Memory interface, default=None
        Where fitted members are kept, as pickles; see :class:`CrossFit`. Use only a
        folder that you trust: loading a pickle runs the code in it.

    n_jobs : int, default=None
        Number of processes that fit members.

    random_state : int, RandomState instance or None, default=None
        Draws the folds, and seeds the members that have no seed of their own.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.

    class_prior_ : ndarray of shape (n_classes,)
        Share of each class.

    weights_ : ndarray of shape (n_members,)
        The weights; they add up to 1.

    estimators_ : list of classifier
        The fitted members: all but those to which `weights` gives 0 before the fit.

    named_estimators_ : Bunch
        The same by name; "drop" for a member that was not fitted, as in
        :class:`~sklearn.ensemble.VotingClassifier`.

    y_ : ndarray of shape (n_samples,), dtype int
        Position in `classes_` of each row's label.

    oof_proba_ : ndarray of shape (n_samples, n_classes)
        The vote on out-of-fold rows, each fold with weights that were learnt on the
        others. Not there if the members were fitted without folds.

    n_features_in_ : int
        Number of columns, where the first member knows it.

    feature_names_in_ : ndarray of shape (`n_features_in_`,), dtype object
        Names of the columns, where the first member knows them.

    See Also
    --------
    CrossFit.weighted_voting : The same from members that were fitted before.
    CrossFit.report : What each member costs, and what it adds to the vote.
    MissingAwareStackingClassifier : A meta-model in place of weights.

    References
    ----------
    .. [1] R. Caruana, A. Niculescu-Mizil, G. Crew, A. Ksikes, "Ensemble selection from
       libraries of models", ICML 2004.

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
        "weights": WEIGHTS_CONSTRAINTS,
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
        cv: Any = 5,
        memory: Any = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimators = estimators
        self.weights = weights
        self.cv = cv
        self.memory = memory
        self.n_jobs = n_jobs
        self.random_state = random_state

    @classmethod
    def from_crossfit(cls, crossfit: Any, weights: Any = None) -> Self:
        """Return a vote of the members of a fitted CrossFit, without refitting them.

        Parameters
        ----------
        crossfit : CrossFit
            Fitted, with `estimators_`.

        weights : None, array-like of shape (n_members,), "learn" or "greedy"
            The members' weights, see the class.

        Returns
        -------
        WeightedVotingClassifier
            The fitted ensemble, with `oof_proba_` if `crossfit` was fitted on folds.

        Raises
        ------
        ValueError
            If `weights` are invalid, or `crossfit` was fitted with ``refit=False``.
        """
        return cls(crossfit.estimators, weights=weights, cv=crossfit.cv).adopt(crossfit)

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **fit_params: Any) -> Self:
        """Fit the members, and learn their weights if `weights` is a string.

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
        check_weights(self.weights, len(self.estimators))

    def _needs_folds(self) -> bool:
        return isinstance(self.weights, str)

    def _members_to_fit(self) -> Sequence[tuple[str, Any]]:
        if self.weights is None or isinstance(self.weights, str):
            return self.estimators
        pairs = zip(self.estimators, np.asarray(self.weights), strict=True)
        return [member for member, weight in pairs if weight > 0]

    def _learn(self, fits: MemberFits) -> None:
        fitted = fits.estimators_
        self.named_estimators_ = Bunch(
            **{name: fitted.get(name, "drop") for name, _ in self.estimators}
        )
        rows = OutOfFold.of(fits) if hasattr(fits, "oof_proba_") else None
        self.weights_ = find_weights(
            self.weights, len(self.estimators), rows, self.class_prior_
        )
        if rows is not None:
            self.oof_proba_ = vote_out_of_fold(self.weights, rows, self.class_prior_)

    def _member_predictions(self, X: Any) -> MemberPredictions:
        """Predict with the members whose vote counts, in the samples where it does."""
        members = list(self.named_estimators_.values())
        negligible = is_negligible(self.weights_)
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
        # Samples that are missing for all of these are left to the others.
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
        return combine(probas, presences, self.weights_, self.class_prior_)
