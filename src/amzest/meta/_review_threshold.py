"""A classifier that answers only where it can promise to be right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import get_tags
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
)

from amzest.ensemble import CrossFit
from amzest.ensemble._callbacks import reported_fit, reported_task
from amzest.meta._out_of_fold import find_oof
from amzest.meta._precision_thresholds import (
    choose_class_thresholds,
    fewest_rows,
)
from amzest.utils import (
    DocumentationLinkMixin,
    FittedStateMixin,
    PredictLogProbaMixin,
    check_integer,
    label_values,
    shown,
)

if TYPE_CHECKING:
    from sklearn.utils import Tags


class ReviewThresholdClassifier(
    CallbackSupportMixin,
    MetaEstimatorMixin,
    ClassifierMixin,
    PredictLogProbaMixin,
    DocumentationLinkMixin,
    FittedStateMixin,
    BaseEstimator,
):
    """Answer with a category where the promised precision holds, else "review".

    The estimator's most probable category is given as the answer if its probability
    reaches the threshold of that category. The thresholds are learnt from rows that
    the estimator has not learnt from, such that of the answers on fresh products the
    share `target_precision` is right.

    Parameters
    ----------
    estimator : classifier
        Any classifier or pipeline that has `predict_proba`.

    target_precision : float, default=0.98
        Share of the answers that is to be right, between 0 and 1.

    review_label : object, default="review"
        The answer where no category is sure enough. It must be none of the categories.

    per_class : bool, default=True
        Whether each category that is the most probable one of enough rows has a
        threshold of its own. The others share a pooled one. With False all share it.

    confidence_level : float, default=0.9
        Probability, over the draw of the training products, with which the promise of
        a threshold holds on fresh ones. Higher levels send more products to review.

    min_rows_per_class : int, default=None
        Out-of-fold rows for which a category must be the most probable to have a
        threshold of its own. None, and any lower number, stands for the fewest with
        which the promise could be shown: 114 with the default target and level.

    cv : int, cross-validation generator or iterable, default=5
        How rows are put into folds, see :class:`~amzest.ensemble.CrossFit`.

    n_jobs : int, default=None
        Number of processes that fit folds. Results are the same for every number.

    random_state : int, RandomState instance or None, default=None
        Draws the folds, and seeds an estimator that has no seed of its own.

    Attributes
    ----------
    estimator_ : classifier
        The estimator, fitted on all rows.

    classes_ : ndarray of shape (n_classes,)
        The categories, without `review_label`.

    thresholds_ : ndarray of shape (n_classes,)
        Probability from which a category is given as the answer; inf for one that is
        never given, since its promise could not be shown.

    has_own_threshold_ : ndarray of shape (n_classes,), dtype bool
        False for categories that share the pooled threshold.

    coverage_ : float
        Share of the out-of-fold rows that get an answer.

    precision_ : float
        Share of these answers that is right; NaN if there are none. The same rows chose
        the thresholds, so expect slightly less of fresh rows.

    class_coverage_ : ndarray of shape (n_classes,)
        Of the out-of-fold rows for which a category is the most probable, the share
        that gets it as the answer. NaN if there are no such rows.

    class_precision_ : ndarray of shape (n_classes,)
        Of the out-of-fold rows that get a category as the answer, the share for which
        it is right. NaN if there are no such rows.

    oof_proba_ : ndarray of shape (n_samples, n_classes)
        The out-of-fold probabilities.

    y_ : ndarray of shape (n_samples,), dtype int
        Position in `classes_` of each row's label.

    n_features_in_ : int
        Number of columns seen during `fit`. Exists if `estimator_` has it.

    feature_names_in_ : ndarray of shape (`n_features_in_`,), dtype object
        Names of the columns. Exists if `estimator_` has it.

    See Also
    --------
    find_label_issues : Rows whose label is doubtful.
    HierarchicalClassifier : Answers with a wider category where a narrow one is not
        sure.
    sklearn.model_selection.TunedThresholdClassifierCV : Tunes the threshold of a
        binary classifier for a score, without a promise.

    Notes
    -----
    What is promised, each with probability `confidence_level`: of the answers "k" on
    fresh products at least `target_precision` are right, for each category k with a
    threshold of its own; of all answers with categories that share the pooled
    threshold at least `target_precision` are right. With ``per_class=False`` the
    latter are all answers. With ``per_class=True`` the promise holds for each
    category, not for all of them at once (that takes a `confidence_level` of
    ``1 - (1 - c) / n_classes``); the precision of all answers together is the mean of
    those of the categories, and in practice safer than each.

    It is assumed that fresh products come from where the training products come from,
    that products are independent of each other (keep groups of near-equal ones in one
    fold), that wrong answers do not get rarer as the probability falls, and that the
    estimator fitted on all rows is no worse than those fitted on the folds. The labels
    are taken to be right.

    How: hypotheses "the precision from here on is below the target" are tested with the
    exact binomial test, from the strictest threshold to looser ones, as in
    [1]_ and [2]_; the order depends on probabilities and not on outcomes, so that
    searching over thresholds costs no correction [3]_. So that one unlucky row does not
    end the search, it starts again where the test tolerates 3, 12, 48 and 192 wrong
    rows, if there are so many rows, with an equal part of the error probability for
    each start (the fallback procedure of [4]_).

    A row in which the estimator finds nothing to read gets class frequencies from
    amzest's networks, and with them nearly always "review".

    References
    ----------
    .. [1] Y. Geifman and R. El-Yaniv, "Selective classification for deep neural
       networks", NeurIPS 2017.
    .. [2] A. N. Angelopoulos, S. Bates, E. J. Candès, M. I. Jordan and L. Lei, "Learn
       then test: calibrating predictive algorithms to achieve risk control", 2022.
    .. [3] W. Maurer, L. A. Hothorn and W. Lehmacher, "Multiple comparisons in drug
       clinical trials and preclinical assays: a-priori ordered hypotheses", 1995.
    .. [4] B. L. Wiens, "A fixed sequence Bonferroni procedure for testing multiple
       endpoints", Pharmaceutical Statistics 2, 2003.

    Examples
    --------
    >>> from sklearn.datasets import make_blobs
    >>> from sklearn.linear_model import LogisticRegression
    >>> from amzest.evaluation import ReviewThresholdClassifier
    >>> X, y = make_blobs(900, centers=3, cluster_std=1.5, random_state=0)
    >>> clf = ReviewThresholdClassifier(LogisticRegression(), target_precision=0.9)
    >>> answers = clf.fit(X, y).predict(X)
    >>> n_answered = (answers != "review").sum()
    >>> bool(100 < n_answered < 900), clf.precision_ > 0.9
    (True, True)
    """

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        "thresholds_",
        "classes_",
        "estimator_",
    )

    def __init__(
        self,
        estimator: Any,
        *,
        target_precision: float = 0.98,
        review_label: Any = "review",
        per_class: bool = True,
        confidence_level: float = 0.9,
        min_rows_per_class: int | None = None,
        cv: Any = 5,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.target_precision = target_precision
        self.review_label = review_label
        self.per_class = per_class
        self.confidence_level = confidence_level
        self.min_rows_per_class = min_rows_per_class
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state

    @classmethod
    def from_oof(
        cls,
        estimator: Any,
        oof_proba: Any = None,
        y: Any = None,
        *,
        member: str | None = None,
        target_precision: float = 0.98,
        review_label: Any = "review",
        per_class: bool = True,
        confidence_level: float = 0.9,
        min_rows_per_class: int | None = None,
    ) -> Self:
        """Learn the thresholds of a fitted classifier; nothing is fitted again.

        Parameters
        ----------
        estimator : classifier or CrossFit
            A fitted classifier. Ensembles made from a
            :class:`~amzest.ensemble.CrossFit` bring `oof_proba` and `y` along; of a
            CrossFit itself a member is taken.

        oof_proba : array-like of shape (n_samples, n_classes), default=None
            Probabilities of rows that the classifier, or its like, has not learnt from:
            out-of-fold rows or a held-out set, in the order of its `classes_`. None
            takes `estimator.oof_proba_`.

        y : array-like of shape (n_samples,), default=None
            Labels of these rows. None takes those that `estimator` keeps.

        member : str, default=None
            Name of the member, where `estimator` is a CrossFit.

        target_precision : float, default=0.98
            As for the class.

        review_label : object, default="review"
            As for the class.

        per_class : bool, default=True
            As for the class.

        confidence_level : float, default=0.9
            As for the class.

        min_rows_per_class : int, default=None
            As for the class.

        Returns
        -------
        ReviewThresholdClassifier
            Fitted.

        Raises
        ------
        ValueError
            If a parameter is out of range, there is nothing out of fold, or rows,
            labels and classes do not fit together.
        """
        found = find_oof(estimator, oof_proba, y, member)
        clf = cls(
            found.estimator,
            target_precision=target_precision,
            review_label=review_label,
            per_class=per_class,
            confidence_level=confidence_level,
            min_rows_per_class=min_rows_per_class,
        )
        clf._check_parameters()
        clf.estimator_ = found.estimator
        return clf._learn(found.proba, found.targets, found.classes)

    @with_callbacks
    def fit(self, X: Any, y: Any) -> Self:
        """Fit the estimator on folds for the thresholds, and once on all rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows in the form the estimator takes.

        y : array-like of shape (n_samples,)
            Category of each row.

        Returns
        -------
        self : ReviewThresholdClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If a parameter is out of range, `review_label` is a category, or a category
            has fewer rows than `cv` has folds.
        """
        self._check_parameters()
        crossfit = CrossFit(
            [("estimator", self.estimator)],
            cv=self.cv,
            n_jobs=self.n_jobs,
            random_state=self.random_state,
        )
        with reported_fit(self, X, y) as context:
            task = context.subcontext(task_name="fit-estimator")
            with reported_task(self, task, crossfit, X, y):
                crossfit.fit(X, y)
            self.estimator_ = crossfit.estimators_["estimator"]
            return self._learn(
                crossfit.oof_proba_["estimator"], crossfit.y_, crossfit.classes_
            )

    def _check_parameters(self) -> None:
        for name in ("target_precision", "confidence_level"):
            value = getattr(self, name)
            if not isinstance(value, float | np.floating) or not 0 < value < 1:
                msg = (
                    f"`{name}` must be a number between 0 and 1, both excluded (no "
                    f"number of rows shows a precision of 1), got {shown(value)}."
                )
                raise ValueError(msg)
        if self.min_rows_per_class is not None:
            check_integer("min_rows_per_class", self.min_rows_per_class, 1)

    def _learn(
        self,
        proba: NDArray[np.float64],
        targets: NDArray[np.int64],
        classes: NDArray[Any],
    ) -> Self:
        """Learn the thresholds from out-of-fold rows."""
        if any(label == self.review_label for label in classes.tolist()):
            msg = (
                f"`review_label` is {shown(self.review_label)}, which is also a "
                "category in "
                "`y`. Choose another."
            )
            raise ValueError(msg)
        fewest = fewest_rows(self.target_precision, 1 - self.confidence_level)
        found = choose_class_thresholds(
            proba,
            targets,
            target_precision=self.target_precision,
            confidence_level=self.confidence_level,
            per_class=bool(self.per_class),
            min_rows_per_class=max(fewest, self.min_rows_per_class or 0),
        )
        self.classes_, self.oof_proba_, self.y_ = classes, proba, targets
        self.thresholds_ = found.thresholds
        self.has_own_threshold_ = found.own
        predicted, answered = self._answers(proba)
        right = answered & (predicted == targets)
        self.coverage_ = float(answered.mean())
        self.precision_ = float(_ratio(right.sum(), answered.sum()))

        def count(rows: NDArray[np.bool_]) -> NDArray[np.int64]:
            return np.bincount(predicted[rows], minlength=len(classes))

        n_answered = count(answered)
        self.class_coverage_ = _ratio(n_answered, count(np.ones_like(answered)))
        self.class_precision_ = _ratio(count(right), n_answered)
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.estimator_, name):
                setattr(self, name, getattr(self.estimator_, name))
        return self

    def _answers(
        self, proba: NDArray[np.float64]
    ) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return the most probable class of each row, and whether it is answered."""
        predicted = proba.argmax(axis=1)
        scores = proba[np.arange(len(proba)), predicted]
        return predicted, scores >= self.thresholds_[predicted]

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the estimator's probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows in the form the estimator takes.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        check_is_fitted(self, "thresholds_")
        proba: NDArray[np.float64] = self.estimator_.predict_proba(X)
        return proba

    def predict(self, X: Any) -> NDArray[Any]:
        """Return a category, or `review_label` where none is sure enough.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows in the form the estimator takes.

        Returns
        -------
        ndarray of shape (n_samples,)
            Categories as `fit` was given them. The dtype is theirs where `review_label`
            is of their kind, such as a string among strings or -1 among integers, and
            object otherwise.
        """
        predicted, answered = self._answers(self.predict_proba(X))
        label = np.asarray(self.review_label)
        alike = label.ndim == 0 and label.dtype.kind == self.classes_.dtype.kind
        dtype = np.result_type(self.classes_, label) if alike else np.dtype(object)
        answers = self.classes_[predicted].astype(dtype)
        answers[~answered] = self.review_label
        return answers

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of rows that get an answer, and the right one.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows in the form the estimator takes.

        y : array-like of shape (n_samples,)
            Categories.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        float
            Coverage times precision: of classifiers that keep the same promise, the
            one with the higher score leaves less to review.
        """
        answers = self.predict(X)
        labels = label_values(y)
        check_consistent_length(answers, labels)
        right = answers.astype(object) == labels.astype(object)
        weights = _check_sample_weight(sample_weight, answers)
        return float(np.average(right.astype(float), weights=weights))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.classifier_tags.multi_class = inner.classifier_tags.multi_class
        return tags


def _ratio(part: Any, whole: Any) -> Any:
    """Divide; NaN where there is nothing to divide by."""
    whole = np.asarray(whole, dtype=np.float64)
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
