"""What both image classifiers share."""

from __future__ import annotations

from collections.abc import Sized
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Literal

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions

from amzest.image._cells import image_cells
from amzest.neural import BaseNeuralClassifier, Engine, Inputs, TrainingSettings
from amzest.utils import (
    check_installed,
    check_tensorflow_fork,
    file_states,
    import_keras,
)


class BaseImageClassifier(BaseNeuralClassifier):
    """Read a column of pictures; a concrete class brings the network."""

    image_size: int
    image_root: str | PathLike[str] | None
    on_error: Literal["raise", "missing"]
    max_pixels: int
    augmentation: bool
    max_memory: int

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        *BaseNeuralClassifier._needed_attributes,
        "image_size_",
    )

    _smallest_auto_batch: ClassVar[int] = 16  # batch normalisation measures it
    _n_auto_steps: ClassVar[int] = 200

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseNeuralClassifier._parameter_constraints,
        "image_size": [Interval(Integral, 32, None, closed="left")],
        "image_root": [str, PathLike, None],
        "on_error": [StrOptions({"raise", "missing"})],
        "max_pixels": [Interval(Integral, 1, None, closed="left")],
        "augmentation": ["boolean"],
        "max_memory": [Interval(Integral, 0, None, closed="left")],
    }

    def _import_framework(self) -> None:
        import_keras(type(self).__name__)
        for name in ("scikeras", "PIL"):
            check_installed(name, extra="image", purpose=type(self).__name__)

    def _engine(self) -> Engine:
        check_tensorflow_fork()  # a network that is live may be from the parent process
        return super()._engine()

    def _read(self, X: Any, *, reset: bool) -> Sized:
        cells, name = image_cells(X)
        self._check_columns(1, None if name is None else [name], reset=reset)
        if reset:
            self.image_size_ = int(self.image_size)
        return cells

    def _learn_encoding(
        self, read: Any, rows: NDArray[np.intp], weights: NDArray[np.float64]
    ) -> None:
        """Learn nothing: pictures are scaled, not measured."""

    def _encode(self, read: NDArray[np.object_]) -> Inputs:
        from amzest.image._decoded_images import decode_column

        return decode_column(
            read,
            name=str(getattr(self, "feature_names_in_", ["image"])[0]),
            size=self.image_size_,
            root=None if self.image_root is None else Path(self.image_root),
            on_error=self.on_error,
            max_pixels=int(self.max_pixels),
            max_memory=self.max_memory * 2**20,
            augmentation=self.augmentation,
            reader=type(self).__name__,
        )

    def input_fingerprint(self, X: Any) -> str | None:
        """Return a hash of the state of the image files that `X` names.

        Cached fits of an ensemble are reused only while it stays the same.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Images, or a table with a column of them.

        Returns
        -------
        str or None
            Hash of the path, size and time of last change of each file; None if `X`
            names no file.
        """
        states = file_states(X, self.image_root)
        return str(joblib.hash(states)) if states else None

    def _describe_missing(self, inputs: Any) -> str:
        return str(inputs.absence)

    def _build_engine(
        self, architecture: dict[str, Any], settings: TrainingSettings
    ) -> Engine:
        from amzest.image._networks import NETWORKS
        from amzest.neural._scikeras_engine import ScikerasEngine

        options = dict(architecture)
        return ScikerasEngine(NETWORKS[options.pop("network")], options, settings)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        return tags
