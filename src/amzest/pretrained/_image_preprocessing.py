"""What is done with the pixels of an image before a pretrained network sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.pretrained._model_folder import read_json
from amzest.utils import shown

Auto = Any  # "auto", or a value

#: Names of the files with the preprocessing in the layout of transformers, and the key
#: in the second one.
_FILES = (
    ("preprocessor_config.json", None),
    ("processor_config.json", "image_processor"),
)


@dataclass(frozen=True)
class Preprocessing:
    """Size of the square that images are scaled into, and normalisation of pixels.

    A pixel `x` from 0 to 255 becomes ``(x * rescale_factor - mean) / std``.
    """

    image_size: int
    mean: tuple[float, ...]  # of red, green and blue
    std: tuple[float, ...]
    rescale_factor: float
    reverse_channels: bool = False  # blue, green, red

    def apply(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return normalised pixels, (n, 3, size, size), of (n, size, size, 3)."""
        scale = np.float32(self.rescale_factor) / np.asarray(self.std, np.float32)
        shift = np.asarray(self.mean, np.float32) / np.asarray(self.std, np.float32)
        normalised = pixels.astype(np.float32) * scale - shift
        if self.reverse_channels:
            normalised = normalised[..., ::-1]
        return np.ascontiguousarray(normalised.transpose(0, 3, 1, 2))


def resolve_preprocessing(
    known: Mapping[str, Any], where: str, **params: Auto
) -> Preprocessing:
    """Return the preprocessing by the parameters; those that are "auto" by `known`.

    `known` are the values that come with the network, `where` describes it in messages.
    """
    values = {**known, **{k: v for k, v in params.items() if not _is_auto(v)}}
    values.setdefault("rescale_factor", 1 / 255)
    lacks = [name for name in ("image_size", "mean", "std") if name not in values]
    if lacks:
        names = " and ".join(f"`{name}`" for name in lacks)
        raise ValueError(
            f"{names} must be given: {where} does not tell them. Pass what the network "
            "was trained with; for networks trained on ImageNet by torchvision or timm "
            "this is usually image_size=224, mean=(0.485, 0.456, 0.406), std=(0.229, "
            "0.224, 0.225)."
        )
    mean, std = (_three(values[name], name) for name in ("mean", "std"))
    factor = float(values["rescale_factor"])
    # A mean on another scale than the pixels would go unnoticed, with bad predictions.
    if max(mean) > 255 * factor * 1.0001:
        raise ValueError(
            f"`mean` is {shown(values['mean'])}, but with rescale_factor={factor:g} "
            f"pixels range from 0 to {255 * factor:g}. Pass rescale_factor=1 if `mean` "
            "and `std` are those of pixels from 0 to 255."
        )
    return Preprocessing(
        int(values["image_size"]),
        mean,
        std,
        factor,
        bool(values.get("reverse_channels", False)),
    )


def _is_auto(value: Any) -> bool:
    return isinstance(value, str) and value == "auto"


def _three(value: Any, name: str) -> tuple[float, ...]:
    """Return a number or a sequence of them for each of the three channels."""
    numbers: list[Any] = [value] * 3 if isinstance(value, Real) else list(value)
    real = all(isinstance(number, Real) for number in numbers)
    if len(numbers) != 3 or not real or not np.isfinite(numbers).all():
        raise ValueError(
            f"`{name}` is {shown(value)}; expected a number, or one for each of red, "
            "green and blue."
        )
    if name == "std" and min(numbers) <= 0:
        raise ValueError(f"`std` is {shown(value)}; expected numbers above 0.")
    return tuple(float(number) for number in numbers)


def read_preprocessing(folder: Path) -> dict[str, Any]:
    """Return what the image processor of a folder does, by parameters of ours.

    The file is read here since transformers' image processors need torchvision. Images
    are scaled into the square that the network takes: they are never cropped.
    """
    for name, key in _FILES:
        config = read_json(folder, name)
        if config is not None and key is not None:
            config = config.get(key)
        if isinstance(config, dict):
            return _translate(config, folder / name)
    return {}


def _translate(config: Mapping[str, Any], path: Path) -> dict[str, Any]:
    known: dict[str, Any] = {}
    size = _network_size(config)
    if size is not None:
        known["image_size"] = size
    known["rescale_factor"] = (
        config.get("rescale_factor", 1 / 255) if config.get("do_rescale", True) else 1.0
    )
    mean, std = config.get("image_mean"), config.get("image_std")
    if not config.get("do_normalize", True):
        mean, std = 0.0, 1.0
    if mean is None or std is None:
        return known
    means, stds = np.array(_three(mean, "mean")), np.array(_three(std, "std"))
    if config.get("rescale_offset", False):  # pixels are shifted to begin at -1
        means = means + 1
    if config.get("include_top", False):  # of EfficientNet: divided by it once more
        stds = stds**2
    known["mean"], known["std"] = tuple(means.tolist()), tuple(stds.tolist())
    if config.get("do_flip_channel_order", False):
        known["reverse_channels"] = True
    return known


def _network_size(config: Mapping[str, Any]) -> int | None:
    """Return the side of the square that the network takes; None if it has none."""
    crops = config.get("do_center_crop", "crop_size" in config)
    size = config.get("crop_size") if crops else None
    size = config.get("size") if size is None else size
    if isinstance(size, Integral):
        return int(size)
    if isinstance(size, Sequence) and not isinstance(size, str):
        sides = set(size)
    elif isinstance(size, Mapping):
        sides = {size[k] for k in ("height", "width", "shortest_edge") if size.get(k)}
    else:
        return None
    return int(sides.pop()) if len(sides) == 1 else None
