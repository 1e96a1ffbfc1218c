"""Device names, the same for every framework."""

from __future__ import annotations

from collections.abc import Sequence

from amzest.utils import shown


def find_device(
    device: str, available: Sequence[str], framework: str, *, gpu: str = "gpu"
) -> str:
    """Return the available device named by the parameter `device`.

    `device` is a kind with or without a number, such as "cpu", "gpu" or "cuda:1". "gpu"
    and "cuda" both mean what the framework calls `gpu`.
    """
    kind, _, number = device.partition(":")
    kind = gpu if kind in ("gpu", "cuda") else kind
    names = {name if ":" in name else f"{name}:0": name for name in available}
    try:
        return names[f"{kind}:{number or 0}"]
    except KeyError:
        raise ValueError(
            f"`device` is {shown(device)}, but {framework} has only "
            f'{", ".join(available)} here. Pass device="auto" or one of these.'
        ) from None
