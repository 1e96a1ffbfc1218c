"""What the features of an image depend on, beside the weights of the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from amzest.pretrained._image_preprocessing import (
    Preprocessing,
    read_preprocessing,
    resolve_preprocessing,
)
from amzest.pretrained._image_source import ImageSource
from amzest.pretrained._model_folder import opened


@dataclass(frozen=True)
class ImageModelSettings:
    """All that the features of an image depend on, beside the weights."""

    pooling: str
    layer: str | None
    keras_application: str | None
    preprocessing: Preprocessing
    precision: str  # "float32" or "bfloat16"


def resolve_settings(
    source: ImageSource,
    *,
    pooling: str,
    layer: str | None,
    keras_application: str | None,
    precision: str,
    **preprocessing: Any,
) -> ImageModelSettings:
    """Return the settings, with the values of the network in place of "auto"."""
    known, where = known_preprocessing(source)
    if source.kind == "keras":
        _check_keras(preprocessing, layer)
        known |= {"mean": 0.0, "std": 1.0, "rescale_factor": 1.0}  # not used
    if source.kind == "onnx" and "image_size" not in known:
        known |= _onnx_size(source)
    return ImageModelSettings(
        pooling,
        layer,
        keras_application,
        resolve_preprocessing(known, where, **preprocessing),
        precision,
    )


def _check_keras(preprocessing: Mapping[str, Any], layer: str | None) -> None:
    given = [k for k in ("mean", "std", "rescale_factor") if preprocessing[k] != "auto"]
    if layer is not None:
        given.append("layer")
    if given:
        raise ValueError(
            f"`{given[0]}` has no effect on a Keras application, which normalises "
            "pixels itself; its features are those of include_top=False, averaged."
        )


def _onnx_size(source: ImageSource) -> dict[str, Any]:
    from amzest.pretrained._onnx_image_model import input_size

    size = input_size(source)
    return {} if size is None else {"image_size": size}


def known_preprocessing(source: ImageSource) -> tuple[dict[str, Any], str]:
    """Return the preprocessing that comes with a network, and where it was searched."""
    if source.kind == "module":
        return _of_timm(source.module), "the network (it has no `pretrained_cfg`)"
    if source.kind == "keras":
        return {}, "the file of the weights"
    with opened(source.files) as folder:
        return (
            read_preprocessing(folder),
            f"{source.reference} (it has no complete preprocessor_config.json)",
        )


def _of_timm(network: Any) -> dict[str, Any]:
    """Return the values in the configuration that a network of timm carries."""
    config = getattr(network, "pretrained_cfg", None)
    if not isinstance(config, dict):
        return {}
    known = {name: config[name] for name in ("mean", "std") if config.get(name)}
    size = config.get("input_size")
    if isinstance(size, tuple | list) and len(size) == 3 and size[1] == size[2]:
        known["image_size"] = int(size[1])
    return known
