"""A flat classifier of whole paths that also answers with their upper parts."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from amzest.ensemble._callbacks import reported_fit, reported_task
from amzest.meta._category_tree import CategoryTree, parse_path
from amzest.meta._hierarchical_metrics import hierarchical_precision_recall_f1
from amzest.utils import (
    DocumentationLinkMixin,
    FittedStateMixin,
    PredictLogProbaMixin,
    label_values,
    shown,
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
    BaseEstimator,
):
    """Answer with as much of a category's path as is sure.

    A classifier learns whole paths, such as "Clothing > Women > Dresses". The
    probability of a parent is the sum of those of its children, so that "Clothing"
    may be sure where no kind of clothing is.

    Parameters
    ----------
    estimator : classifier
        Any classifier or pipeline that has `predict_proba`. It is fitted on paths.

    separator : str, default=" > "
        What stands between the levels of a path. Blanks around it do not matter, except
        that one of the signs ``-/.,&+`` needs one on either side where `separator` has
        some: with ``" - "`` "T-shirts" stays one name.

    min_probability : float, default=0.8
        How probable a category must be for `predict` to answer with it. From 0, which
        always answers with a class, to 1.

    Attributes
    ----------
    estimator_ : classifier
        The estimator, fitted.

    classes_ : ndarray of shape (n_classes,)
        The paths that products stand in, written with `separator`.

    tree_ : CategoryTree
        The classes and their ancestors.

    n_features_in_ : int
        Number of columns seen during `fit`. Exists if `estimator_` has it.

    feature_names_in_ : ndarray of shape (`n_features_in_`,), dtype object
        Names of the columns. Exists if `estimator_` has it.

    See Also
    --------
    CategoryTree : The sums and the way back, for probabilities from elsewhere.
    hierarchical_precision_recall_f1 : Scores that count the levels that are right.
    ReviewThresholdClassifier : Answers with "review" where it is not sure.

    Notes
    -----
    `predict` goes down from the root to the most probable child as long as that is
    probable enough. It ends in the root, ``""``, if not even a top category is. A class
    may be an inner node; its products are then one more child of it, see
    :class:`CategoryTree`.

    `min_probability` is no promise of precision unless the probabilities hold what they
    say: calibrate the estimator first, for example with
    :class:`amzest.ensemble.CalibratedClassifier`.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from amzest.evaluation import HierarchicalClassifier
    >>> X = [[0.0], [0.2], [0.9], [1.1], [9.0], [9.1]]
    >>> y = ["Books > Poetry"] * 2 + ["Books > Travel"] * 2 + ["Toys"] * 2
    >>> clf = HierarchicalClassifier(GaussianNB(var_smoothing=0.01)).fit(X, y)
    >>> clf.predict([[0.1], [0.55], [9.0]]).tolist()
    ['Books > Poetry', 'Books', 'Toys']
    >>> clf.predict_at(1, [[0.1], [0.55], [9.0]]).tolist()
    ['Books', 'Books', 'Toys']
    """

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
        """Put the tree on a fitted classifier; nothing is fitted again.

        Parameters
        ----------
        estimator : classifier
            Fitted on paths, for example an ensemble made from a
            :class:`~amzest.ensemble.CrossFit` or a member of its `estimators_`.

        classes : array-like of shape (n_classes,), default=None
            The paths that the columns of its probabilities stand for. None takes
            `estimator.classes_`.

        separator : str, default=" > "
            As for the class.

        min_probability : float, default=0.8
            As for the class.

        Returns
        -------
        HierarchicalClassifier
            Fitted. Its `classes_` are the paths as they were given.

        Raises
        ------
        ValueError
            If a parameter is out of range or a path has a level without a name.
        TypeError
            If the classes are no strings.
        """
        check_is_fitted(estimator)
        clf = cls(estimator, separator=separator, min_probability=min_probability)
        clf._check_min_probability()
        given = estimator.classes_ if classes is None else classes
        return clf._adopt(estimator, np.asarray(given))

    @with_callbacks
    def fit(self, X: Any, y: Any) -> Self:
        """Fit the estimator on whole paths.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows in the form the estimator takes.

        y : array-like of shape (n_samples,)
            Path of each row. Paths that differ only in blanks are one class.

        Returns
        -------
        self : HierarchicalClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If a parameter is out of range, or a path is empty or has a level without
            a name.
        TypeError
            If a label is no string.
        """
        self._check_min_probability()
        paths = self._canonical(y)
        estimator = clone(self.estimator)
        with reported_fit(self, X, paths) as context:
            task = context.subcontext(task_name="fit-estimator")
            with reported_task(self, task, estimator, X, paths):
                estimator.fit(X, paths)
            return self._adopt(estimator, np.asarray(estimator.classes_))

    def _canonical(self, y: Any) -> NDArray[Any]:
        """Write all paths in one way."""
        labels = label_values(y)
        written = {
            label: self.separator.join(parse_path(label, self.separator))
            for label in dict.fromkeys(labels.tolist())
        }
        return np.array([written[label] for label in labels.tolist()], dtype=object)

    def _check_min_probability(self) -> None:
        limit = self.min_probability
        if (
            not isinstance(limit, Real)
            or isinstance(limit, bool)
            or not 0 <= limit <= 1
        ):
            msg = f"`min_probability` must be a number from 0 to 1, got {shown(limit)}."
            raise ValueError(msg)

    def _adopt(self, estimator: Any, classes: NDArray[Any]) -> Self:
        self.tree_ = CategoryTree.from_paths(classes.tolist(), self.separator)
        self.estimator_, self.classes_ = estimator, classes
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(estimator, name):
                setattr(self, name, getattr(estimator, name))
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class, that is of each whole path.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows in the form the estimator takes.

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
            1 for the top categories. Classes with shorter paths stay what they are.

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
            Rows in the form the estimator takes.

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
            Rows in the form the estimator takes.

        Returns
        -------
        ndarray of shape (n_samples,), dtype object
            Paths of that level, or shorter ones where products stand in these.
        """
        best = self.predict_proba_at(level, X).argmax(axis=1)
        return self.classes_at(level)[best]

    def predict(self, X: Any) -> NDArray[np.object_]:
        """Return the deepest category that is sure enough.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows in the form the estimator takes.

        Returns
        -------
        ndarray of shape (n_samples,), dtype object
            Paths; ``""`` where not even a top category is sure enough.
        """
        proba = self.predict_proba(X)
        return self.tree_.back_off(proba, self.min_probability)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the hierarchical F1 of the answers.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows in the form the estimator takes.

        y : array-like of shape (n_samples,)
            Paths.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        float
            See :func:`hierarchical_precision_recall_f1`.
        """
        scores = hierarchical_precision_recall_f1(
            y, self.predict(X), separator=self.separator, sample_weight=sample_weight
        )
        return scores.f1

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags
