"""What classifiers of columns with missing cells share, whatever their model."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sized
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_consistent_length

from amzest.utils._fitted_state import FittedStateMixin
from amzest.utils._labels import apply_class_weight, encode_labels, row_weights
from amzest.utils._log_proba import PredictLogProbaMixin


class MissingSamplesMixin(PredictLogProbaMixin, FittedStateMixin):
    """Ignore missing samples in training, and predict class frequencies for them."""

    class_weight: dict[Any, float] | str | None
    classes_: NDArray[Any]
    class_prior_: NDArray[np.float64]
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    def _check_columns(
        self, n_columns: int, names: list[str] | None, *, reset: bool
    ) -> None:
        """Set number and names of the columns, or compare them with those of `fit`."""
        if reset:
            self.n_features_in_ = n_columns
            if names is not None:
                self.feature_names_in_ = np.array(names, dtype=object)
            return
        if n_columns != self.n_features_in_:
            raise ValueError(
                f"`X` has {n_columns} columns, but {type(self).__name__} was fitted on "
                f"{self.n_features_in_}."
            )
        fitted = getattr(self, "feature_names_in_", None)
        if names is not None and fitted is not None and list(fitted) != names:
            raise ValueError(
                f"`X` has the columns {names}, but {type(self).__name__} was fitted on "
                f"{list(fitted)}. Pass the same columns in the same order."
            )

    def _learn_labels(
        self, read: Sized, y: Any, sample_weight: Any
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Set the classes and their frequencies; return targets and sample weights."""
        self.classes_, targets = encode_labels(y)
        check_consistent_length(read, targets)
        weights = row_weights(read, targets, self.classes_, sample_weight)
        priors = np.bincount(targets, weights=weights, minlength=len(self.classes_))
        self.class_prior_ = priors / priors.sum()
        return targets, weights

    def _training_weights(
        self,
        weights: NDArray[np.float64],
        targets: NDArray[np.int64],
        present: NDArray[np.bool_],
        why_missing: str,
    ) -> NDArray[np.float64]:
        """Return weights with `class_weight`, and 0 for missing samples."""
        n_weighted = np.count_nonzero(weights)
        if not weights[present].any():
            raise ValueError(
                f"`X` is missing in all of the {n_weighted} training rows: "
                f"{why_missing}"
            )
        if len(np.unique(targets[weights > 0])) > 1:  # else in `partial_fit`
            weights = apply_class_weight(
                weights, self.class_weight, targets, self.classes_
            )
        weights = np.where(present, weights, 0.0)
        if not weights.any():
            raise ValueError(
                "`class_weight` leaves no non-missing training row with a weight above "
                "zero."
            )
        return weights

    @abstractmethod
    def _predict_parts(
        self, X: Any
    ) -> tuple[int, Iterator[tuple[NDArray[np.float64], NDArray[np.bool_]]]]:
        """Return the number of samples, and predictions for consecutive parts of them.

        A part has the probabilities of its non-missing samples, and a mask of those.
        """

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Predict class probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Samples in the form accepted by `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities in the order of `classes_`. Missing samples get the class
            frequencies of the training set.
        """
        return self.predict_proba_and_presence(X)[0]

    def predict_proba_and_presence(
        self, X: Any
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Predict class probabilities, and mark the samples that are not missing.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Samples in the form accepted by `fit`.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            As returned by :meth:`predict_proba`.
        present : ndarray of shape (n_samples,), dtype bool
            False for missing samples, whose probabilities are the class frequencies.
            Ensembles ignore such predictions.
        """
        n_samples, parts = self._predict_parts(X)
        proba = np.tile(self.class_prior_, (n_samples, 1))
        present = np.zeros(n_samples, dtype=bool)
        start = 0
        for of_present, mask in parts:
            rows = slice(start, start + len(mask))
            proba[rows][mask], present[rows] = of_present, mask
            start += len(mask)
        return proba, present

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict class labels.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Samples in the form accepted by `fit`.

        Returns
        -------
        ndarray of shape (n_samples,)
            Predicted labels, of the type passed to `fit`.
        """
        best = self.predict_proba(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[best]
        return labels
