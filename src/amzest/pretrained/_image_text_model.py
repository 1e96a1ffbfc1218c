"""Models that encode images and texts in one space: CLIP and SigLIP.

Their texts are encoded here. Their images are encoded as those of other networks are,
and projected by the matrix that is read here.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.pretrained._loading import check_weights, load_network
from amzest.pretrained._model_folder import (
    Source,
    opened,
    read_config,
    read_json,
    weight_files,
)
from amzest.pretrained._text_model import find_pad_id, load_tokenizer
from amzest.utils import shown, shown_list

Vectors = NDArray[np.float32]

#: Texts of one forward pass.
_BATCH = 64
_PUNCTUATION = re.compile(f"[{re.escape(string.punctuation)}]")


@dataclass(frozen=True)
class _Layout:
    """How the texts of a type of models are encoded."""

    text_class: str  # of transformers, its `pooler_output` is the vector
    default_length: int
    pads: bool  # to the full length, and without an attention mask
    lower_case: bool


#: By `model_type`. The tower of the texts of SigLIP reads the last position, which is
#: one of the padding (https://huggingface.co/docs/transformers/model_doc/siglip).
_LAYOUTS = {
    "clip": _Layout("CLIPTextModel", 77, pads=False, lower_case=False),
    "siglip": _Layout("SiglipTextModel", 64, pads=True, lower_case=True),
}


def encodes_images_and_texts(folder: Path) -> bool:
    """Return whether a model has an encoder of images and one of texts."""
    config = read_config(folder)
    return "vision_config" in config and "text_config" in config


def check_image_text_model(folder: Path) -> None:
    """Raise if a model is not of a type that is implemented, or lacks files."""
    kind = read_config(folder).get("model_type")
    if kind not in _LAYOUTS:
        raise ValueError(
            f"{folder}: models of images and texts of the type {shown(kind)} are not "
            f"implemented; those of the types {shown_list(_LAYOUTS)} are, which include"
            " SigLIP 2 with a fixed image size."
        )
    check_weights(folder)


def read_projection(source: Source, name: str) -> Vectors | None:
    """Return the matrix of a linear layer without bias, (n_inputs, n_outputs).

    None if the model has no such layer: the vectors are used as they are.
    """
    from safetensors import safe_open

    key = f"{name}.weight"
    with opened(source) as folder:
        for file_name in weight_files(folder):
            if file_name.endswith(".json"):
                continue
            with safe_open(folder / file_name, framework="pt") as file:
                if key in file.keys():  # noqa: SIM118 - not a dict
                    matrix: Vectors = file.get_tensor(key).float().numpy().T
                    return np.ascontiguousarray(matrix)
    return None


def encode_category_texts(source: Source, texts: Sequence[str]) -> Vectors:
    """Return the vectors of texts in the space of the images, (n_texts, n_features)."""
    import torch

    from amzest.neural._torch import one_thread

    with opened(source) as folder:
        config = read_config(folder)
        layout = _LAYOUTS[config["model_type"]]
        ids = _token_ids(folder, config, layout, texts)
        network = load_network(folder, layout.text_class)
        projection = read_projection(folder, "text_projection")
    order = sorted(range(len(texts)), key=lambda row: len(ids[row]))
    rows: list[int] = []
    parts = []
    with one_thread(), torch.inference_mode():
        # Texts of one length at a time: nothing is padded, or all to the full length.
        for _, group in groupby(order, key=lambda row: len(ids[row])):
            same = list(group)
            for start in range(0, len(same), _BATCH):
                batch = same[start : start + _BATCH]
                tokens = torch.tensor([ids[row] for row in batch])
                parts.append(network(input_ids=tokens).pooler_output.numpy())
                rows += batch
    vectors: Vectors = np.concatenate(parts)[np.argsort(rows)]
    return vectors if projection is None else vectors @ projection


def _token_ids(
    folder: Path, config: dict[str, Any], layout: _Layout, texts: Sequence[str]
) -> list[list[int]]:
    """Return the token ids of each text, as the processor of the model makes them."""
    settings = read_json(folder, "tokenizer_config.json") or {}
    length = config["text_config"].get("max_position_embeddings", layout.default_length)
    tokenizer = load_tokenizer(folder)
    tokenizer.enable_truncation(length)
    if layout.pads:
        tokenizer.enable_padding(
            direction=settings.get("padding_side") or "right",
            pad_id=find_pad_id(folder, tokenizer),
            length=length,
        )
    result = []
    for text in texts:
        if layout.lower_case:
            text = text.lower()
        if settings.get("tokenizer_class") in (
            "SiglipTokenizer",
            "SiglipTokenizerFast",
        ):
            text = " ".join(_PUNCTUATION.sub("", text).split())
        result.append(tokenizer.encode(text).ids)
    return result
