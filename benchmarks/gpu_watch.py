"""Is the device fed? Time of epochs and forward passes, with and without waiting."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from machine import describe_machine


class TimedBatches:
    """Iterates over batches, and sums up the time until each one is there."""

    def __init__(self, batches: Any) -> None:
        self._batches = iter(batches)
        self.waiting = 0.0
        self.n_rows = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        start = time.perf_counter()
        try:
            batch = next(self._batches)
        finally:
            self.waiting += time.perf_counter() - start
        self.n_rows += len(getattr(batch, "targets", ()))
        return batch


@dataclass
class Span:
    """Seconds of an epoch or a forward pass."""

    wall: float
    processor: float
    waiting: float
    n_rows: int


@dataclass
class Watch:
    """Epochs and forward passes in the order in which they were run."""

    n_epochs: int
    epochs: list[Span] = field(default_factory=list)
    forwards: list[Span] = field(default_factory=list)

    @property
    def synchronizes(self) -> bool:
        """Whether the running epoch waits for each step: only the last one does.

        A device computes while the next batch is awaited. Time of waiting is therefore
        measured while the device has nothing else to do.
        """
        return len(self.epochs) == self.n_epochs - 1

    def rows_per_second(self, clock: str = "wall") -> float:
        """Return the rate of all epochs but the first and the last."""
        counted = self.epochs[1:-1]
        seconds = sum(getattr(epoch, clock) for epoch in counted)
        return sum(epoch.n_rows for epoch in counted) / seconds

    @property
    def waiting(self) -> float:
        """Fraction of the last epoch in which the device waited for a batch."""
        return self.epochs[-1].waiting / self.epochs[-1].wall


@contextmanager
def watched(engine: type, n_epochs: int) -> Iterator[Watch]:
    """Time the epochs and forward passes of an engine class within the block."""
    watch = Watch(n_epochs)

    def timed(method: Callable[..., Any], spans: list[Span]) -> Callable[..., Any]:
        def run(self: Any, batches: Any, *args: Any) -> Any:
            batches = TimedBatches(batches)
            wall, processor = time.perf_counter(), time.process_time()
            result = method(self, batches, *args)
            spans.append(
                Span(
                    time.perf_counter() - wall,
                    time.process_time() - processor,
                    batches.waiting,
                    batches.n_rows,
                )
            )
            return result

        return run

    with (
        patch.object(engine, "run_epoch", timed(engine.run_epoch, watch.epochs)),
        patch.object(engine, "forward", timed(engine.forward, watch.forwards)),
        synchronized_steps(watch),
    ):
        yield watch


@contextmanager
def synchronized_steps(watch: Watch) -> Iterator[None]:
    """Let the steps of Keras networks return when they are computed, if watched so.

    The engine of text networks always waits for the loss of a step.
    """
    module: Any = sys.modules.get("amzest.neural._scikeras_engine")
    if module is None:
        yield
        return
    make = module.make_train_step

    def make_synchronized(*args: Any) -> Any:
        step = make(*args)

        def run(*batch: Any) -> Any:
            loss = step(*batch)
            return float(loss) if watch.synchronizes else loss

        return run

    with patch.object(module, "make_train_step", make_synchronized):
        yield


def describe_device(device: str) -> dict[str, Any]:
    """Return name and memory of the device."""
    if device.startswith("cuda"):
        import torch

        found = torch.cuda.get_device_properties(device)
        return {"name": found.name, "memory_bytes": found.total_memory}
    machine = describe_machine()
    return {"name": machine["processor"], "memory_bytes": machine["memory_bytes"]}


def forget_peak(device: str, backend: str = "torch") -> None:
    """Measure the peak of the device's memory from here on, where that is possible."""
    if not device.startswith("cuda"):
        return
    if backend == "torch":
        import torch

        torch.cuda.reset_peak_memory_stats()
    elif backend == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.reset_memory_stats("GPU:0")


def memory_peak(device: str, backend: str = "torch") -> int:
    """Return the peak of the device's memory; on a CPU that of the process."""
    if not device.startswith("cuda"):
        # Kilobytes, on macOS bytes.
        unit = 1 if sys.platform == "darwin" else 1024
        return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if backend == "torch":
        import torch

        return int(torch.cuda.max_memory_allocated())
    if backend == "tensorflow":
        import tensorflow as tf

        return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])
    import jax

    return int((jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use", 0))
