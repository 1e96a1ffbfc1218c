"""Calibration of a classifier on its out-of-fold predictions."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import get_tags
from sklearn.utils._param_validation import HasMethods, StrOptions
from sklearn.utils.metadata_routing import MetadataRouter
from sklearn.utils.validation import check_is_fitted

from amzest.ensemble._base import FIT_CONSTRAINTS
from amzest.ensemble._combining import TINY
from amzest.ensemble._member_fits import (
    MemberFits,
    check_crossfit,
    check_members,
    plan_fits,
)
from amzest.ensemble._out_of_fold import OutOfFold
from amzest.ensemble._predicting import PredictFromProbaMixin
from amzest.ensemble._presence import predict_with_presence
from amzest.utils import (
    DocumentationLinkMixin,
    ParameterValidationMixin,
    build_router,
    copy_feature_attributes,
    reported_fit,
    request_sample_weight,
    shown,
)


class CalibratedClassifier(
    CallbackSupportMixin,
    PredictFromProbaMixin,
    ClassifierMixin,
    DocumentationLinkMixin,
    ParameterValidationMixin,
    BaseEstimator,
):
    """Calibrate a classifier on out-of-fold predictions, and keep one model of it.

    :class:`~sklearn.calibration.CalibratedClassifierCV` predicts with K models by
    default. Here one model predicts, which is fitted on all samples; the calibration is
    fitted on the out-of-fold predictions of K fold models, which
    :meth:`CrossFit.calibrated` shares with other ensembles.

    Parameters
    ----------
    estimator : classifier
        The classifier to calibrate, with `predict_proba`.

    method : {"temperature", "sigmoid", "isotonic"}, default="temperature"
        The method of scikit-learn. "temperature" has one parameter and never changes
        which class is the most probable.

    cv : int, cross-validation generator or iterable, default=5
        Folds, see :class:`CrossFit`.

    memory : str, path-like or object with the joblib.Memory interface, default=None
        Cache of fitted models, as pickles; see :class:`CrossFit`. Use only a folder
        that you trust: loading a pickle runs the code in it.

    n_jobs : int, default=None
        Number of processes in which models are fitted.

    random_state : int, RandomState instance or None, default=None
        Shuffles the folds, and seeds the estimator if its `random_state` is not set.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels.

    class_prior_ : ndarray of shape (n_classes,)
        Frequency of each class, predicted for missing samples.

    estimator_ : classifier
        The fitted estimator.

    calibrator_ : CalibratedClassifierCV or None
        Maps the logarithms of the estimator's probabilities to calibrated ones. None
        if all samples of a class are missing; probabilities are not calibrated then.

    y_ : ndarray of shape (n_samples,), dtype int
        Labels as positions in `classes_`.

    sample_weight_ : ndarray of shape (n_samples,) or None
        Weights of the samples, if `fit` was given any.

    oof_proba_ : ndarray of shape (n_samples, n_classes)
        Calibrated out-of-fold predictions: the calibration for a fold is fitted on the
        other folds.

    n_features_in_ : int
        Number of features seen during `fit`. Exists only if the estimator has it.

    feature_names_in_ : ndarray of shape (`n_features_in_`,), dtype object
        Names of features seen during `fit`. Exists only if the estimator has them.

    See Also
    --------
    CrossFit.calibrated : Calibration of a member that is fitted already.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural
       networks", ICML 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from amzest.ensemble import CalibratedClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> calibrated = CalibratedClassifier(GaussianNB(), random_state=0).fit(X, y)
    >>> calibrated.predict(X[:3]).tolist()
    [0, 0, 0]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "method": [StrOptions({"temperature", "sigmoid", "isotonic"})],
        **FIT_CONSTRAINTS,
    }

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        "estimator_",
        "calibrator_",
        "class_prior_",
        "classes_",
    )

    def __init__(
        self,
        estimator: Any,
        *,
        method: Literal["temperature", "sigmoid", "isotonic"] = "temperature",
        cv: Any = 5,
        memory: Any = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.method = method
        self.cv = cv
        self.memory = memory
        self.n_jobs = n_jobs
        self.random_state = random_state

    @classmethod
    def from_crossfit(
        cls,
        crossfit: Any,
        name: str | None = None,
        *,
        method: Literal["temperature", "sigmoid", "isotonic"] = "temperature",
    ) -> Self:
        """Return a calibrated member of a fitted CrossFit, without refitting it.

        Parameters
        ----------
        crossfit : CrossFit
            Fitted on folds, with `estimators_`.

        name : str, default=None
            The member. Not needed if there is only one.

        method : {"temperature", "sigmoid", "isotonic"}, default="temperature"
            The method of calibration.

        Returns
        -------
        CalibratedClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If there is no such member, `method` is invalid, or `crossfit` was fitted
            with ``refit=False`` or without folds.
        """
        check_crossfit(crossfit)
        names = crossfit.names_
        if name is None and len(names) == 1:
            (name,) = names
        if name is None or name not in names:
            msg = f"`name` must be one of {', '.join(names)}, got {shown(name)}."
            raise ValueError(msg)
        estimator = dict(crossfit.estimators)[name]
        return cls(estimator, method=method, cv=crossfit.cv).adopt(crossfit, name)

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **fit_params: Any) -> Self:
        """Fit the estimator on all folds and on all samples, then calibrate it.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples in the form that the estimator takes.

        y : array-like of shape (n_samples,)
            Labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples in the fits of the estimator, the calibration and
            the class frequencies, see :meth:`CrossFit.fit`.

        **fit_params : dict
            Other metadata for the fits of the estimator and the splitter. Needs
            scikit-learn's metadata routing.

        Returns
        -------
        self : CalibratedClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If a parameter is invalid, or in the cases of :meth:`CrossFit.fit`.
        """
        self._validate_params()
        members = [("estimator", self.estimator)]
        check_members(members)
        plan = plan_fits(
            self, members, X, y, sample_weight, fit_params, with_folds=True
        )
        with reported_fit(
            self, X, y, len(plan.tasks), metadata=plan.metadata
        ) as context:
            return self._initialise(plan.run(self, context), "estimator")

    def adopt(self, crossfit: Any, name: str) -> Self:
        """Initialise from a member of a fitted CrossFit, without refitting it.

        Parameters
        ----------
        crossfit : CrossFit
            Fitted on folds, with `estimators_`.

        name : str
            The member.

        Returns
        -------
        self : CalibratedClassifier
            The fitted classifier.
        """
        self._validate_params()
        check_crossfit(crossfit)
        return self._initialise(crossfit, name)

    def _initialise(self, fits: MemberFits, name: str) -> Self:
        """Take over a fitted member, and calibrate its out-of-fold predictions."""
        self.classes_, self.class_prior_ = fits.classes_, fits.class_prior_
        self.estimator_ = fits.estimators_[name]
        self.y_ = fits.y_
        self.sample_weight_ = getattr(fits, "sample_weight_", None)
        copy_feature_attributes(self, self.estimator_)
        rows = OutOfFold.of(fits, [name])
        (present,) = rows.presences
        self.calibrator_ = fit_calibrator(rows, self.method)
        # An estimate for new samples: each fold is calibrated on the others.
        self.oof_proba_ = np.tile(self.class_prior_, (len(present), 1))
        for train, test in rows.folds():
            calibrator = fit_calibrator(rows.take(train), self.method)
            inside = test[present[test]]
            self.oof_proba_[inside] = apply_calibrator(
                calibrator, rows.probas[0][inside]
            )
        return self

    def predict_proba_and_presence(
        self, X: Any
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return calibrated probabilities, and which samples are present.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples in the form that the estimator takes.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            The same as :meth:`predict_proba` returns.
        present : ndarray of shape (n_samples,), dtype bool
            False where the sample is missing for the estimator.
        """
        check_is_fitted(self, "estimator_")
        raw, present = predict_with_presence(self.estimator_, X, self.classes_)
        proba = np.tile(self.class_prior_, (len(raw), 1))
        if present.any():
            proba[present] = apply_calibrator(self.calibrator_, raw[present])
        return proba, present

    def get_metadata_routing(self) -> MetadataRouter:
        """Return the metadata routing of this object.

        Returns
        -------
        routing : MetadataRouter
            Routes metadata of `fit` to the estimator and the splitter.
        """
        return build_router(self, [("estimator", self.estimator)], self.cv)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags


def fit_calibrator(rows: OutOfFold, method: str) -> CalibratedClassifierCV | None:
    """Fit the calibration of a member; None if some class has no sample for it."""
    rows = rows.weighted()
    # Temperature scaling (Guo et al., 2017) divides all log-probabilities by one
    # number, sigmoid and isotonic calibration fit one curve per class. All are
    # fitted on predictions for samples the model was not fitted on: on training
    # samples a network is far more confident than on new ones.
    # The class frequencies predicted for missing samples are not predictions of
    # the estimator, and would pull the calibration towards themselves.
    rows = rows.take(rows.presences[0])
    (proba,), n_rows = rows.probas, len(rows.codes)
    if len(np.unique(rows.codes)) < proba.shape[1]:
        return None
    # CalibratedClassifierCV would make out-of-fold predictions itself. With a
    # single fold, in which all samples are both training and test samples, and an
    # estimator that passes its input on, it fits its calibration on those given.
    positions = np.arange(n_rows)
    calibrator = CalibratedClassifierCV(
        request_sample_weight(_LogProba(proba.shape[1])),
        method=method,
        cv=[(positions, positions)],
        ensemble=False,
    )
    return calibrator.fit(_log(proba), rows.codes, sample_weight=rows.sample_weight)


class _LogProba(ClassifierMixin, BaseEstimator):
    """Passes logarithms of probabilities on as decision function.

    They are logits up to a constant per sample, which the softmax of temperature
    scaling cancels.
    """

    def __init__(self, n_classes: int) -> None:
        self.n_classes = n_classes
        self.classes_ = np.arange(n_classes)

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Do nothing."""
        return self

    def predict(self, X: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the positions of the largest."""
        return X.argmax(axis=1)

    def decision_function(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the columns; for two classes the log-odds of the second."""
        return X[:, 1] - X[:, 0] if self.n_classes == 2 else X


def _log(proba: NDArray[np.float64]) -> NDArray[np.float64]:
    logarithms: NDArray[np.float64] = np.log(np.maximum(proba, TINY))
    return logarithms


def apply_calibrator(
    calibrator: CalibratedClassifierCV | None, proba: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return calibrated probabilities; unchanged without a calibrator."""
    if calibrator is None:
        return proba
    result: NDArray[np.float64] = calibrator.predict_proba(_log(proba))
    return result
