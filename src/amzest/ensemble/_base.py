"""What the ensembles share: members, labels, and how they are asked."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import Bunch, get_tags
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.validation import (
    _check_feature_names,
    _check_n_features,
    check_is_fitted,
)

from amzest.ensemble._callbacks import reported_fit, reported_task
from amzest.ensemble._cross_fit import CrossFit
from amzest.ensemble._predicting import PredictFromProbaMixin
from amzest.ensemble._presence import predict_with_presence
from amzest.utils import DocumentationLinkMixin, as_native, is_table

Asked = tuple[list[NDArray[np.float64]], list[NDArray[np.bool_]]]


class BaseEnsemble(
    CallbackSupportMixin,
    PredictFromProbaMixin,
    ClassifierMixin,
    DocumentationLinkMixin,
    _BaseComposition,
    BaseEstimator,
):
    """A classifier made of named members; a concrete class combines what they say.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.

    class_prior_ : ndarray of shape (n_classes,)
        Share of each class, which rows get that no member can read.

    estimators_ : list of classifier
        The fitted members.

    named_estimators_ : Bunch
        The same by name.
    """

    estimators: Sequence[tuple[str, Any]]
    cv: Any
    memory: Any
    n_jobs: int | None
    random_state: int | np.random.RandomState | None

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        "estimators_",
        "class_prior_",
        "classes_",
    )

    @abstractmethod
    def _learn(self, crossfit: CrossFit) -> None:
        """Learn how to combine from the members' out-of-fold probabilities."""

    @abstractmethod
    def _combine(
        self, probas: list[NDArray[np.float64]], presences: list[NDArray[np.bool_]]
    ) -> NDArray[np.float64]:
        """Combine what the members say of the same rows."""

    def _members_to_fit(self) -> Sequence[tuple[str, Any]]:
        """Return the members that a fit needs."""
        return self.estimators

    def _fit_members(self, X: Any, y: Any, *, with_folds: bool) -> Self:
        """Fit the members, on folds as well if they are to be learnt from."""
        crossfit = CrossFit(
            self._members_to_fit(),
            cv=self.cv,
            memory=self.memory,
            n_jobs=self.n_jobs,
            random_state=self.random_state,
        )
        with reported_fit(self, X, y) as context:
            task = context.subcontext(task_name="fit-members")
            with reported_task(self, task, crossfit, X, y):
                if with_folds:
                    crossfit.fit(X, y)
                else:
                    crossfit.fit_without_folds(X, y)
            return self.adopt(crossfit)

    def adopt(self, crossfit: CrossFit) -> Self:
        """Become fitted with members that were fitted before.

        Parameters
        ----------
        crossfit : CrossFit
            Fitted, with `estimators_`.

        Returns
        -------
        self : estimator
            Fitted; no member was fitted again.
        """
        self.classes_, self.class_prior_ = crossfit.classes_, crossfit.class_prior_
        self.y_ = crossfit.y_
        self.named_estimators_ = Bunch(**crossfit.estimators_)
        self.estimators_ = list(crossfit.estimators_.values())
        take_columns(self, self.estimators_[0])
        self._learn(crossfit)
        return self

    def _ask(self, X: Any) -> Asked:
        check_is_fitted(self, "estimators_")
        X = as_native(X)
        if hasattr(self, "n_features_in_") and (
            is_table(X) or getattr(X, "ndim", 0) == 2
        ):
            _check_feature_names(self, X, reset=False)
            _check_n_features(self, X, reset=False)
        return self._ask_members(X)

    def _ask_members(self, X: Any) -> Asked:
        """Predict with the members, in the order in which they are combined."""
        asked = [predict_with_presence(m, X, self.classes_) for m in self.estimators_]
        return [proba for proba, _ in asked], [present for _, present in asked]

    def predict_proba_and_presence(
        self, X: Any
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the probability of each class, and which rows any member could read.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows in the form the members take.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            As :meth:`predict_proba` gives them.
        present : ndarray of shape (n_samples,), dtype bool
            False where no member had anything to read.
        """
        probas, presences = self._ask(X)
        present = np.logical_or.reduce(presences)
        proba = self._combine(probas, presences)
        proba[~present] = self.class_prior_
        return proba, present

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, those of the members included.

        Parameters
        ----------
        deep : bool, default=True
            Whether to return the members' parameters as ``name__parameter``.

        Returns
        -------
        dict of str to object
            Parameters and their values.
        """
        return self._get_params("estimators", deep=deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of the members included.

        Parameters
        ----------
        **params : object
            Values; a member's name replaces the member, ``name__parameter`` sets one
            of its parameters.

        Returns
        -------
        self : estimator
            The estimator.
        """
        self._set_params("estimators", **params)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        try:
            members = [get_tags(member) for _, member in self.estimators]
        except (TypeError, ValueError):  # not validated before `fit`
            return tags
        for name in ("sparse", "allow_nan", "string", "one_d_array", "three_d_array"):
            shared = all(getattr(member.input_tags, name) for member in members)
            setattr(tags.input_tags, name, shared)
        return tags


def take_columns(ensemble: Any, member: Any) -> None:
    """Let an ensemble know what a fitted member knows of the columns.

    Parameters
    ----------
    ensemble : estimator
        Gets `n_features_in_` and `feature_names_in_`.

    member : estimator
        Fitted; may know neither.
    """
    for name in ("n_features_in_", "feature_names_in_"):
        value = getattr(member, name, None)
        if value is not None:
            setattr(ensemble, name, value)
