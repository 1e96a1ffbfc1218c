"""Fine-tuning of the last blocks of a network of images."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from amzest.neural import (
    BaseNeuralClassifier,
    Calibration,
    Engine,
    TrainingRows,
    TrainingSettings,
    estimator_dataclass,
)
from amzest.pretrained._fine_tuning import OwnerContext
from amzest.pretrained._image_reading import ImageColumn
from amzest.pretrained._last_layer import fit_last_layer
from amzest.utils import check_installed, import_torch

if TYPE_CHECKING:
    from amzest.pretrained._feature_maps import FeatureMaps
    from amzest.pretrained._live_parts import LiveParts

#: Attributes that exist only during a fit.
_ONLY_IN_FIT = ("_owner", "_parts_of", "_compute_maps", "_last_layer")


@estimator_dataclass
class FineTunedImage(BaseNeuralClassifier):
    """The last blocks of a network of images, fine-tuned, with a linear layer on top.

    It is no public estimator: :class:`~amzest.PretrainedImageClassifier` reads images,
    computes the feature maps before the blocks, holds it as `network_` and predicts
    with it. Its samples are feature maps.
    """

    _smallest_auto_batch: ClassVar[int] = 16
    _largest_auto_batch: ClassVar[int] = 32
    _n_auto_steps: ClassVar[int] = 50
    _min_calibration_samples: ClassVar[int] = 100
    _max_first_fits: ClassVar[int] = 1  # they take most of the time
    _choose_epochs: ClassVar[bool] = False  # the last ones, of low rates, are the best

    def fit_for(
        self,
        owner: Any,
        column: ImageColumn,
        y: Any,
        sample_weight: Any = None,
        *,
        parts_of: Callable[[], LiveParts],
        compute_maps: Callable[[ImageColumn], FeatureMaps],
        arguments: dict[str, Any],
    ) -> FineTunedImage:
        """Fine-tune the last blocks of a network.

        `owner` is the estimator whose callbacks are called, with `arguments`, as if it
        were trained itself; after each epoch it gets the attributes that its method
        `_fitted_with` returns for a network.
        """
        self._owner, self._parts_of, self._compute_maps = owner, parts_of, compute_maps
        try:
            data = self._check_training_data(column, y, sample_weight)
            self._fit_network(data, arguments)
        finally:
            for name in _ONLY_IN_FIT:
                self.__dict__.pop(name, None)
        return self

    # Hooks of the base class ---------------------------------------------------------

    def _name(self) -> str:
        return type(self._owner).__name__

    def _import_framework(self) -> None:
        import_torch("Fine-tuning a pretrained network")
        check_installed("skorch", extra="pretrained", purpose="Fine-tuning")

    def _read(self, X: Any, *, reset: bool) -> Any:
        if reset:
            self.n_features_in_ = 1
        return X

    def _prepare(self, read: ImageColumn) -> tuple[FeatureMaps, NDArray[np.bool_]]:
        maps = self._compute_maps(read)
        return maps, maps.present

    def _learn_encoding(
        self, read: Any, rows: NDArray[np.intp], weights: NDArray[np.float64]
    ) -> None:
        """Learn nothing: the network is pretrained."""

    def _encode(self, read: FeatureMaps) -> FeatureMaps:
        return read

    def _prepare_rows(self, *args: Any) -> TrainingRows:
        """Fit the last layer to the features of the network as it is before training.

        Training that starts from random weights of this layer would first destroy the
        features (Kumar et al., 2022, https://arxiv.org/abs/2202.10054).
        """
        from amzest.pretrained._feature_maps import features_before_training

        rows = super()._prepare_rows(*args)
        inputs: Any = rows.inputs
        features = features_before_training(self._parts_of(), inputs, rows.train)
        targets, weights = rows.of(rows.train)
        self._last_layer = fit_last_layer(
            features, targets, weights, len(self.classes_)
        )
        return rows

    def _groups(self, read: FeatureMaps) -> NDArray[np.integer[Any]]:
        return read.column.group_copies()

    def _describe_missing(self, prepared: FeatureMaps) -> str:
        return prepared.column.absence

    def _default_calibration(self) -> Calibration:
        return Calibration((1.0,), -40.0)  # softmax, then temperature scaling

    def _architecture(self, n_classes: int) -> dict[str, Any]:
        parts = self._parts_of()
        return {
            "block": parts.block,
            "n_features_out": parts.n_features,
            "n_classes": n_classes,
            "dropout": self.dropout,
        }

    def _build_engine(
        self, architecture: dict[str, Any], settings: TrainingSettings
    ) -> Engine:
        from amzest.neural._skorch_engine import SkorchEngine
        from amzest.pretrained._tuned_image_network import TunedImageNetwork

        options = {k: v for k, v in architecture.items() if k != "block"}
        build = partial(TunedImageNetwork, self._parts_of().new_trained_part())
        return SkorchEngine(build, options, settings)

    def _load_pretrained(self, engine: Any) -> None:
        engine.set_weights(engine.get_weights() | self._last_layer.weights())

    def _init_callback_context(self, **settings: Any) -> Any:
        context = self._owner._init_callback_context(**settings)
        return OwnerContext(context, self._owner, self, _ONLY_IN_FIT)
