"""Do fit time and memory grow linearly with the number of rows?

Fits TextCNNClassifier on synthetic titles (including encoding) and a tiny
ImageCNNClassifier on synthetic 64x64 images (including decoding) for one epoch, with
10,000, 40,000 and 160,000 rows. The time per row is compared with that of the smallest
table. Titles are those of bench_split_products.py: words from a Zipf distribution,
brands and model numbers, so that the vocabulary keeps growing. Images are different
JPEG files in memory.

Larger tables of titles, which are read in pieces: bench_growth_texts.py.

Each fit runs in a new process, after a small fit that loads the framework; the peak
memory is that of the whole process. Run with ``python benchmarks/bench_growth.py``.
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
N_IMAGES = 200

#: Targets: time per row relative to the smallest table, and bytes.
GROWTH, IMAGE_BYTES = 1.2, 3e9


def make_texts(n: int) -> tuple[Any, Any]:
    """Generate titles; the category depends on the first word, the brand."""
    titles = shop_titles(n)
    return titles, [crc32(title.split()[0].encode()) % N_CATEGORIES for title in titles]


def make_images(n: int) -> tuple[Any, Any]:
    """Generate JPEG files in memory that differ in a number appended to them."""
    from PIL import Image

    rng = np.random.default_rng(0)
    files = []
    for _ in range(N_IMAGES):
        file = io.BytesIO()
        small = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        small.resize((64, 64), Image.Resampling.BICUBIC).save(file, "jpeg")
        files.append(file.getvalue())
    images = np.empty(n, dtype=object)
    images[:] = [files[i % N_IMAGES] + i.to_bytes(4) for i in range(n)]
    return images, np.arange(n) % N_IMAGES % N_CATEGORIES


MAKERS = {"text CNN": make_texts, "image CNN": make_images}


def build(kind: str) -> Any:
    if kind == "text CNN":
        return TextCNNClassifier(max_epochs=1, random_state=0)
    return ImageCNNClassifier(filters=(8,), max_epochs=1, random_state=0)


def measure(kind: str, n: int) -> dict[str, float]:
    """Fit once; return the times of both clocks and the peak memory in bytes."""
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
    parser.add_argument("--sizes", nargs="+", type=int, help="numbers of rows")
    parser.add_argument("--one", nargs=2, help="used internally")
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
                    f"{kind}, {n:,} rows, {clock} time per row",
                    ratios,
                    rival=f"{smallest:,} products",
                    target=GROWTH if clock == "wall" and n != smallest else None,
                    units_per_second={f"{n:,}": rate},
                )
            report.add(
                f"{kind}, {n:,} rows, peak memory",
                [each["peak"] / 1e6 for each in measured[n]],
                target=IMAGE_BYTES / 1e6 if kind == "image CNN" else None,
                unit="MB",
            )
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
