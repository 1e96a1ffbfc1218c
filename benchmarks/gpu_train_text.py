"""How fast do the text networks train on a GPU, compared with a hand-written loop?

`fit` in bfloat16 is compared with ``rivals/torch_loop.py``: the same module, weights
and batches, with autocast to bfloat16. The loop uses batches recorded from a fit,
whereas `fit` creates them during training, so that waiting for batches is visible here.
The first epoch, which warms up the GPU, is excluded.

    make bench-gpu
    python benchmarks/gpu_train_text.py --device cpu --n 500       # for a quick test
"""

from __future__ import annotations

import copy
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from bench_split_products import shop_titles
from networks import networks
from side_by_side import Report, Turn, make_parser, parse_arguments, ratios_of

NETWORKS = {f"text {name}": cls for name, cls in networks("text").items()}
N_CATEGORIES = 10

#: Speed relative to the hand-written loop.
TARGET = 0.9


@dataclass
class Epoch:
    """Batches and time of an epoch of `fit`."""

    batches: list[Any] = field(default_factory=list)
    learning_rates: list[float] = field(default_factory=list)
    module: Any = None  # before the epoch
    wall: float = 0.0
    processor: float = 0.0


@contextmanager
def watched_epochs(*, record: bool) -> Iterator[list[Epoch]]:
    """Time the epochs of fits in this block, and record the batches of the first."""
    from amzest.neural._skorch_engine import SkorchEngine

    run_epoch = SkorchEngine.run_epoch
    epochs: list[Epoch] = []

    def watched(engine: Any, batches: Any, learning_rates: Any) -> float:
        epoch = Epoch()
        if record:
            epoch.module = copy.deepcopy(engine.net.module_)
            batches = epoch.batches = list(batches)
            learning_rates = epoch.learning_rates = list(learning_rates)
        epoch.wall, epoch.processor = time.perf_counter(), time.process_time()
        loss = run_epoch(engine, batches, learning_rates)
        epoch.wall = time.perf_counter() - epoch.wall
        epoch.processor = time.process_time() - epoch.processor
        epochs.append(epoch)
        return loss

    SkorchEngine.run_epoch = watched  # type: ignore[method-assign]
    try:
        yield epochs
    finally:
        SkorchEngine.run_epoch = run_epoch  # type: ignore[method-assign]


def summed(epochs: list[Epoch], n_rows: int) -> Turn:
    """Return the sum over all epochs but the first."""
    counted = epochs[1:]
    return Turn(
        sum(epoch.wall for epoch in counted),
        sum(epoch.processor for epoch in counted),
        n_rows * len(counted),
    )


def fit_turn(network: Callable[..., Any], X: Any, y: Any, settings: Any) -> Turn:
    """Fit once."""
    with watched_epochs(record=False) as epochs:
        network(**settings).fit(X, y)
    return summed(epochs, len(X))


def hand_turn(
    recorded: Epoch,
    n_rows: int,
    settings: dict[str, Any],
    table_factor: float,
    *,
    compile_mode: str | None = None,
) -> Turn:
    """Train a copy of the module on the recorded batches for the same epochs.

    With a mode, torch compiles all but the sums of embeddings, whose gradients are
    sparse. It does so in the first epoch, which does not count.
    """
    import torch
    from rivals.torch_loop import train_epoch_by_hand

    device = settings["device"]
    module = copy.deepcopy(recorded.module).to(device)
    if compile_mode is not None:
        torch._dynamo.reset()
        module.features_of_vectors = torch.compile(
            module.features_of_vectors, dynamic=True, mode=compile_mode
        )
    epochs = []
    for _ in range(settings["max_epochs"]):
        epoch = Epoch(wall=time.perf_counter(), processor=time.process_time())
        train_epoch_by_hand(
            module,
            recorded.batches,
            learning_rates=recorded.learning_rates,
            device=device,
            precision=settings["precision"],
            table_factor=table_factor,
        )
        if device.startswith("cuda"):
            torch.cuda.synchronize()
        epoch.wall = time.perf_counter() - epoch.wall
        epoch.processor = time.process_time() - epoch.processor
        epochs.append(epoch)
    return summed(epochs, n_rows)


def main() -> int:
    parser = make_parser(__doc__, rounds=5)
    parser.add_argument("--device", default="cuda", help="default: %(default)s")
    parser.add_argument("--precision", default="bfloat16", help="default: %(default)s")
    parser.add_argument("--n", type=int, help="number of titles (default: 20,000)")
    parser.add_argument("--epochs", type=int, default=4, help="epochs per run")
    options = parse_arguments(parser)
    import torch

    if options.device.startswith("cuda") and not torch.cuda.is_available():
        print("torch cannot use a GPU here; nothing is measured.")
        return 0
    warnings.simplefilter("ignore")
    n = options.n or (4_000 if options.short else 20_000)
    X = shop_titles(n)
    y = [crc32(title.split()[0].encode()) % N_CATEGORIES for title in X]
    report = Report(__doc__.splitlines()[0], options)
    if options.device.startswith("cuda"):
        print(f"  on {torch.cuda.get_device_name()}")
    for name, network in NETWORKS.items():
        settings = {
            "max_epochs": options.epochs,
            "calibrate": False,
            "device": options.device,
            "precision": options.precision,
            "random_state": 0,
        }
        with watched_epochs(record=True) as epochs:
            network(**{**settings, "max_epochs": 1}).fit(X, y)
        classifier = network()
        table_factor = classifier.embedding_learning_rate / classifier.learning_rate
        turns: dict[str, list[Turn]] = {"amzest": [], "by hand": []}
        for _ in range(options.rounds):
            turns["amzest"].append(fit_turn(network, X, y, settings))
            turns["by hand"].append(hand_turn(epochs[0], n, settings, table_factor))
        report.add(
            f"{name}, {n:,} titles, {options.precision} on {options.device}",
            ratios_of(turns["amzest"], turns["by hand"]),
            rival="by hand",
            target=TARGET,
            better="higher",
            units_per_second={
                each: statistics.median(turn.units / turn.wall for turn in taken)
                for each, taken in turns.items()
            },
        )
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
