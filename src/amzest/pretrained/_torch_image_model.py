"""Networks of images that run on torch: of transformers, or a user's own module."""

from __future__ import annotations

import copy
import inspect
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from amzest.neural._torch import compute_side_by_side, one_thread, resolve_device
from amzest.pretrained._image_network import ImageNetwork, check_network
from amzest.pretrained._image_preprocessing import Preprocessing
from amzest.pretrained._image_settings import ImageModelSettings
from amzest.pretrained._image_source import ImageSource
from amzest.pretrained._loading import (
    TRANSFORMERS_LOCK,
    load_network,
    quiet_transformers,
)
from amzest.pretrained._model_folder import opened, read_config, weight_files
from amzest.utils import shown

#: Images of one forward pass. On a CPU one image at a time takes no longer than many,
#: and its features do not depend on the others.
_CPU_BATCH, _GPU_BATCH = 1, 64

#: The part of image-text models that encodes images.
_VISION_CONFIG = "vision_config"
#: Models that hide random parts of each image, also in evaluation mode.
_MASKING = {"vit_mae", "videomae", "vjepa2"}


class TorchImageModel:
    """Encodes images with a torch network."""

    def __init__(
        self,
        network: ImageNetwork,
        preprocessing: Preprocessing,
        precision: str,
        device: torch.device,
    ) -> None:
        self.n_features = check_network(network, preprocessing.image_size)
        # Convolutions are a tenth faster on a CPU with channels in the last place.
        self.network = network.to(device, memory_format=torch.channels_last)
        self.preprocessing = preprocessing
        self.device = device
        self.low_precision = precision == "bfloat16"
        self.n_bytes = sum(p.nbytes for p in network.state_dict().values())

    def encode(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return features, (n, n_features), of images of shape (n, size, size, 3)."""
        return self.compute(self.network, pixels)

    def compute(self, function: Any, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the outputs of a function of normalised pixels, for each image."""
        on_cpu = self.device.type == "cpu"
        size = _CPU_BATCH if on_cpu else _GPU_BATCH
        batches = [
            pixels[start : start + size] for start in range(0, len(pixels), size)
        ]

        def compute_batch(batch: NDArray[np.uint8]) -> torch.Tensor:
            tensor = torch.from_numpy(self.preprocessing.apply(batch)).to(
                self.device, memory_format=torch.channels_last
            )
            autocast = torch.autocast(self.device.type, torch.bfloat16)
            with (
                torch.inference_mode(),
                autocast if self.low_precision else nullcontext(),
            ):
                return function(tensor).float().cpu()

        with one_thread():
            if on_cpu:
                parts = compute_side_by_side(compute_batch, iter(batches))
            else:
                parts = [compute_batch(batch) for batch in batches]
        return torch.cat(parts).numpy()


def load_torch_image_model(
    source: ImageSource, settings: ImageModelSettings, device: str
) -> TorchImageModel:
    """Load a network, and check that it encodes images of the size."""
    with one_thread():
        network = load_image_network(source, settings)
        return TorchImageModel(
            network,
            settings.preprocessing,
            settings.precision,
            resolve_device(device),
        )


def load_image_network(
    source: ImageSource, settings: ImageModelSettings
) -> ImageNetwork:
    """Return the network of a source, with its pooling, on the CPU."""
    options: dict[str, Any] = {"pooling": settings.pooling, "layer": settings.layer}
    if source.kind == "module":
        # A copy: the network of the user keeps its mode, its hooks and its device.
        module = copy.deepcopy(source.module).cpu().float().requires_grad_(False)
        return ImageNetwork(module, arguments=_arguments(module, settings), **options)
    with opened(source.files) as folder:
        module = _load_folder(folder)
        pooler = _has_trained_pooler(module, folder)
    arguments = _arguments(module, settings)
    return ImageNetwork(module, arguments=arguments, trained_pooler=pooler, **options)


def _load_folder(folder: Path) -> Any:
    """Load the network of a folder; of image-text models only that of the images."""
    config = read_config(folder)
    kind = config.get("model_type")
    if kind in _MASKING:
        raise ValueError(
            f"{folder}: models of the type {shown(kind)} hide random parts of each "
            "image. Use another model."
        )
    if kind is None and "architecture" in config:
        raise ValueError(
            f"{folder}: this is a model of timm, whose architecture is not part of "
            "transformers. Create the network with timm.create_model, load its weights "
            "and pass it as `model`."
        )
    if _VISION_CONFIG not in config:
        return load_network(folder)
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import MODEL_MAPPING

    with TRANSFORMERS_LOCK, quiet_transformers():
        whole = AutoConfig.from_pretrained(folder, local_files_only=True)
    vision = MODEL_MAPPING[type(whole.vision_config)]
    return load_network(folder, vision.__name__)


def _has_trained_pooler(module: Any, folder: Path) -> bool:
    """Return whether all weights of the pooling layer are in the files.

    Checkpoints of image classifiers often lack them; they would be random numbers.
    """
    from safetensors import safe_open

    wanted = {n for n, _ in module.named_parameters() if n.startswith("pooler.")}
    if not wanted:
        return True
    found: set[str] = set()
    for name in weight_files(folder):
        if not name.endswith(".json"):
            with safe_open(folder / name, framework="numpy") as file:
                found.update(file.keys())
    return all(any(key.endswith(name) for key in found) for name in wanted)


def _arguments(module: Any, settings: ImageModelSettings) -> dict[str, Any]:
    """Return what is passed to `forward`: position embeddings fit only one size."""
    parameters = inspect.signature(module.forward).parameters
    arguments: dict[str, Any] = {}
    config = getattr(module, "config", None)
    if config is not None and "pixel_values" in parameters:
        arguments["pixel_values"] = None  # passed by name
    size = getattr(config, "image_size", None)
    other = size not in (None, settings.preprocessing.image_size)
    if other and "interpolate_pos_encoding" in parameters:
        arguments["interpolate_pos_encoding"] = True
    return arguments
