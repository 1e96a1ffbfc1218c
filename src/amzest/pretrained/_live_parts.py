"""The two parts of a live network: one for all estimators, one for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from amzest.neural._torch import one_thread
from amzest.pretrained._image_model import image_namespace, live_model
from amzest.pretrained._image_settings import ImageModelSettings
from amzest.pretrained._image_source import ImageSource
from amzest.pretrained._network_cut import (
    FrozenPart,
    TrainedPart,
    cut_network,
    find_blocks,
)
from amzest.pretrained._torch_image_model import TorchImageModel
from amzest.utils import CACHE, ForkSafeLock

_CUTTING = ForkSafeLock()


class LiveParts:
    """A network cut before its last blocks."""

    def __init__(self, model: TorchImageModel, block: str, namespace: str) -> None:
        size = model.preprocessing.image_size
        self.model = model
        self.block = block  # the first one that is trained
        self.namespace = namespace  # of its feature maps in a cache
        self.n_features = model.n_features
        self.frozen: FrozenPart = cut_network(model.network, block, size)
        self._pixels = torch.zeros(1, 3, size, size, device=model.device)
        with torch.inference_mode():
            self.shape = tuple(self.frozen(self._pixels).shape[1:])

    def encode(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the feature maps of images as one row for each."""

        def flat_maps(tensor: torch.Tensor) -> torch.Tensor:
            return self.frozen(tensor).flatten(1)

        return self.model.compute(flat_maps, pixels)

    def new_trained_part(self) -> TrainedPart:
        """Return the part that is trained, with the pretrained weights."""
        return TrainedPart(self.model.network, self.block, self._pixels)


def choose_block(
    source: ImageSource,
    settings: ImageModelSettings,
    device: str,
    *,
    blocks: str | Sequence[str],
    n_trained: int,
) -> str:
    """Return the name of the first of the last blocks that are trained."""
    if source.kind in ("onnx", "keras"):
        what = {"onnx": "an ONNX file", "keras": "a Keras application"}[source.kind]
        raise ValueError(
            f"`trainable` is {n_trained}, but `model` is {what}, of which no blocks "
            'can be trained. Pass trainable="head", or a folder or a torch module as '
            "`model`."
        )
    model: Any = live_model(source, settings, device)
    names = find_blocks(model.network.network, blocks)
    if n_trained > len(names):
        raise ValueError(
            f"`trainable` is {n_trained}, but the network has {len(names)} blocks "
            f"({names[0]} to {names[-1]}). Pass a smaller number, or other `blocks`."
        )
    return names[len(names) - n_trained]


def live_parts(
    source: ImageSource, settings: ImageModelSettings, device: str, block: str
) -> LiveParts:
    """Return the parts of a network, from the cache of the process or made."""
    key = "image parts", source.fingerprint, settings, device, block
    with _CUTTING:
        parts: LiveParts | None = CACHE.get(key)
        if parts is None:
            model: Any = live_model(source, settings, device)
            # The feature maps do not depend on what is done with later outputs.
            name = image_namespace(source, replace(settings, pooling="", layer=None))
            with one_thread():
                parts = LiveParts(model, block, f"{name}:{block}")
            CACHE.put(key, parts, model.n_bytes)  # weights that it shares
        return parts
