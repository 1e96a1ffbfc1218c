"""Where a network computes, named alike for every framework."""

from __future__ import annotations

from collections.abc import Sequence

from amzest.utils import shown


def find_device(
    device: str, there: Sequence[str], framework: str, *, gpu: str = "gpu"
) -> str:
    """Find the device that the parameter `device` names.

    Parameters
    ----------
    device : str
        Kind of device, with or without a number: "cpu", "gpu", "cuda:1".

    there : sequence of str
        Devices that the framework has; a kind without a number has one device.

    framework : str
        Name of the framework, for the message.

    gpu : str, default="gpu"
        What the framework calls a GPU. Both "gpu" and "cuda" name it.

    Returns
    -------
    str
        One of `there`.

    Raises
    ------
    ValueError
        When there is no such device; names those there are.
    """
    kind, _, number = device.partition(":")
    kind = gpu if kind in ("gpu", "cuda") else kind
    names = {name if ":" in name else f"{name}:0": name for name in there}
    try:
        return names[f"{kind}:{number or 0}"]
    except KeyError:
        raise ValueError(
            f"`device` is {shown(device)}, but {framework} has only "
            f'{", ".join(there)} here. Pass device="auto" or one of these.'
        ) from None
