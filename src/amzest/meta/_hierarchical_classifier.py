"""A classifier of category paths that also predicts their upper levels."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import get_tags
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.metadata_routing import MetadataRouter
from sklearn.utils.validation import check_is_fitted

from amzest.meta._category_tree import CategoryTree, parse_path
from amzest.meta._hierarchical_metrics import hierarchical_precision_recall_f1
from amzest.utils import (
    DocumentationLinkMixin,
    FittedStateMixin,
    ParameterValidationMixin,
    PredictLogProbaMixin,
    build_router,
    copy_feature_attributes,
    label_values,
    reported_fit,
    reported_task,
    route_fit_params,
)

if TYPE_CHECKING:
    from sklearn.utils import Tags


class HierarchicalClassifier(
    CallbackSupportMixin,
    MetaEstimatorMixin,
    ClassifierMixin,
    PredictLogProbaMixin,
    DocumentationLinkMixin,
    FittedStateMixin,
    ParameterValidationMixin,
    BaseEstimator,
):
    """Predict category paths down to the level at which they are probable enough.

    A classifier is fitted on whole paths, such as "Clothing > Women > Dresses". The
    probability of a parent is the sum of those of its children, so that "Clothing"
    may be predicted where no kind of clothing is probable enough.

    Parameters
    ----------
    estimator : classifier
        Any classifier or pipeline with `predict_proba`. It is fitted on paths.

    separator : str, default=" > "
        Separates the levels of a path. Whitespace around it is ignored, except that
        one of the characters ``-/.,&+`` needs whitespace on either side if `separator`
        has some: with ``" - "`` "T-shirts" is one name.

    min_probability : float, default=0.8
        Smallest probability of a category that `predict` returns. From 0, which
        always returns a class, to 1.

    Attributes
    ----------
    estimator_ : classifier
        The estimator, fitted.

    classes_ : ndarray of shape (n_classes,)
        The paths in `y`, written with `separator`.

    tree_ : CategoryTree
        The classes and their ancestors.

    n_features_in_ : int
        Number of columns seen during `fit`. Exists if `estimator_` has it.

    feature_names_in_ : ndarray of shape (`n_features_in_`,), dtype object
        Names of the columns. Exists if `estimator_` has it.

    See Also
    --------
    CategoryTree : Sums and predictions for probabilities of other classifiers.
    hierarchical_precision_recall_f1 : Scores that count the correct levels.
    ReviewThresholdClassifier : Predicts "review" where no class is probable enough.

    Notes
    -----
    `predict` descends from the root to the most probable child as long as that is
    probable enough. It returns the root, ``""``, if no top category is. A class may be
    an inner node; its own samples are then one more child of it, see
    :class:`CategoryTree`.

    `min_probability` is a precision only if the probabilities are calibrated, for
    example with :class:`amzest.ensemble.CalibratedClassifier`.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from amzest.meta import HierarchicalClassifier
    >>> X = [[0.0], [0.2], [0.9], [1.1], [9.0], [9.1]]
    >>> y = ["Books > Poetry"] * 2 + ["Books > Travel"] * 2 + ["Toys"] * 2
    >>> clf = HierarchicalClassifier(GaussianNB(var_smoothing=0.01)).fit(X, y)
    >>> clf.predict([[0.1], [0.55], [9.0]]).tolist()
    ['Books > Poetry', 'Books', 'Toys']
    >>> clf.predict_at(1, [[0.1], [0.55], [9.0]]).tolist()
    ['Books', 'Books', 'Toys']
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "separator": [str],
        "min_probability": [Interval(Real, 0, 1, closed="both")],
    }
    _needed_attributes: ClassVar[tuple[str, ...]] = (
        "tree_",
        "classes_",
        "estimator_",
    )

    def __init__(
        self,
        estimator: Any,
        *,
        separator: str = " > ",
        min_probability: float = 0.8,
    ) -> None:
        self.estimator = estimator
        self.separator = separator
        self.min_probability = min_probability

    @classmethod
    def from_fitted(
        cls,
        estimator: Any,
        *,
        classes: Any = None,
        separator: str = " > ",
        min_probability: float = 0.8,
    ) -> Self:
        """Use a fitted classifier of paths without refitting it.

        Parameters
        ----------
        estimator : classifier
            Fitted on paths, for example an ensemble made from a
            :class:`~amzest.ensemble.CrossFit` or a member of its `estimators_`.

        classes : array-like of shape (n_classes,), default=None
            Paths of the columns of its probabilities. None uses `estimator.classes_`.

        separator : str, default=" > "
            As for the class.

        min_probability : float, default=0.8
            As for the class.

        Returns
        -------
        HierarchicalClassifier
            Fitted. Its `classes_` are the paths as passed.

        Raises
        ------
        ValueError
            If a parameter is out of range or a path has a level without a name.
        TypeError
            If the classes are not strings.
        """
        check_is_fitted(estimator)
        clf = cls(estimator, separator=separator, min_probability=min_probability)
        clf._validate_params()
        paths = estimator.classes_ if classes is None else classes
        return clf._set_fitted(estimator, np.asarray(paths))

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **fit_params: Any) -> Self:
        """Fit the estimator on whole paths.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples in the form that the estimator accepts.

        y : array-like of shape (n_samples,)
            Path of each sample. Paths that differ only in whitespace are one class.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights, passed to the `fit` of the estimator.

        **fit_params : dict
            Metadata for the estimator, if scikit-learn's metadata routing is enabled.

        Returns
        -------
        self : HierarchicalClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If a parameter is out of range, a path is empty or has a level without a
            name, or the estimator does not accept weights.
        TypeError
            If a label is not a string.
        """
        self._validate_params()
        members = [("estimator", self.estimator)]
        routed = route_fit_params(self, members, sample_weight, fit_params)
        paths = self._canonical(y)
        estimator = clone(self.estimator)
        with reported_fit(self, X, paths) as context:
            task = context.subcontext(task_name="fit-estimator")
            with reported_task(self, task, estimator, X, paths):
                estimator.fit(X, paths, **routed.estimator.fit)
            return self._set_fitted(estimator, np.asarray(estimator.classes_))

    def _canonical(self, y: Any) -> NDArray[Any]:
        """Return the paths, each written with `separator` as it is."""
        labels = label_values(y)
        # "A>B" and "A > B" are one class: parse and join each distinct label once.
        written = {
            label: self.separator.join(parse_path(label, self.separator))
            for label in dict.fromkeys(labels.tolist())
        }
        return np.array([written[label] for label in labels.tolist()], dtype=object)

    def _set_fitted(self, estimator: Any, classes: NDArray[Any]) -> Self:
        self.tree_ = CategoryTree.from_paths(classes.tolist(), self.separator)
        self.estimator_, self.classes_ = estimator, classes
        copy_feature_attributes(self, estimator)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class, that is of each whole path.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples in the form that the estimator accepts.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        check_is_fitted(self, "tree_")
        proba: NDArray[np.float64] = self.estimator_.predict_proba(X)
        return proba

    def classes_at(self, level: int) -> NDArray[np.object_]:
        """Return the categories of a level.

        Parameters
        ----------
        level : int
            1 for the top categories. Classes with shorter paths are unchanged.

        Returns
        -------
        ndarray of shape (n_classes_at_level,), dtype object
            Paths, sorted level by level.
        """
        check_is_fitted(self, "tree_")
        return self.tree_.classes_at(level)

    def predict_proba_at(self, level: int, X: Any) -> NDArray[np.float64]:
        """Return the probability of each category of a level.

        Parameters
        ----------
        level : int
            1 for the top categories.

        X : array-like of shape (n_samples, ...)
            Samples in the form that the estimator accepts.

        Returns
        -------
        ndarray of shape (n_samples, n_classes_at_level)
            Sums over the classes below, in the order of :meth:`classes_at`.
        """
        proba = self.predict_proba(X)
        return self.tree_.roll_up(proba, level)

    def predict_at(self, level: int, X: Any) -> NDArray[np.object_]:
        """Return the most probable category of a level.

        Parameters
        ----------
        level : int
            1 for the top categories.

        X : array-like of shape (n_samples, ...)
            Samples in the form that the estimator accepts.

        Returns
        -------
        ndarray of shape (n_samples,), dtype object
            Paths of that level, or shorter ones where these are classes.
        """
        best = self.predict_proba_at(level, X).argmax(axis=1)
        return self.classes_at(level)[best]

    def predict(self, X: Any) -> NDArray[np.object_]:
        """Predict the deepest category that is probable enough.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples in the form that the estimator accepts.

        Returns
        -------
        ndarray of shape (n_samples,), dtype object
            Paths; ``""`` where no top category is probable enough.
        """
        proba = self.predict_proba(X)
        return self.tree_.back_off(proba, self.min_probability)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the hierarchical F1 of the predictions.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples in the form that the estimator accepts.

        y : array-like of shape (n_samples,)
            Paths.

        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights.

        Returns
        -------
        float
            See :func:`hierarchical_precision_recall_f1`.
        """
        scores = hierarchical_precision_recall_f1(
            y, self.predict(X), separator=self.separator, sample_weight=sample_weight
        )
        return scores.f1

    def get_metadata_routing(self) -> MetadataRouter:
        """Return the metadata routing of this object.

        Returns
        -------
        routing : MetadataRouter
            Routes metadata of `fit` to the `fit` of the estimator.
        """
        return build_router(self, [("estimator", self.estimator)])

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags
