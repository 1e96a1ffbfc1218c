"""Live networks that encode images: each is loaded once, for all estimators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from amzest.pretrained._image_settings import ImageModelSettings
from amzest.pretrained._image_source import ImageSource
from amzest.utils import CACHE, ForkSafeLock

#: Held while a network is loaded, so that threads do not load the same one twice.
_LOADING = ForkSafeLock()


class ImageModel(Protocol):
    """Encodes images, with whatever framework."""

    n_features: int
    n_bytes: int  # of the weights

    def encode(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return features, (n, n_features), of images of shape (n, size, size, 3)."""


def live_model(
    source: ImageSource, settings: ImageModelSettings, device: str
) -> ImageModel:
    """Return the encoder of a source, from the cache of the process or loaded."""
    key = "image model", source.fingerprint, settings, device
    with _LOADING:
        model: ImageModel | None = CACHE.get(key)
        if model is None:
            model = _LOADERS[source.kind](source, settings, device)
            CACHE.put(key, model, model.n_bytes)
        return model


def _load_torch(
    source: ImageSource, settings: ImageModelSettings, device: str
) -> ImageModel:
    from amzest.pretrained._torch_image_model import load_torch_image_model

    return load_torch_image_model(source, settings, device)


def _load_onnx(
    source: ImageSource, settings: ImageModelSettings, device: str
) -> ImageModel:
    from amzest.pretrained._onnx_image_model import load_onnx_image_model

    return load_onnx_image_model(
        source,
        settings.preprocessing,
        pooling=settings.pooling,
        output=settings.layer,
        device=device,
    )


def _load_keras(
    source: ImageSource, settings: ImageModelSettings, device: str
) -> ImageModel:
    from amzest.pretrained._keras_image_model import load_keras_image_model

    application = str(settings.keras_application)
    size = settings.preprocessing.image_size
    return load_keras_image_model(source, application, size)


_LOADERS: dict[str, Callable[[ImageSource, ImageModelSettings, str], ImageModel]] = {
    "transformers": _load_torch,
    "module": _load_torch,
    "onnx": _load_onnx,
    "keras": _load_keras,
}


def image_namespace(source: ImageSource, settings: ImageModelSettings) -> str:
    """Return what the features of an image depend on, for a cache."""
    return f"image:{source.fingerprint}:{settings!r}"


def known_width(source: ImageSource, settings: ImageModelSettings, device: str) -> int:
    """Return the number of features, without loading a network loaded before."""
    key = "image width", image_namespace(source, settings)
    width: int | None = CACHE.get(key)
    if width is None:
        width = live_model(source, settings, device).n_features
        CACHE.put(key, width, 1024)
    return width
