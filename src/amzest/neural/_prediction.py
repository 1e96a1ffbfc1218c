"""Predictions of fitted networks."""

from __future__ import annotations

from collections.abc import Iterator
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
    MissingSamplesMixin,
    describe_rows,
    draw_seeds,
    owner_of,
)


class NetworkPredictionMixin(TransformerMixin, MissingSamplesMixin):
    """Predict and transform with the fitted network."""

    # Set by `fit`, and hooks of the base class.
    weights_: Weights
    architecture_: dict[str, Any]
    calibration_: Calibration
    _n_features_out: int
    _read: Any
    _encode: Any
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
    ) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
        """Return log-probabilities or features of non-missing samples, and their mask.

        The mask has shape (n_samples,).
        """
        check_is_fitted(self, "weights_")
        engine = self._engine()  # first: it raises if the framework is not installed
        inputs = self._encode(self._read(X, reset=False))
        rows = np.flatnonzero(inputs.present)
        if len(rows) == 0:
            width = len(self.classes_) if output == "logits" else self._n_features_out
            return np.empty((0, width), dtype=np.float32), inputs.present
        parts = self._parts(engine, inputs, rows, output)
        if output == "features":
            return np.concatenate(parts, axis=1), inputs.present
        _check_finite(parts[0], rows)
        parts[0] = centred(parts[0])
        return self.calibration_.log_proba(parts), inputs.present

    def _parts(
        self, engine: Engine, inputs: Inputs, rows: NDArray[np.intp], output: Output
    ) -> list[NDArray[np.floating]]:
        """Return the output of the network, and the scores of the other parts.

        The others are computed in a thread, while the network computes in its own.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="amzest-parts") as pool:
            others = pool.submit(self._other_scores, inputs, rows)
            return [forward_rows(engine, inputs, rows, output), *others.result()]

    def _predict_parts(
        self, X: Any
    ) -> tuple[int, Iterator[tuple[NDArray[np.float64], NDArray[np.bool_]]]]:
        log_proba, present = self._forward(X, "logits")
        return len(present), iter([(np.exp(log_proba), present)])

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
        features, present = self._forward(X, "features")
        result = np.zeros((len(present), self._n_features_out), dtype=np.float32)
        result[present] = features
        return result


def _check_finite(logits: NDArray[np.floating], rows: NDArray[np.intp]) -> None:
    not_finite = rows[~np.isfinite(logits).all(axis=1)]
    if len(not_finite):
        raise ValueError(
            f"The network has no finite output for {describe_rows(not_finite)} of `X`: "
            "its training has diverged. Lower `learning_rate` and refit."
        )
