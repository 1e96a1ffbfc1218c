"""Networks of keras.applications with weights from a file."""

from __future__ import annotations

import importlib
import random
import types
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.pretrained._image_source import ImageSource
from amzest.pretrained._model_folder import opened
from amzest.utils import check_tensorflow_fork, import_keras, shown

_BATCH = 32


class KerasImageModel:
    """Encodes images with a network of keras.applications."""

    def __init__(self, network: Any, preprocess: Any) -> None:
        self.network = network
        self.preprocess = preprocess
        self.n_features = int(network.output_shape[-1])
        self.n_bytes = 4 * int(network.count_params())

    def encode(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return features, (n, n_features), of images of shape (n, size, size, 3)."""
        check_tensorflow_fork()
        parts = []
        for start in range(0, len(pixels), _BATCH):
            values = pixels[start : start + _BATCH].astype(np.float32)
            parts.append(self.network.predict_on_batch(self.preprocess(values)))
        return np.concatenate(parts).astype(np.float32)


def load_keras_image_model(
    source: ImageSource, application: str, image_size: int
) -> KerasImageModel:
    """Build the network of an application, and load its weights."""
    keras = import_keras("A Keras application")
    build = getattr(keras.applications, application, None)
    if build is None or isinstance(build, types.ModuleType):
        raise ValueError(
            f"`keras_application` is {shown(application)}, but there is no such "
            'network in keras.applications. Pass for example "EfficientNetB0".'
        )
    state = random.getstate()  # the layers take their seeds from the global one
    try:
        network = build(
            include_top=False,
            weights=None,
            pooling="avg",
            input_shape=(image_size, image_size, 3),
        )
    finally:
        random.setstate(state)
    network.trainable = False
    try:
        with opened(source.files) as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the error below tells more
            network.load_weights(folder / source.name)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(
            f"{source.reference}: these are not the weights of "
            f"keras.applications.{application}(include_top=False) "
            f"({str(error).splitlines()[0]})."
        ) from error
    # Each module of applications has one for all networks that it defines.
    defined_in: Any = importlib.import_module(build.__module__)
    return KerasImageModel(network, defined_in.preprocess_input)
