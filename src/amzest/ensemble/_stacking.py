"""Stacking in which the meta-model knows for which members a sample is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.callback import with_callbacks
from sklearn.linear_model import LogisticRegression
from sklearn.utils._param_validation import HasMethods
from sklearn.utils._repr_html.estimator import _VisualBlock

from amzest.ensemble._base import BaseEnsemble, members_block
from amzest.ensemble._member_fits import MemberFits
from amzest.ensemble._out_of_fold import OutOfFold
from amzest.ensemble._presence import align_columns
from amzest.utils import final_fit_params, request_sample_weight, shown


class MissingAwareStackingClassifier(BaseEnsemble):
    """Stack of members for which some samples are missing, with a meta-model.

    The meta-model is fitted on the members' out-of-fold probabilities. The difference
    to :class:`~sklearn.ensemble.StackingClassifier` is in samples that are missing for
    a member, whose prediction there is only the class frequencies: the meta-model gets
    zeros instead, and for each member an indicator of the samples that are present.
    Samples that are missing for all members get the class frequencies.

    Parameters
    ----------
    estimators : list of (str, classifier)
        The members and their names.

    final_estimator : classifier, default=None
        The meta-model, with `predict_proba`. None means
        :class:`~sklearn.linear_model.LogisticRegression`.

    presence : bool, default=True
        Whether the meta-model gets the indicators of present samples, without those
        that are constant. Whether a product has an image or a text is then a feature,
        and leaks the label if the dataset has images of some categories only: pass
        False if this will be different in new data.

    cv : int, cross-validation generator or iterable, default=5
        Folds, see :class:`CrossFit`.

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

    final_estimator_ : classifier
        The fitted meta-model. Its classes are positions in `classes_`.

    indicators_ : ndarray of shape (n_indicators,), dtype int
        Positions of the members that have an indicator.

    estimators_ : list of classifier
        The fitted members.

    named_estimators_ : Bunch
        The fitted members by name.

    y_ : ndarray of shape (n_samples,), dtype int
        Labels as positions in `classes_`.

    sample_weight_ : ndarray of shape (n_samples,) or None
        Weights of the samples, if `fit` was given any.

    oof_proba_ : ndarray of shape (n_samples, n_classes)
        Out-of-fold predictions of the stack: the meta-model for a fold is fitted on
        the other folds.

    n_features_in_ : int
        Number of features seen during `fit`. Exists only if the first member has it.

    feature_names_in_ : ndarray of shape (`n_features_in_`,), dtype object
        Names of features seen during `fit`. Exists only if the first member has them.

    See Also
    --------
    CrossFit.stacking : Stack on members that are fitted already.
    WeightedVotingClassifier : Weights instead of a meta-model.

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

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseEnsemble._parameter_constraints,
        "final_estimator": [HasMethods(["fit", "predict_proba"]), None],
        "presence": ["boolean"],
    }

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

    @classmethod
    def from_crossfit(
        cls, crossfit: Any, final_estimator: Any = None, *, presence: bool = True
    ) -> Self:
        """Return a stack on the members of a fitted CrossFit, without refitting them.

        Parameters
        ----------
        crossfit : CrossFit
            Fitted on folds, with `estimators_`.

        final_estimator : classifier, default=None
            The meta-model, see the class.

        presence : bool, default=True
            Whether the meta-model has indicators of missing samples, see the class.

        Returns
        -------
        MissingAwareStackingClassifier
            The fitted ensemble.

        Raises
        ------
        ValueError
            If a parameter is invalid, or `crossfit` was fitted with ``refit=False``
            or without folds.
        """
        stack = cls(
            crossfit.estimators, final_estimator, presence=presence, cv=crossfit.cv
        )
        return stack.adopt(crossfit)

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **fit_params: Any) -> Self:
        """Fit the members on all folds and on all samples, then the meta-model.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples in the form that the members take.

        y : array-like of shape (n_samples,)
            Labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples in the fits of the members and the meta-model and in
            the class frequencies, see :meth:`CrossFit.fit`.

        **fit_params : dict
            Other metadata for the fits of the members and the splitter. Needs
            scikit-learn's metadata routing.

        Returns
        -------
        self : MissingAwareStackingClassifier
            The fitted ensemble.

        Raises
        ------
        ValueError
            If a parameter is invalid, or in the cases of :meth:`CrossFit.fit`.
        """
        self._check_params()
        return self._fit_members(X, y, sample_weight, fit_params, with_folds=True)

    def _check_params(self) -> None:
        super()._check_params()
        if self.final_estimator is not None and not is_classifier(self.final_estimator):
            msg = (
                "`final_estimator` must be a classifier with `predict_proba`, got "
                f"{shown(self.final_estimator)}."
            )
            raise ValueError(msg)

    def _final_estimator(self) -> Any:
        if self.final_estimator is None:
            return request_sample_weight(LogisticRegression(max_iter=1000))
        return self.final_estimator

    def _learn(self, fits: MemberFits) -> None:
        rows = OutOfFold.of(fits)
        # A column that is the same in all samples would tell the meta-model nothing.
        shares = [present.mean() for present in rows.weighted().presences]
        varying = [i for i, share in enumerate(shares) if 0 < share < 1]
        self.indicators_ = np.array(varying if self.presence else [], dtype=np.intp)
        self.final_estimator_ = self._fit_final(rows)
        # An estimate for new samples: each fold is predicted by a meta-model that is
        # fitted on the others. The one on all folds has seen the labels of each.
        self.oof_proba_ = np.empty_like(rows.probas[0])
        for train, test in rows.folds():
            final, inside = self._fit_final(rows.take(train)), rows.take(test)
            features = self._features(inside.probas, inside.presences)
            self.oof_proba_[test] = self._aligned(final, features)
        absent = ~np.logical_or.reduce(rows.presences)
        self.oof_proba_[absent] = self.class_prior_

    def _fit_final(self, rows: OutOfFold) -> Any:
        """Fit a meta-model on out-of-fold predictions."""
        # Codes as labels: column k of each member is class k, whatever the label type.
        rows, final = rows.weighted(), clone(self._final_estimator())
        params = final_fit_params(self, final, rows.sample_weight)
        features = self._features(rows.probas, rows.presences)
        return final.fit(features, rows.codes, **params)

    def _combine(
        self, probas: list[NDArray[np.float64]], presences: list[NDArray[np.bool_]]
    ) -> NDArray[np.float64]:
        return self._aligned(self.final_estimator_, self._features(probas, presences))

    def _aligned(
        self, final: Any, features: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Predict probabilities of all classes; a fold may lack one."""
        codes = np.arange(len(self.classes_))
        return align_columns(final.predict_proba(features), final.classes_, codes)

    def _features(
        self, probas: list[NDArray[np.float64]], presences: list[NDArray[np.bool_]]
    ) -> NDArray[np.float64]:
        """Return the meta-model's input: probabilities, then presence indicators.

        The class frequencies that a member predicts for a missing sample are replaced
        by zeros, so that a linear meta-model adds nothing for that member; what it
        lacks there is what the coefficient of the indicator makes up for.
        """
        masked = [
            proba * present[:, None]
            for proba, present in zip(probas, presences, strict=True)
        ]
        indicators = [presences[member][:, None] for member in self.indicators_]
        return np.hstack([*masked, *indicators])

    def _sk_visual_block_(self) -> Any:
        final = _VisualBlock(
            "parallel", [self._final_estimator()], names=["final_estimator"]
        )
        return _VisualBlock("serial", (members_block(self.estimators), final))
