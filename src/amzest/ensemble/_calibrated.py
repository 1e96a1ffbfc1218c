"""A classifier whose probabilities are mended on out-of-fold rows."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.frozen import FrozenEstimator
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from amzest.ensemble._base import take_columns
from amzest.ensemble._callbacks import reported_fit, reported_task
from amzest.ensemble._combining import TINY
from amzest.ensemble._cross_fit import CrossFit
from amzest.ensemble._out_of_fold import OutOfFold
from amzest.ensemble._predicting import PredictFromProbaMixin
from amzest.ensemble._presence import predict_with_presence
from amzest.utils import DocumentationLinkMixin, check_choice

_METHODS = ("temperature", "sigmoid", "isotonic")


class CalibratedClassifier(
    CallbackSupportMixin,
    PredictFromProbaMixin,
    ClassifierMixin,
    DocumentationLinkMixin,
    BaseEstimator,
):
    """Calibrate a classifier on out-of-fold rows, and keep one model of it.

    :class:`~sklearn.calibration.CalibratedClassifierCV` asks K models for every row, or
    fits K + 1. Here the member is fitted once on all rows, and what its fold models say
    of the rows they have not seen is what the calibration learns from.

    Parameters
    ----------
    estimator : classifier
        What is to be calibrated; has `predict_proba`.

    method : {"temperature", "sigmoid", "isotonic"}, default="temperature"
        scikit-learn's methods. "temperature" has one parameter and never changes which
        class is the most probable.

    cv : int, cross-validation generator or iterable, default=5
        Folds, see :class:`CrossFit`.

    memory : str, path-like or object with the joblib.Memory interface, default=None
        Where fitted models are kept, as pickles; see :class:`CrossFit`. Use only a
        folder that you trust: loading a pickle runs the code in it.

    n_jobs : int, default=None
        Number of processes that fit models.

    random_state : int, RandomState instance or None, default=None
        Draws the folds, and seeds an estimator that has no seed of its own.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.

    class_prior_ : ndarray of shape (n_classes,)
        Share of each class, which rows get that the estimator cannot read.

    estimator_ : classifier
        The fitted estimator.

    calibrator_ : CalibratedClassifierCV or None
        Reads the logarithms of the estimator's probabilities. None where a class had
        no row that could be read; probabilities then stay as they are.

    y_ : ndarray of shape (n_samples,), dtype int
        Position in `classes_` of each row's label.

    oof_proba_ : ndarray of shape (n_samples, n_classes)
        Calibrated probabilities of out-of-fold rows, each fold calibrated on the
        others.

    n_features_in_ : int
        Number of columns, where the estimator knows it.

    feature_names_in_ : ndarray of shape (`n_features_in_`,), dtype object
        Names of the columns, where the estimator knows them.

    See Also
    --------
    CrossFit.calibrated : The same from a member that was fitted before.

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

    @with_callbacks
    def fit(self, X: Any, y: Any) -> Self:
        """Fit the estimator on all folds and on all rows, then calibrate it.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows in the form the estimator takes.

        y : array-like of shape (n_samples,)
            Labels.

        Returns
        -------
        self : CalibratedClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If a parameter is wrong, or as :meth:`CrossFit.fit`.
        """
        check_choice("method", self.method, _METHODS)
        crossfit = CrossFit(
            [("estimator", self.estimator)],
            cv=self.cv,
            memory=self.memory,
            n_jobs=self.n_jobs,
            random_state=self.random_state,
        )
        with reported_fit(self, X, y) as context:
            task = context.subcontext(task_name="fit-estimator")
            with reported_task(self, task, crossfit, X, y):
                crossfit.fit(X, y)
            return self.adopt(crossfit, "estimator")

    def adopt(self, crossfit: CrossFit, name: str) -> Self:
        """Become fitted with a member that was fitted before.

        Parameters
        ----------
        crossfit : CrossFit
            Fitted, with `estimators_`.

        name : str
            The member.

        Returns
        -------
        self : CalibratedClassifier
            Fitted; the member was not fitted again.
        """
        check_choice("method", self.method, _METHODS)
        self.classes_, self.class_prior_ = crossfit.classes_, crossfit.class_prior_
        self.estimator_ = crossfit.estimators_[name]
        self.y_ = crossfit.y_
        take_columns(self, self.estimator_)
        rows = OutOfFold.of(crossfit, [name])
        (proba,), (present,) = rows.probas, rows.presences
        # Rows that were not read say nothing about the estimator.
        self.calibrator_ = self._calibrate(proba[present], rows.codes[present])
        self.oof_proba_ = np.tile(self.class_prior_, (len(proba), 1))
        for train, test in rows.folds():
            learn, ask = train[present[train]], test[present[test]]
            calibrator = self._calibrate(proba[learn], rows.codes[learn])
            self.oof_proba_[ask] = _calibrated(calibrator, proba[ask])
        return self

    def _calibrate(
        self, proba: NDArray[np.float64], codes: NDArray[np.intp]
    ) -> CalibratedClassifierCV | None:
        """Calibrate; not where there is no row of some class to learn from."""
        if len(np.unique(codes)) < proba.shape[1]:
            return None
        rows = np.arange(len(codes))
        reader = FrozenEstimator(_LogProba(proba.shape[1]))
        # One fold of all rows: there is nothing to fit but the calibration.
        calibrator = CalibratedClassifierCV(
            reader, method=self.method, cv=[(rows, rows)], ensemble=False
        )
        return calibrator.fit(_log(proba), codes)

    def predict_proba_and_presence(
        self, X: Any
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return calibrated probabilities, and which rows could be read.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows in the form the estimator takes.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            As :meth:`predict_proba` gives them.
        present : ndarray of shape (n_samples,), dtype bool
            False where the estimator had nothing to read.
        """
        check_is_fitted(self, "estimator_")
        raw, present = predict_with_presence(self.estimator_, X, self.classes_)
        proba = np.tile(self.class_prior_, (len(raw), 1))
        if present.any():
            proba[present] = _calibrated(self.calibrator_, raw[present])
        return proba, present

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags


class _LogProba(ClassifierMixin, BaseEstimator):
    """Hands logarithms of probabilities on as a decision function."""

    def __init__(self, n_classes: int) -> None:
        self.n_classes = n_classes
        self.classes_ = np.arange(n_classes)

    def fit(self, X: Any, y: Any) -> Self:
        """Learn nothing."""
        return self

    def predict(self, X: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the position of the largest."""
        return X.argmax(axis=1)

    def decision_function(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the columns, of two classes their difference."""
        return X[:, 1] - X[:, 0] if self.n_classes == 2 else X


def _log(proba: NDArray[np.float64]) -> NDArray[np.float64]:
    logarithms: NDArray[np.float64] = np.log(np.maximum(proba, TINY))
    return logarithms


def _calibrated(
    calibrator: CalibratedClassifierCV | None, proba: NDArray[np.float64]
) -> NDArray[np.float64]:
    if calibrator is None:
        return proba
    result: NDArray[np.float64] = calibrator.predict_proba(_log(proba))
    return result
