"""A meta-model reads what the members say, and which of them had something to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.callback import with_callbacks
from sklearn.linear_model import LogisticRegression

from amzest.ensemble._base import BaseEnsemble
from amzest.ensemble._cross_fit import CrossFit, check_members
from amzest.ensemble._out_of_fold import OutOfFold
from amzest.ensemble._presence import align_columns
from amzest.utils import shown


class MissingAwareStackingClassifier(BaseEnsemble):
    """Stack a meta-model on the members' out-of-fold probabilities.

    It differs from :class:`~sklearn.ensemble.StackingClassifier` in rows where a member
    has nothing to read: what the member says there is the class frequencies, which mean
    nothing. Here the meta-model sees zeros in their place, and an indicator for each
    member that says so. Rows that no member can read get the class frequencies.

    Parameters
    ----------
    estimators : list of (str, classifier)
        The members, each with a name.

    final_estimator : classifier, default=None
        The meta-model; has `predict_proba`. None means a
        :class:`~sklearn.linear_model.LogisticRegression`.

    presence : bool, default=True
        Whether the meta-model sees the indicators; only those are added that are not
        the same in all rows. Whether a product has an image or a text is then a feature
        of its own, and leaks the label where a table has images of some categories
        only: pass False if new products will not have them in the same way.

    cv : int, cross-validation generator or iterable, default=5
        Folds, see :class:`CrossFit`.

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

    final_estimator_ : classifier
        The fitted meta-model. It knows classes by their positions in `classes_`.

    indicators_ : ndarray of shape (n_indicators,), dtype int
        Positions of the members whose presence the meta-model sees.

    estimators_ : list of classifier
        The fitted members.

    named_estimators_ : Bunch
        The same by name.

    y_ : ndarray of shape (n_samples,), dtype int
        Position in `classes_` of each row's label.

    oof_proba_ : ndarray of shape (n_samples, n_classes)
        The stack on out-of-fold rows, each fold with a meta-model that was fitted on
        the others.

    n_features_in_ : int
        Number of columns, where the first member knows it.

    feature_names_in_ : ndarray of shape (`n_features_in_`,), dtype object
        Names of the columns, where the first member knows them.

    See Also
    --------
    CrossFit.stacking : The same from members that were fitted before.
    WeightedVotingClassifier : Weights in place of a meta-model.

    References
    ----------
    .. [1] D. H. Wolpert, "Stacked generalization", Neural Networks 5, 1992.
    .. [2] K. M. Ting, I. H. Witten, "Issues in stacked generalization", Journal of
       Artificial Intelligence Research 10, 1999.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from amzest.ensemble import MissingAwareStackingClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> members = [
    ...     ("bayes", GaussianNB()),
    ...     ("linear", LogisticRegression(max_iter=500)),
    ... ]
    >>> stack = MissingAwareStackingClassifier(members, random_state=0).fit(X, y)
    >>> round(stack.score(X, y), 1)
    1.0
    """

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        *BaseEnsemble._needed_attributes,
        "final_estimator_",
        "indicators_",
    )

    def __init__(
        self,
        estimators: Sequence[tuple[str, Any]],
        final_estimator: Any = None,
        *,
        presence: bool = True,
        cv: Any = 5,
        memory: Any = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimators = estimators
        self.final_estimator = final_estimator
        self.presence = presence
        self.cv = cv
        self.memory = memory
        self.n_jobs = n_jobs
        self.random_state = random_state

    @with_callbacks
    def fit(self, X: Any, y: Any) -> Self:
        """Fit the members on all folds and on all rows, then the meta-model.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows in the form the members take.

        y : array-like of shape (n_samples,)
            Labels.

        Returns
        -------
        self : MissingAwareStackingClassifier
            The fitted ensemble.

        Raises
        ------
        ValueError
            If a parameter is wrong, or as :meth:`CrossFit.fit`.
        """
        check_members(self.estimators)
        self._make_final()
        return self._fit_members(X, y, with_folds=True)

    def _make_final(self) -> Any:
        if self.final_estimator is None:
            return LogisticRegression(max_iter=1000)
        final = clone(self.final_estimator)
        if not is_classifier(final) or not hasattr(final, "predict_proba"):
            msg = (
                "`final_estimator` must be a classifier with `predict_proba`, got "
                f"{shown(self.final_estimator)}."
            )
            raise ValueError(msg)
        return final

    def _learn(self, crossfit: CrossFit) -> None:
        rows = OutOfFold.of(crossfit)
        shares = [present.mean() for present in rows.presences]
        varying = [i for i, share in enumerate(shares) if 0 < share < 1]
        self.indicators_ = np.array(varying if self.presence else [], dtype=np.intp)
        features = self._features(rows.probas, rows.presences)
        self.final_estimator_ = self._make_final().fit(features, rows.codes)
        self.oof_proba_ = np.empty_like(rows.probas[0])
        for train, test in rows.folds():
            final = self._make_final().fit(features[train], rows.codes[train])
            self.oof_proba_[test] = self._aligned(final, features[test])
        absent = ~np.logical_or.reduce(rows.presences)
        self.oof_proba_[absent] = self.class_prior_

    def _combine(
        self, probas: list[NDArray[np.float64]], presences: list[NDArray[np.bool_]]
    ) -> NDArray[np.float64]:
        return self._aligned(self.final_estimator_, self._features(probas, presences))

    def _aligned(
        self, final: Any, features: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Give probabilities of all classes; a fold may have lacked one."""
        codes = np.arange(len(self.classes_))
        return align_columns(final.predict_proba(features), final.classes_, codes)

    def _features(
        self, probas: list[NDArray[np.float64]], presences: list[NDArray[np.bool_]]
    ) -> NDArray[np.float64]:
        """Put probabilities side by side, zeros where there was nothing to read."""
        read = [
            proba * present[:, None]
            for proba, present in zip(probas, presences, strict=True)
        ]
        seen = [presences[member][:, None] for member in self.indicators_]
        return np.hstack([*read, *seen])
