"""torch: devices, precision, the global generator, and computing with one thread."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any, TypeVar

import torch

from amzest.neural._devices import find_device
from amzest.neural._prefetch import map_in_threads
from amzest.utils import ForkSafeLock, available_threads

R = TypeVar("R")

#: torch has one global generator. Whoever seeds it, or restores its state afterwards,
#: holds this lock: networks that are fitted in threads of one process train their
#: epochs in turns, and a network is loaded before or after an epoch.
GENERATOR_LOCK = ForkSafeLock()


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread, and restore torch's setting.

    Sums over several threads differ in their last bits: with one thread the results do
    not depend on the number of threads or workers. The matrix products are so small
    that synchronizing threads takes longer than computing. In a forked process, where
    torch's other threads do not exist, it would wait for ever.
    """
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


def resolve_device(device: str) -> torch.device:
    """Return the torch device; "auto" prefers CUDA, then MPS, then the CPU."""
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    if device == "cpu":
        return torch.device("cpu")
    available = ["cpu"]
    if torch.accelerator.is_available():
        kind = torch.accelerator.current_accelerator().type
        n_devices = torch.accelerator.device_count()
        available += [f"{kind}:{number}" for number in range(n_devices)]
    name = find_device(device, available, "torch", gpu="cuda")
    return torch.device(name if ":" in device else name.partition(":")[0])


def trains_in_bfloat16(precision: str, device: torch.device) -> bool:
    """Return whether training uses bfloat16; "auto" does if the hardware supports it.

    There it makes all networks of this package faster; emulated, it is slower.
    """
    return has_bfloat16(device) if precision == "auto" else precision == "bfloat16"


def has_bfloat16(device: torch.device) -> bool:
    """Return whether a device has instructions for bfloat16."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        return bool(torch.cpu._is_avx512_bf16_supported())
    return False


def compute_side_by_side(
    compute_batch: Callable[[Any], R], batches: Iterator[Any]
) -> list[R]:
    """Compute batches in parallel, each with one thread, for identical results.

    A single batch is computed in this thread: starting another takes longer.
    """
    first, second = next(batches), next(batches, None)
    if second is None:
        return [compute_batch(first)]
    return list(
        map_in_threads(
            compute_batch,
            chain([first, second], batches),
            available_threads(),
            functools.partial(torch.set_num_threads, 1),
        )
    )
