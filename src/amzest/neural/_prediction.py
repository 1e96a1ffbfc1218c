"""Predictions of fitted networks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted

from amzest.neural._calibration import Calibration, centred
from amzest.neural._engine import Engine, Inputs, Output, Weights
from amzest.neural._live import live_engine
from amzest.neural._training import forward_rows
from amzest.utils import (
    FittedStateMixin,
    PredictLogProbaMixin,
    describe_rows,
    draw_seeds,
    owner_of,
)


class NetworkPredictionMixin(TransformerMixin, PredictLogProbaMixin, FittedStateMixin):
    """Predict and transform with the fitted network."""

    # Set by `fit`, and hooks of the base class.
    classes_: NDArray[Any]
    class_prior_: NDArray[np.float64]
    weights_: Weights
    architecture_: dict[str, Any]
    calibration_: Calibration
    _n_features_out: int
    _read: Any
    _encode_parts: Any
    _other_scores: Any
    _import_framework: Any
    _build_engine: Any
    _settings: Any

    @property
    def net_(self) -> Any:
        """The framework's own object around the network, rebuilt from `weights_`.

        A skorch ``NeuralNet`` for text, a scikeras ``KerasClassifier`` for images.
        """
        check_is_fitted(self, "weights_")
        return self._engine().net

    def _engine(self) -> Engine:
        return live_engine(owner_of(self), self.weights_, self._rebuild_engine)

    def _rebuild_engine(self) -> Engine:
        self._import_framework()
        return self._build_engine(self.architecture_, self._settings(draw_seeds(0)))

    def _forward(
        self, X: Any, output: Output
    ) -> tuple[NDArray[np.floating], NDArray[np.intp], int]:
        """Return log-probabilities or features of non-missing samples.

        Also returns the rows of these samples, and the number of all samples.
        """
        check_is_fitted(self, "weights_")
        engine = self._engine()  # first: it raises if the framework is not installed
        read = self._read(X, reset=False)
        width = len(self.classes_) if output == "logits" else self._n_features_out
        outputs: list[NDArray[np.floating]] = [np.empty((0, width), dtype=np.float32)]
        rows, n_rows = [], 0
        for inputs in self._encode_parts(read):
            present = np.flatnonzero(inputs.present)
            if len(present):
                parts = self._parts(engine, inputs, present, output)
                if output == "logits":
                    _check_finite(parts[0], present + n_rows)
                    parts[0] = centred(parts[0])
                    outputs.append(self.calibration_.log_proba(parts))
                else:
                    outputs.append(np.concatenate(parts, axis=1))
            rows.append(present + n_rows)
            n_rows += len(inputs)
        return np.concatenate(outputs), np.concatenate(rows), n_rows

    def _parts(
        self, engine: Engine, inputs: Inputs, rows: NDArray[np.intp], output: Output
    ) -> list[NDArray[np.floating]]:
        """Return the output of the network, and the scores of the other parts.

        The others are computed in a thread, while the network computes in its own.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="amzest-parts") as pool:
            others = pool.submit(self._other_scores, inputs, rows)
            return [forward_rows(engine, inputs, rows, output), *others.result()]

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
        log_proba, rows, n_rows = self._forward(X, "logits")
        proba = np.tile(self.class_prior_, (n_rows, 1))
        proba[rows] = np.exp(log_proba)
        present = np.zeros(n_rows, dtype=bool)
        present[rows] = True
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

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Compute the activations before the last layer.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Samples in the form accepted by `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out), dtype float32
            Activations of each sample; zeros for missing samples.
        """
        features, rows, n_rows = self._forward(X, "features")
        result = np.zeros((n_rows, self._n_features_out), dtype=np.float32)
        result[rows] = features
        return result


def _check_finite(logits: NDArray[np.floating], rows: NDArray[np.intp]) -> None:
    not_finite = rows[~np.isfinite(logits).all(axis=1)]
    if len(not_finite):
        raise ValueError(
            f"The network has no finite output for {describe_rows(not_finite)} of `X`: "
            "its training has diverged. Lower `learning_rate` and refit."
        )
