"""What voting and stacking share: members, labels and predictions of the members."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from numbers import Integral
from os import PathLike
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import Bunch, get_tags
from sklearn.utils._param_validation import HasMethods, Hidden
from sklearn.utils._repr_html.estimator import _VisualBlock
from sklearn.utils.metadata_routing import MetadataRouter
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.validation import (
    _check_feature_names,
    _check_n_features,
    check_is_fitted,
)

from amzest.ensemble._member_fits import (
    MemberFits,
    check_crossfit,
    check_members,
    plan_fits,
)
from amzest.ensemble._predicting import PredictFromProbaMixin
from amzest.ensemble._presence import predict_with_presence
from amzest.utils import (
    DocumentationLinkMixin,
    ParameterValidationMixin,
    as_native,
    build_router,
    copy_feature_attributes,
    is_table,
    reported_fit,
)

MemberPredictions = tuple[list[NDArray[np.float64]], list[NDArray[np.bool_]]]

#: Constraints of the parameters that CrossFit and the ensembles share.
FIT_CONSTRAINTS: dict[str, list[Any]] = {
    "cv": ["cv_object", Hidden(HasMethods(["split"]))],
    "memory": [str, PathLike, HasMethods(["cache"]), None],
    "n_jobs": [Integral, None],
    "random_state": ["random_state"],
}


class BaseEnsemble(
    CallbackSupportMixin,
    PredictFromProbaMixin,
    ClassifierMixin,
    DocumentationLinkMixin,
    ParameterValidationMixin,
    _BaseComposition,
    BaseEstimator,
):
    """Classifier made of named members; a subclass combines their probabilities."""

    estimators: Sequence[tuple[str, Any]]
    cv: Any
    memory: Any
    n_jobs: int | None
    random_state: int | np.random.RandomState | None

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimators": [list, tuple],
        **FIT_CONSTRAINTS,
    }

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        "estimators_",
        "class_prior_",
        "classes_",
    )

    @abstractmethod
    def _learn(self, fits: MemberFits) -> None:
        """Learn how to combine the members from their out-of-fold predictions."""

    @abstractmethod
    def _combine(
        self, probas: list[NDArray[np.float64]], presences: list[NDArray[np.bool_]]
    ) -> NDArray[np.float64]:
        """Combine the members' probabilities of the same samples."""

    def _check_params(self) -> None:
        """Validate the parameters, also in relation to each other."""
        self._validate_params()
        check_members(self.estimators)

    def _members_to_fit(self) -> Sequence[tuple[str, Any]]:
        """Return the members that a fit needs."""
        return self.estimators

    def _final_estimator(self) -> Any:
        """Return the unfitted meta-model, or None if there is none."""
        return None

    def _fit_members(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        fit_params: dict[str, Any],
        *,
        with_folds: bool,
    ) -> Self:
        """Fit the members, also on folds if something is learnt from them."""
        plan = plan_fits(
            self,
            self._members_to_fit(),
            X,
            y,
            sample_weight,
            fit_params,
            with_folds=with_folds,
            final_estimator=self._final_estimator(),
        )
        with reported_fit(
            self, X, y, len(plan.tasks), metadata=plan.metadata
        ) as context:
            return self._initialise(plan.run(self, context))

    def adopt(self, crossfit: Any) -> Self:
        """Initialise from a fitted CrossFit, without refitting its members.

        Parameters
        ----------
        crossfit : CrossFit
            Fitted, with `estimators_`.

        Returns
        -------
        self : estimator
            The fitted ensemble.

        Raises
        ------
        ValueError
            If a parameter is invalid, or `crossfit` was fitted with ``refit=False`` or
            without the folds that are needed.
        """
        self._check_params()
        check_crossfit(crossfit, out_of_fold=self._needs_folds())
        return self._initialise(crossfit)

    def _needs_folds(self) -> bool:
        return True

    def _initialise(self, fits: MemberFits) -> Self:
        """Take over the fitted members, and learn how to combine them."""
        self.classes_, self.class_prior_ = fits.classes_, fits.class_prior_
        self.y_ = fits.y_
        self.sample_weight_ = getattr(fits, "sample_weight_", None)
        self.named_estimators_ = Bunch(**fits.estimators_)
        self.estimators_ = list(fits.estimators_.values())
        copy_feature_attributes(self, self.estimators_[0])
        self._learn(fits)
        return self

    def _predict_members(self, X: Any) -> MemberPredictions:
        """Validate X and return the predictions of the members for it."""
        # Members that select columns by name would not notice a different number of
        # columns. Lists have no columns to compare.
        check_is_fitted(self, "estimators_")
        X = as_native(X)
        if hasattr(self, "n_features_in_") and (
            is_table(X) or getattr(X, "ndim", 0) == 2
        ):
            _check_feature_names(self, X, reset=False)
            _check_n_features(self, X, reset=False)
        return self._member_predictions(X)

    def _member_predictions(self, X: Any) -> MemberPredictions:
        """Return probabilities and presences in the order of `estimators`."""
        pairs = [predict_with_presence(m, X, self.classes_) for m in self.estimators_]
        return [proba for proba, _ in pairs], [present for _, present in pairs]

    def predict_proba_and_presence(
        self, X: Any
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return class probabilities, and which samples are present for any member.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples in the form that the members take.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            The same as :meth:`predict_proba` returns.
        present : ndarray of shape (n_samples,), dtype bool
            False where the sample is missing for every member.
        """
        probas, presences = self._predict_members(X)
        present = np.logical_or.reduce(presences)
        proba = self._combine(probas, presences)
        proba[~present] = self.class_prior_
        return proba, present

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, including those of the members.

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
        """Set parameters, including those of the members.

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

    def get_metadata_routing(self) -> MetadataRouter:
        """Return the metadata routing of this object.

        Returns
        -------
        routing : MetadataRouter
            Routes metadata of `fit` to the members and the splitter.
        """
        return build_router(self, self.estimators, self.cv, self._final_estimator())

    def _sk_visual_block_(self) -> Any:
        return members_block(self.estimators)

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


def members_block(estimators: Sequence[tuple[str, Any]]) -> Any:
    """Return the members side by side, for scikit-learn's HTML diagram."""
    names, members = zip(*estimators, strict=True)
    return _VisualBlock("parallel", members, names=names)
