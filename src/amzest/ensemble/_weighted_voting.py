"""Members vote by weight; who has nothing to read has no vote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.callback import with_callbacks

from amzest.ensemble._base import BaseEnsemble
from amzest.ensemble._combining import combine, learn_weights, learn_weights_greedily
from amzest.ensemble._cross_fit import CrossFit, check_members
from amzest.ensemble._out_of_fold import OutOfFold
from amzest.utils import shown

_LEARNERS = {"learn": learn_weights, "greedy": learn_weights_greedily}


class WeightedVotingClassifier(BaseEnsemble):
    """Average the members' probabilities by weight, row by row.

    A member that has nothing to read in a row has no vote there, and the weights of
    the others are scaled up; a row that no member can read gets the class frequencies.
    Probabilities are averaged, never logits or ranks.

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
        The fitted members.

    named_estimators_ : Bunch
        The same by name.

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

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        *BaseEnsemble._needed_attributes,
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

    @with_callbacks
    def fit(self, X: Any, y: Any) -> Self:
        """Fit the members, and learn their weights if wanted.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows in the form the members take.

        y : array-like of shape (n_samples,)
            Labels.

        Returns
        -------
        self : WeightedVotingClassifier
            The fitted ensemble.

        Raises
        ------
        ValueError
            If a parameter is wrong, or as :meth:`CrossFit.fit`.
        """
        check_members(self.estimators)
        self._check_weights(len(self.estimators))
        return self._fit_members(X, y, with_folds=isinstance(self.weights, str))

    def _check_weights(self, n_members: int) -> None:
        if isinstance(self.weights, str):
            if self.weights not in _LEARNERS:
                msg = (
                    "`weights` must be None, numbers, 'learn' or 'greedy', got "
                    f"{shown(self.weights)}."
                )
                raise ValueError(msg)
        elif self.weights is not None:
            given = np.asarray(self.weights, dtype=float)
            wrong = given.shape != (n_members,)
            if (
                wrong
                or not np.isfinite(given).all()
                or (given < 0).any()
                or not given.any()
            ):
                msg = (
                    f"`weights` must be {n_members} numbers that are not negative, one "
                    f"for each member, got {shown(self.weights)}."
                )
                raise ValueError(msg)

    def _learn(self, crossfit: CrossFit) -> None:
        self._check_weights(len(crossfit.names_))
        if not hasattr(crossfit, "oof_proba_"):
            self.weights_ = self._find_weights(None)
            return
        everything = OutOfFold.of(crossfit)
        self.weights_ = self._find_weights(everything)
        self.oof_proba_ = np.empty_like(everything.probas[0])
        for train, test in everything.folds():
            weights = self._find_weights(everything.take(train))
            rows = everything.take(test)
            self.oof_proba_[test] = combine(
                rows.probas, rows.presences, weights, self.class_prior_
            )

    def _find_weights(self, rows: OutOfFold | None) -> NDArray[np.float64]:
        if isinstance(self.weights, str) and rows is not None:
            learn = _LEARNERS[self.weights]
            return learn(rows.probas, rows.presences, rows.codes, self.class_prior_)
        if self.weights is None:
            return np.full(len(self.estimators), 1 / len(self.estimators))
        given = np.asarray(self.weights, dtype=float)
        return given / given.sum()

    def _combine(
        self, probas: list[NDArray[np.float64]], presences: list[NDArray[np.bool_]]
    ) -> NDArray[np.float64]:
        return combine(probas, presences, self.weights_, self.class_prior_)
