"""Loading of networks by transformers: from safetensors, silently, without a network.

Weights are read from the given folder only, code from the installed package only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from amzest.pretrained._model_folder import read_config, weight_files
from amzest.utils import ForkSafeLock, import_torch, require, shown_list

#: Held while transformers loads: it has one verbosity.
TRANSFORMERS_LOCK = ForkSafeLock()

#: Weights that may be missing: no output of the last layer depends on them.
_UNUSED = re.compile(r"(?:.*\.)?pooler\..*|.*position_ids")


def import_transformers(purpose: str) -> Any:
    """Import transformers, and torch before it in a safe order."""
    import_torch(purpose)
    return require("transformers", extra="pretrained", purpose=purpose)


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Load without messages and progress bars, and restore transformers' settings.

    The caller holds the lock: Ctrl+C on the way into a generator's block would leave
    one that the generator holds acquired for as long as the traceback exists.
    """
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def load_network(
    folder: Path, auto_class: str = "AutoModel", *, unused: re.Pattern[str] = _UNUSED
) -> Any:
    """Load a network in float32, for evaluation.

    `auto_class` is the class of transformers that finds the architecture. Weights whose
    names match `unused` may be missing from the file.
    """
    transformers = import_transformers("Loading pretrained weights")
    import torch

    from amzest.neural._torch import GENERATOR_LOCK

    read_config(folder)
    check_weights(folder)
    with (
        TRANSFORMERS_LOCK,
        GENERATOR_LOCK,
        quiet_transformers(),
        torch.random.fork_rng(devices=[]),
    ):
        network, info = getattr(transformers, auto_class).from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=torch.float32,
            ignore_mismatched_sizes=True,  # they are named below
            output_loading_info=True,
        )
    missing = sorted(k for k in info["missing_keys"] if not unused.fullmatch(k))
    wrong = sorted(str(key[0]) for key in info.get("mismatched_keys", ()))
    if missing or wrong:
        raise ValueError(
            f"{folder}: the weights do not belong to the network that config.json "
            f"describes: {shown_list(missing + wrong, 5)} "
            f"{'are missing' if missing else 'have another shape'}. Fetch the model "
            "again."
        )
    return network.eval().requires_grad_(False)


def check_weights(folder: Path) -> None:
    """Raise if a file of weights is truncated or not a safetensors file."""
    require("safetensors", extra="pretrained", purpose="Loading pretrained weights")
    from safetensors import SafetensorError, safe_open

    for name in weight_files(folder):
        if name.endswith(".json"):
            continue
        try:
            with safe_open(folder / name, framework="numpy"):
                pass
        except SafetensorError as error:
            raise ValueError(
                f"{folder / name}: truncated, or not a safetensors file ({error}). "
                "Fetch the model again."
            ) from error
