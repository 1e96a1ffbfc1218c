"""Do the seconds and the memory of `fit` grow in proportion to the table?

TextCNNClassifier on made titles, with all that encoding them takes, and a tiny
ImageCNNClassifier on made 64x64 photos, with decoding: one epoch each on 10,000, 40,000
and 160,000 products. Seconds of a product are compared with those of the smallest
table. Titles are those of the benchmark of splitting: words of a Zipf vocabulary,
brands and model numbers, so that new words never cease. Photos are JPEG files in
memory, of a few pictures, but no two the same.

Each fit runs in a process of its own, after a small one that loads the framework; its
peak of memory is that of the whole process. Run with
``python benchmarks/bench_growth.py``.
"""

from __future__ import annotations

import io
import json
import resource
import statistics
import subprocess
import sys
import time
import warnings
from typing import Any
from zlib import crc32

import numpy as np
from bench_split_products import shop_titles
from side_by_side import Report, make_parser, parse_arguments

from amzest import ImageCNNClassifier, TextCNNClassifier

SIZES, SHORT_SIZES = (10_000, 40_000, 160_000), (1_000, 4_000, 16_000)
N_CATEGORIES = 10
N_PHOTOS = 200

#: Targets: seconds of a product relative to the smallest table, and bytes.
GROWTH, IMAGE_BYTES = 1.2, 3e9


def make_texts(n: int) -> tuple[Any, Any]:
    """Make titles; the category follows from the first word, the brand."""
    titles = shop_titles(n)
    return titles, [crc32(title.split()[0].encode()) % N_CATEGORIES for title in titles]


def make_photos(n: int) -> tuple[Any, Any]:
    """Make JPEG files in memory, each another file: a number stands at its end."""
    from PIL import Image

    rng = np.random.default_rng(0)
    files = []
    for _ in range(N_PHOTOS):
        file = io.BytesIO()
        small = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        small.resize((64, 64), Image.Resampling.BICUBIC).save(file, "jpeg")
        files.append(file.getvalue())
    photos = np.empty(n, dtype=object)
    photos[:] = [files[i % N_PHOTOS] + i.to_bytes(4) for i in range(n)]
    return photos, np.arange(n) % N_PHOTOS % N_CATEGORIES


MAKERS = {"text CNN": make_texts, "image CNN": make_photos}


def build(kind: str) -> Any:
    if kind == "text CNN":
        return TextCNNClassifier(max_epochs=1, random_state=0)
    return ImageCNNClassifier(filters=(8,), max_epochs=1, random_state=0)


def measure(kind: str, n: int) -> dict[str, float]:
    """Fit once; give seconds by both clocks and the process's bytes at its peak."""
    warnings.simplefilter("ignore")
    build(kind).fit(*MAKERS[kind](200))
    X, y = MAKERS[kind](n)
    wall, processor = time.perf_counter(), time.process_time()
    build(kind).fit(X, y)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "wall": time.perf_counter() - wall,
        "processor": time.process_time() - processor,
        "peak": peak * (1 if sys.platform == "darwin" else 1024),
    }


def main() -> int:
    parser = make_parser(__doc__, rounds=1, short_rounds=1)
    parser.add_argument("--sizes", nargs="+", type=int, help="products of each table")
    parser.add_argument("--one", nargs=2, help="for use by this file itself")
    options = parse_arguments(parser)
    if options.one:
        print(json.dumps(measure(options.one[0], int(options.one[1]))))
        return 0
    sizes = options.sizes or (SHORT_SIZES if options.short else SIZES)
    report = Report(__doc__.splitlines()[0], options)
    for kind in MAKERS:
        measured: dict[int, list[dict[str, float]]] = {n: [] for n in sizes}
        for _ in range(options.rounds):
            for n in sizes:
                command = [sys.executable, __file__, "--one", kind, str(n)]
                done = subprocess.run(
                    command, stdout=subprocess.PIPE, text=True, check=True
                )
                measured[n].append(json.loads(done.stdout.splitlines()[-1]))
        smallest = sizes[0]
        for n in sizes:
            for clock in ("wall", "processor"):
                ratios = [
                    (here[clock] / n) / (base[clock] / smallest)
                    for here, base in zip(measured[n], measured[smallest], strict=True)
                ]
                rate = n / statistics.median(each[clock] for each in measured[n])
                report.add(
                    f"{kind}, {n:,} products, {clock} time of each",
                    ratios,
                    rival=f"{smallest:,} products",
                    target=GROWTH if clock == "wall" and n != smallest else None,
                    units_per_second={f"{n:,}": rate},
                )
            report.add(
                f"{kind}, {n:,} products, peak memory",
                [each["peak"] / 1e6 for each in measured[n]],
                target=IMAGE_BYTES / 1e6 if kind == "image CNN" else None,
                unit="MB",
            )
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
