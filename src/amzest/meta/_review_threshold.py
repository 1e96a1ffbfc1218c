"""A classifier that abstains where its precision would be below a target."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import get_tags
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.metadata_routing import MetadataRouter
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
)

from amzest.ensemble import CrossFit
from amzest.meta._out_of_fold import find_out_of_fold
from amzest.meta._precision_thresholds import (
    choose_class_thresholds,
    min_rows_for_precision,
)
from amzest.utils import (
    DocumentationLinkMixin,
    FittedStateMixin,
    LabelledPredictions,
    ParameterValidationMixin,
    PredictLogProbaMixin,
    build_router,
    copy_feature_attributes,
    label_values,
    reported_fit,
    reported_task,
    route_fit_params,
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
    ParameterValidationMixin,
    BaseEstimator,
):
    """Predict a class where a target precision holds, and "review" elsewhere.

    The most probable class is predicted if its probability reaches the threshold of
    that class. Thresholds are learnt from out-of-fold predictions, such that on new
    samples the fraction `target_precision` of the predicted classes is correct.

    Parameters
    ----------
    estimator : classifier
        Any classifier or pipeline with `predict_proba`.

    target_precision : float, default=0.98
        Precision of the predicted classes, between 0 and 1.

    review_label : object, default="review"
        Prediction where no class reaches its threshold. It must not be a class.

    per_class : bool, default=True
        Whether each class that is the most probable one of enough samples has a
        threshold of its own. The others share a pooled threshold. With False all
        classes share it.

    confidence_level : float, default=0.9
        Probability, over random training samples, that the precision above a threshold
        reaches the target on new samples. Higher levels send more samples to review.

    min_rows_per_class : int, default=None
        Out-of-fold samples for which a class must be the most probable to have a
        threshold of its own. None and any lower number use the smallest number with
        which the precision can be shown: 114 with the default target and level.

    cv : int, cross-validation generator or iterable, default=5
        Cross-validation strategy, see :class:`~amzest.ensemble.CrossFit`.

    n_jobs : int, default=None
        Number of processes that fit folds. Results do not depend on it.

    random_state : int, RandomState instance or None, default=None
        Shuffles the folds, and seeds an estimator whose `random_state` is None.

    Attributes
    ----------
    estimator_ : classifier
        The estimator, fitted on all samples.

    classes_ : ndarray of shape (n_classes,)
        The classes, without `review_label`.

    thresholds_ : ndarray of shape (n_classes,)
        Probability from which a class is predicted; inf for a class that is never
        predicted, since no threshold has the target precision.

    has_own_threshold_ : ndarray of shape (n_classes,), dtype bool
        False for classes that share the pooled threshold.

    coverage_ : float
        Fraction of the out-of-fold samples for which a class is predicted.

    precision_ : float
        Fraction of these predictions that is correct; NaN if there are none. The
        thresholds were chosen on the same samples, so that it is optimistic.

    class_coverage_ : ndarray of shape (n_classes,)
        Of the out-of-fold samples for which a class is the most probable, the fraction
        for which it is predicted. NaN if there are no such samples.

    class_precision_ : ndarray of shape (n_classes,)
        Of the out-of-fold samples for which a class is predicted, the fraction for
        which it is correct. NaN if there are no such samples.

    oof_proba_ : ndarray of shape (n_samples, n_classes)
        The out-of-fold probabilities.

    y_ : ndarray of shape (n_samples,), dtype int
        Position in `classes_` of the label of each sample.

    n_features_in_ : int
        Number of columns seen during `fit`. Exists if `estimator_` has it.

    feature_names_in_ : ndarray of shape (`n_features_in_`,), dtype object
        Names of the columns. Exists if `estimator_` has it.

    See Also
    --------
    amzest.evaluation.find_label_issues : Samples with doubtful labels.
    HierarchicalClassifier : Predicts a wider category where a narrow one is uncertain.
    sklearn.model_selection.TunedThresholdClassifierCV : Tunes the threshold of a
        binary classifier for a metric, without a guarantee.

    Notes
    -----
    Guarantees, each with probability `confidence_level`: for each class with a
    threshold of its own, the precision of its predictions on new samples is at least
    `target_precision`; and so is the precision of all predictions of classes that share
    the pooled threshold. With ``per_class=False`` these are all predictions. With
    ``per_class=True`` the guarantee holds for each class, not for all classes at once
    (this requires a `confidence_level` of ``1 - (1 - c) / n_classes``); the precision
    of all predictions is a weighted mean over the classes, and varies less.

    Assumptions: new samples have the distribution of the training samples, samples are
    independent (keep near-duplicates in one fold), errors do not become rarer as the
    probability decreases, the estimator fitted on all samples is not worse than those
    fitted on the folds, and labels are correct.

    Method: the hypotheses "the precision above this threshold is below the target" are
    tested with the exact binomial test, from the strictest threshold to looser ones
    [1]_ [2]_. The order depends on probabilities and not on labels, so that the search
    over thresholds needs no correction [3]_. So that a single early error does not end
    the search, it starts again where the test tolerates 3, 12, 48 and 192 errors, if
    there are enough samples, each start with an equal part of the error probability
    (the fallback procedure of [4]_).

    For missing samples the networks of amzest predict the class frequencies, which
    nearly always results in "review".

    `sample_weight` is passed to the estimator. Thresholds, coverage and precision count
    samples and are not weighted, since the binomial test needs counts.

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
    >>> from amzest.meta import ReviewThresholdClassifier
    >>> X, y = make_blobs(900, centers=3, cluster_std=1.5, random_state=0)
    >>> clf = ReviewThresholdClassifier(LogisticRegression(), target_precision=0.9)
    >>> predicted = clf.fit(X, y).predict(X)
    >>> n_classified = (predicted != "review").sum()
    >>> bool(100 < n_classified < 900), clf.precision_ > 0.9
    (True, True)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "target_precision": [Interval(Real, 0, 1, closed="neither")],
        "review_label": [object],
        "per_class": ["boolean"],
        "confidence_level": [Interval(Real, 0, 1, closed="neither")],
        "min_rows_per_class": [Interval(Integral, 1, None, closed="left"), None],
        "cv": ["cv_object"],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }
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
        """Learn the thresholds of a fitted classifier without refitting it.

        Parameters
        ----------
        estimator : classifier or CrossFit
            A fitted classifier. Ensembles made from a
            :class:`~amzest.ensemble.CrossFit` have `oof_proba` and `y`; of a CrossFit
            itself one member is used.

        oof_proba : array-like of shape (n_samples, n_classes), default=None
            Probabilities of samples that the classifier was not fitted on, out-of-fold
            or held out, in the order of its `classes_`. None uses
            `estimator.oof_proba_`.

        y : array-like of shape (n_samples,), default=None
            Labels of these samples. None uses those of `estimator`.

        member : str, default=None
            Name of the member, if `estimator` is a CrossFit.

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
            If a parameter is out of range, there are no out-of-fold probabilities, rows
            are no probabilities, or rows, labels and classes do not match.
        """
        fitted, predictions = find_out_of_fold(estimator, oof_proba, y, member)
        clf = cls(
            fitted,
            target_precision=target_precision,
            review_label=review_label,
            per_class=per_class,
            confidence_level=confidence_level,
            min_rows_per_class=min_rows_per_class,
        )
        clf._validate_params()
        clf.estimator_ = fitted
        return clf._learn(predictions)

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **fit_params: Any) -> Self:
        """Fit the estimator on folds for the thresholds, and once on all samples.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples in the form that the estimator accepts.

        y : array-like of shape (n_samples,)
            Labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights, passed to the `fit` of the estimator. The thresholds count samples
            and are not weighted.

        **fit_params : dict
            Metadata for the estimator, if scikit-learn's metadata routing is enabled.

        Returns
        -------
        self : ReviewThresholdClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If a parameter is out of range, `review_label` is a class, a class has fewer
            samples than `cv` has folds, or the estimator does not accept weights.
        """
        self._validate_params()
        # Validated here; the CrossFit passes them to the fits of the estimator.
        members = [("estimator", self.estimator)]
        route_fit_params(self, members, sample_weight, fit_params)
        crossfit = CrossFit(
            members,
            cv=self.cv,
            n_jobs=self.n_jobs,
            random_state=self.random_state,
        )
        with reported_fit(self, X, y) as context:
            task = context.subcontext(task_name="fit-estimator")
            with reported_task(self, task, crossfit, X, y):
                crossfit.fit(X, y, sample_weight, **fit_params)
            self.estimator_ = crossfit.estimators_["estimator"]
            proba = crossfit.oof_proba_["estimator"]
            return self._learn(
                LabelledPredictions(
                    crossfit.classes_,
                    crossfit.y_,
                    proba,
                    crossfit.oof_present_["estimator"],
                )
            )

    def _learn(self, predictions: LabelledPredictions) -> Self:
        """Learn the thresholds from out-of-fold predictions."""
        classes, targets = predictions.classes, predictions.codes
        if any(label == self.review_label for label in classes.tolist()):
            raise ValueError(
                f"`review_label` is {shown(self.review_label)}, which is also a class "
                "in `y`. Choose another label."
            )
        min_rows = min_rows_for_precision(
            self.target_precision, 1 - self.confidence_level
        )
        self.thresholds_, self.has_own_threshold_ = choose_class_thresholds(
            predictions,
            target_precision=self.target_precision,
            confidence_level=self.confidence_level,
            per_class=bool(self.per_class),
            min_rows_per_class=max(min_rows, self.min_rows_per_class or 0),
        )
        self.classes_, self.oof_proba_, self.y_ = classes, predictions.proba, targets
        predicted, accepted = self._accept(predictions.proba)
        correct = accepted & (predicted == targets)
        self.coverage_ = float(accepted.mean())
        self.precision_ = float(_ratio(correct.sum(), accepted.sum()))

        # Counts of the predicted class among some rows.
        def by_class(rows: NDArray[np.bool_]) -> NDArray[np.int64]:
            return np.bincount(predicted[rows], minlength=len(classes))

        n_accepted = by_class(accepted)
        self.class_coverage_ = _ratio(n_accepted, by_class(np.ones_like(accepted)))
        self.class_precision_ = _ratio(by_class(correct), n_accepted)
        copy_feature_attributes(self, self.estimator_)
        return self

    def _accept(
        self, proba: NDArray[np.float64]
    ) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return the most probable class, and whether it reaches its threshold."""
        predicted = proba.argmax(axis=1)
        scores = proba[np.arange(len(proba)), predicted]
        return predicted, scores >= self.thresholds_[predicted]

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probabilities of the estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples in the form that the estimator accepts.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        check_is_fitted(self, "thresholds_")
        proba: NDArray[np.float64] = self.estimator_.predict_proba(X)
        return proba

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict a class, or `review_label` where no class reaches its threshold.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples in the form that the estimator accepts.

        Returns
        -------
        ndarray of shape (n_samples,)
            Classes as in `classes_`. The dtype is theirs if `review_label` has the same
            kind, such as a string among strings or -1 among integers, and otherwise
            object.
        """
        predicted, accepted = self._accept(self.predict_proba(X))
        # An object array only where NumPy would convert labels, such as 3 to "3".
        label = np.asarray(self.review_label)
        alike = label.ndim == 0 and label.dtype.kind == self.classes_.dtype.kind
        dtype = np.result_type(self.classes_, label) if alike else np.dtype(object)
        labels = self.classes_[predicted].astype(dtype)
        labels[~accepted] = self.review_label
        return labels

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the fraction of samples for which the correct class is predicted.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples in the form that the estimator accepts.

        y : array-like of shape (n_samples,)
            Labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights.

        Returns
        -------
        float
            Coverage times precision: of classifiers with the same guarantee, the one
            with the higher score leaves fewer samples to review.
        """
        predicted = self.predict(X)
        labels = label_values(y)
        check_consistent_length(predicted, labels)
        correct = predicted.astype(object) == labels.astype(object)
        weights = _check_sample_weight(sample_weight, predicted)
        return float(np.average(correct.astype(float), weights=weights))

    def get_metadata_routing(self) -> MetadataRouter:
        """Return the metadata routing of this object.

        Returns
        -------
        routing : MetadataRouter
            Routes metadata of `fit` to the estimator and the splitter.
        """
        return build_router(self, [("estimator", self.estimator)], self.cv)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.classifier_tags.multi_class = inner.classifier_tags.multi_class
        return tags


def _ratio(part: Any, whole: Any) -> Any:
    """Divide; NaN where the denominator is 0."""
    whole = np.asarray(whole, dtype=np.float64)
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
