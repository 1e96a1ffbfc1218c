"""Incremental learning of text networks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from amzest.neural import Engine, Start, TrainingData
from amzest.text._columns import text_columns
from amzest.text._former_network import check_former_network, former_weights
from amzest.text._incremental import IncrementalTextMixin, JoinedSamples
from amzest.text._kept_texts import KeptTexts, TrainingCells
from amzest.text._linear_model import CANDIDATES
from amzest.utils import draw_seeds, former_state

#: Epochs of `partial_fit`. A third one improves little over two.
_PARTIAL_EPOCHS = 2


class IncrementalNetworkMixin(IncrementalTextMixin):
    """Start the training of a text network from the weights of a former fit."""

    # Parameters and hooks of the networks.
    early_stopping: bool
    max_epochs: int
    random_state: Any
    validation_scores_: list[float] | None
    _describe_missing: Any
    _fit_network: Any
    _import_framework: Any
    _tokenise: Any

    def _check_training_data(
        self, X: Any, y: Any, sample_weight: Any = None
    ) -> TrainingData:
        data: TrainingData = super()._check_training_data(  # type: ignore[misc]
            X, y, sample_weight
        )
        self._keep_fitted(X, data.targets, data.weights, data.seeds["split"])
        former = former_state(self)
        if not (self.warm_start and "weights_" in former):
            return data
        check_former_network(self, former)
        kept: KeptTexts | None = former.get("kept_samples_")
        seen = np.ones(len(data.targets), dtype=bool)
        if kept is not None:
            cells = text_columns(X)[0]
            seen = kept.has_seen(TrainingCells(cells, data.targets, data.weights))
        return replace(data, start=Start(former, seen, int(self.max_epochs)))

    def _check_partial_fit(self) -> None:
        if self.early_stopping:  # the message of scikit-learn
            raise ValueError("partial_fit does not support early_stopping=True")

    def _fit_joined(self, joined: JoinedSamples, arguments: dict[str, Any]) -> None:
        self._import_framework()
        former = joined.former
        start = None
        if former:
            check_former_network(self, former)
            n_epochs = min(_PARTIAL_EPOCHS, self.max_epochs)
            start = Start(former, joined.seen, n_epochs, joined.recalibrates)
        cells, targets, weights = vars(joined.samples).values()
        texts = self._tokenise(cells, reset=True)
        loss_weights = self._training_weights(
            weights, targets, texts.present, self._describe_missing(texts)
        )
        rows = np.flatnonzero(loss_weights)
        seeds = draw_seeds(self.random_state)
        data = TrainingData(texts, targets, weights, loss_weights, rows, seeds, start)
        self._fit_network(data, arguments)
        calibrated = self.validation_scores_ is not None
        self._keep_joined(joined, calibrated=calibrated, seed=seeds["split"])

    @property
    def _former(self) -> dict[str, Any]:
        """The fitted attributes from which the present fit starts."""
        start: Start | None = vars(self).get("_start")
        return {} if start is None else start.state

    def _load_former(self, engine: Engine, state: dict[str, Any]) -> None:
        engine.set_weights(former_weights(self, engine.get_weights(), state))

    def _candidates(self) -> tuple[float, ...]:
        """Return the values of `C` to choose from: the former one, if there is one.

        Only new samples can be held out, which are too few to choose it again.
        """
        C: float | None = self._former.get("C_")
        return CANDIDATES if C is None else (C,)
