"""The parts of the GPU benchmark, each for a process of its own.

    python benchmarks/gpu_parts.py text --device cpu --quick --json text.json

Keras has one backend in a process, and the peak of the memory belongs to a process.
``benchmarks/gpu.py`` runs all parts.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zlib import crc32

import numpy as np
from bench_split_products import shop_titles
from gpu_watch import describe_device, forget_peak, memory_peak, watched
from machine import describe_machine, installed_versions
from networks import networks

N_CATEGORIES = 10
PRECISIONS = ("float32", "bfloat16")
#: Of these epochs the first warms up, and the last is measured with waiting.
N_EPOCHS = 4
#: Height and width of images, also with ``--quick``.
IMAGE_SIZE, QUICK_IMAGE_SIZE = 64, 32

Record = dict[str, Any]


def titles_and_labels(n: int) -> tuple[list[str], list[int]]:
    """Generate titles; the label depends on the brand."""
    titles = shop_titles(n)
    return titles, [crc32(title.split()[0].encode()) % N_CATEGORIES for title in titles]


def images_and_labels(n: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Generate images of random pixels."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (n, size, size, 3), dtype=np.uint8)
    return X, np.arange(n) % N_CATEGORIES


def shown(record: Record) -> Record:
    """Print a record, and return it."""
    values = [
        f"{record['items_per_second']:,.0f} items/s",
        f"waiting {record['waiting']:.0%}" if record.get("waiting") is not None else "",
        f"peak {record['memory_peak_bytes'] / 2**20:,.0f} MiB",
    ]
    what = [str(record[key]) for key in ("part", "name", "task", "precision", "batch")]
    print("  " + ", ".join(filter(None, [*what, *values])), flush=True)
    return record


def failed(common: Record, error: Exception) -> Record:
    """Print what could not be measured, and return it as a record.

    Without a compiler, or in a precision that the processor lacks, the others are
    measured nevertheless.
    """
    first = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
    print(f"  {common['part']}, {common['name']}, {common['precision']}: {first}")
    return {"task": "fit", **common, "error": first}


def score_record(
    common: Record, model: Any, X: Any, watch: Any, options: Any, backend: str
) -> Record:
    """Measure `predict_proba`; waiting is all but the forward passes of the network."""
    model.predict_proba(X)  # graphs are built
    watch.forwards.clear()
    forget_peak(options.device, backend)
    start = time.perf_counter()
    model.predict_proba(X)
    wall = time.perf_counter() - start
    computing = sum(span.wall - span.waiting for span in watch.forwards)
    return shown(
        {
            **common,
            "task": "predict_proba",
            "batch": None,
            "items_per_second": len(X) / wall,
            "waiting": max(0.0, 1 - computing / wall),
            "memory_peak_bytes": memory_peak(options.device, backend),
        }
    )


def measure_fit(
    engine: type, make: Callable[..., Any], X: Any, y: Any, common: Record, options: Any
) -> Iterator[Record]:
    """Measure a network, or return the error."""
    try:
        yield from fit_records(engine, make, X, y, common, options)
    except Exception as error:
        yield failed(common, error)


def fit_records(
    engine: type, make: Callable[..., Any], X: Any, y: Any, common: Record, options: Any
) -> Iterator[Record]:
    """Measure epochs of a fit, and predictions of the fitted network."""
    backend = common["framework"]
    forget_peak(options.device, backend)
    with watched(engine, N_EPOCHS) as watch:
        model = make(
            max_epochs=N_EPOCHS,
            calibrate=False,
            device=options.device,
            precision=common["precision"],
            random_state=0,
        ).fit(X, y)
        yield shown(
            {
                **common,
                "task": "fit",
                "items_per_second": watch.rows_per_second(),
                "processor_ms_per_item": 1000 / watch.rows_per_second("processor"),
                "first_epoch_seconds": watch.epochs[0].wall,
                "waiting": watch.waiting,
                "memory_peak_bytes": memory_peak(options.device, backend),
            }
        )
        if common["precision"] == "float32":  # predictions are always float32
            yield score_record(common, model, X, watch, options, backend)


def text_part(options: Any) -> Iterator[Record]:
    """Measure text networks, and by hand with and without torch.compile."""
    from amzest.neural._skorch_engine import SkorchEngine

    X, y = titles_and_labels(options.n or (200 if options.quick else 20_000))
    for name, network in networks("text").items():
        for precision in PRECISIONS:
            common = {
                "part": "text",
                "name": name,
                "framework": "torch",
                "precision": precision,
                "batch": "auto",
            }
            yield from measure_fit(SkorchEngine, network, X, y, common, options)
        yield from hand_records(network, X, y, common, options)


def hand_records(
    network: Callable[..., Any], X: Any, y: Any, common: Record, options: Any
) -> Iterator[Record]:
    """Measure the loop by hand, in the precision of the device, and compiled."""
    from gpu_train_text import hand_turn, watched_epochs

    from amzest.neural._skorch_engine import resolve_device, trains_in_bfloat16

    in_bfloat16 = trains_in_bfloat16("auto", resolve_device(options.device))
    settings = {
        "max_epochs": N_EPOCHS,
        "device": options.device,
        "precision": "bfloat16" if in_bfloat16 else "float32",
    }
    with watched_epochs(record=True) as epochs:
        params = {**settings, "max_epochs": 1, "calibrate": False}
        own = network(**params, random_state=0).fit(X, y)
    factor = own.embedding_learning_rate / own.learning_rate
    for mode in (None, *options.compile):
        forget_peak(options.device)
        task = "loop by hand" if mode is None else f"loop by hand, compiled: {mode}"
        found = {**common, "task": task, "precision": settings["precision"]}
        try:
            turn = hand_turn(epochs[0], len(X), settings, factor, compile_mode=mode)
        except Exception as error:
            yield failed(found, error)
            continue
        yield shown(
            {
                **found,
                "items_per_second": turn.units / turn.wall,
                "waiting": None,
                "memory_peak_bytes": memory_peak(options.device),
            }
        )


def image_part(options: Any) -> Iterator[Record]:
    """Measure image networks on the backend of Keras in this process."""
    from amzest.utils import import_keras

    backend = import_keras("The benchmark").backend.backend()
    from amzest.neural._scikeras_engine import ScikerasEngine

    size = QUICK_IMAGE_SIZE if options.quick else IMAGE_SIZE
    X, y = images_and_labels(options.n or (64 if options.quick else 10_000), size)
    wanted = ["CNN"] if options.quick else list(networks("image"))
    for name in wanted:
        network = networks("image")[name]
        for precision in PRECISIONS:
            for batch_size in (32,) if options.quick else (64, 256):
                common = {
                    "part": "image",
                    "name": name,
                    "framework": backend,
                    "precision": precision,
                    "batch": batch_size,
                }

                def make(
                    network: Any = network, batch_size: int = batch_size, **params: Any
                ) -> Any:
                    return network(image_size=size, batch_size=batch_size, **params)

                yield from measure_fit(ScikerasEngine, make, X, y, common, options)


@contextmanager
def timed_calls(owner: Any, name: str) -> Iterator[list[float]]:
    """Record the seconds of each call of a method within the block."""
    method, seconds = getattr(owner, name), []

    def timed(*args: Any, **kwargs: Any) -> Any:
        start = time.perf_counter()
        try:
            return method(*args, **kwargs)
        finally:
            seconds.append(time.perf_counter() - start)

    with patch.object(owner, name, timed):
        yield seconds


def encode_record(
    common: Record, encoder: Any, X: Any, prepare: tuple[Any, str], options: Any
) -> Record:
    """Measure `transform`; waiting is tokenization, or normalisation of pixels."""
    common = {"part": "encoders", "task": "transform", "framework": "torch", **common}
    try:
        encoder.fit(X)
        encoder.transform(X[:2])
        forget_peak(options.device)
        with timed_calls(*prepare) as seconds:
            start = time.perf_counter()
            encoder.transform(X)
            wall = time.perf_counter() - start
    except Exception as error:
        return failed(common, error)
    return shown(
        {
            **common,
            "items_per_second": len(X) / wall,
            "waiting": min(1.0, sum(seconds) / wall),
            "memory_peak_bytes": memory_peak(options.device),
        }
    )


def encoder_part(options: Any) -> Iterator[Record]:
    """Measure pretrained encoders for several sizes of batches."""
    from pretrained_models import image_encoder_params, text_encoder_folder

    from amzest.pretrained import (
        PretrainedImageEncoder,
        PretrainedTextEncoder,
        _image_preprocessing,
        _text_model,
        _torch_image_model,
    )

    on_cpu = options.device == "cpu"
    titles = shop_titles(options.n or (24 if options.quick else 20_000))
    size = "_BATCH_TOKENS" if on_cpu else "_GPU_BATCH_TOKENS"
    for n_tokens in (512,) if options.quick else (4_096, 16_384, 65_536):
        for precision in PRECISIONS:
            encoder = PretrainedTextEncoder(
                text_encoder_folder(),
                precision=precision,
                device=options.device,
                cache=False,
            )
            common = {
                "name": "text encoder",
                "precision": precision,
                "batch": f"{n_tokens} tokens",
            }
            with patch.object(_text_model, size, n_tokens):
                prepare = (_text_model.TextTokenizer, "ids")
                yield encode_record(common, encoder, titles, prepare, options)
    params = image_encoder_params(None)
    params.pop("blocks")  # for fine-tuning
    images, _ = images_and_labels(options.n or (3 if options.quick else 4_000), 224)
    size = "_CPU_BATCH" if on_cpu else "_GPU_BATCH"
    for n_images in (1,) if options.quick else (16, 64, 256):
        for precision in PRECISIONS:
            encoder = PretrainedImageEncoder(
                **params,
                precision=precision,
                device=options.device,
                cache=False,
            )
            common = {
                "name": "image encoder",
                "precision": precision,
                "batch": n_images,
            }
            with patch.object(_torch_image_model, size, n_images):
                prepare = (_image_preprocessing.Preprocessing, "apply")
                yield encode_record(common, encoder, list(images), prepare, options)


PARTS = {"text": text_part, "image": image_part, "encoders": encoder_part}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that all parts share."""
    parser.add_argument("--device", default="cuda", help="default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="little data, for a test")
    parser.add_argument("--n", type=int, help="number of titles or images")
    parser.add_argument(
        "--compile",
        nargs="*",
        metavar="MODE",
        help="also train text networks by hand with these modes of torch.compile; "
        '"reduce-overhead" uses CUDA graphs (default: on a GPU both of "default" and '
        '"reduce-overhead", on a CPU none)',
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write results here")


def measure(part: str, options: argparse.Namespace) -> dict[str, Any]:
    """Run a part; return its results with device, machine and versions."""
    warnings.simplefilter("ignore")
    if options.compile is None:
        on_gpu = options.device.startswith("cuda")
        options.compile = ["default", "reduce-overhead"] if on_gpu else []
    return {
        "device": describe_device(options.device),
        "machine": describe_machine(),
        "versions": installed_versions(),
        "results": list(PARTS[part](options)),
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=PARTS)
    add_options(parser)
    options = parser.parse_args(arguments)
    found = measure(options.part, options)
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
