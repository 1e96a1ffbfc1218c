"""How much time and memory do tens of millions of products take?

One file of JSON lines with synthetic products is prepared (read, cleaned, deduplicated,
split) by two processes, and then the titles of the table are grouped and split again in
memory by one. A tenth of the products are variants or repetitions of others anywhere in
the file. Peak memory is that of the largest process, and the proportional set size of
all of them. Run with ``python benchmarks/prepare_large.py --n 10000000``; the file has
about 0.2 GB per million products, and is written into a temporary folder.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zlib import crc32

import numpy as np
import psutil
from bench_split_products import shop_titles

BLOCK = 250_000
N_CATEGORIES = 20
PAUSE_S = 0.2

PREPARE = """
import sys
from amzest.datasets import prepare_products

out, n_jobs, similarity, path = sys.argv[1:]
report = prepare_products(
    path,
    out,
    description_similarity=float(similarity) or None,
    n_jobs=int(n_jobs),
    several_categories="keep",
)
print(report)
"""
SPLIT = """
import sys
import time
import numpy as np
import pandas as pd
from amzest.datasets import group_products, split_products

frame = pd.read_parquet(sys.argv[1], columns=["title", "category"])
start = time.perf_counter()
groups = group_products(frame)
middle = time.perf_counter()
train, test = split_products(frame, 0.25, 0, groups=groups)
sizes = np.bincount(groups)
print(f"{len(frame):,} titles, {len(sizes):,} groups, the largest has {sizes.max():,}")
print(f"group_products {middle - start:.1f} s, "
      f"split_products {time.perf_counter() - middle:.1f} s")
"""


def product_lines(n: int, description_words: int) -> Iterator[str]:
    """Yield lines of synthetic products."""
    pool: list[str] = []
    for start in range(0, n, BLOCK):
        rng = np.random.default_rng(start)
        size = min(BLOCK, n - start)
        titles = shop_titles(size, seed=start)
        pool = pool or titles[:50_000]
        again = rng.random(size) < 0.05
        draws = rng.integers(0, len(pool), size)
        numbers = rng.integers(0, 10**6, size)
        words = rng.integers(0, 30_000, (size, description_words))
        for row, title in enumerate(titles):
            if again[row]:
                title = f"{pool[draws[row]]}, {('', 'new', 'boxed')[row % 3]}"
            brand = title.split()[0]
            number = start + row if row % 50 else int(draws[row])
            line: dict[str, Any] = {
                "asin": f"B{number:09d}",
                "title": title,
                "category": [f"Category {crc32(brand.encode()) % N_CATEGORIES}"],
                "brand": brand,
                "price": f"${numbers[row] / 100:,.2f}",
                "imageURL": [f"https://images.example/{number}.jpg"],
            }
            if description_words:
                text = " ".join(f"d{word}" for word in words[row].tolist())
                line["description"] = [text]
            yield json.dumps(line) + "\n"


def write_file(path: Path, n: int, description_words: int) -> None:
    """Write a plain file, or a compressed one of a single member."""
    pack: Any = gzip.open if path.suffix == ".gz" else open
    options = {"compresslevel": 1} if path.suffix == ".gz" else {}
    with pack(path, "wt", **options) as file:
        file.writelines(product_lines(n, description_words))


def run(code: str, *arguments: Any) -> tuple[float, float, float, float]:
    """Run a program; return its wall and processor time, and its peak memory in GB."""
    start = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)])
    parent = psutil.Process(child.pid)
    largest = together = 0.0
    seconds: dict[int, float] = {}  # of processes that have ended as well
    while child.poll() is None:
        each, total = 0, 0
        for process in [parent, *parent.children(recursive=True)]:
            try:
                memory = process.memory_full_info()
                times = process.cpu_times()
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            each, total = max(each, memory.rss), total + memory.pss
            seconds[process.pid] = times.user + times.system
        largest, together = max(largest, each), max(together, total)
        time.sleep(PAUSE_S)
    if child.returncode:
        raise SystemExit(child.returncode)
    wall = time.perf_counter() - start
    return wall, sum(seconds.values()), largest / 1e9, together / 1e9


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=1_000_000, help="number of products")
    parser.add_argument("--jobs", type=int, default=2, help="processes that read")
    parser.add_argument("--gzip", action="store_true", help="a single gzip member")
    parser.add_argument(
        "--words", type=int, default=0, help="words of each description, 0 for none"
    )
    parser.add_argument(
        "--folder", type=Path, help="keep the files there, and use those there"
    )
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        measure(options, options.folder or Path(folder))
    return 0


def measure(options: argparse.Namespace, folder: Path) -> None:
    """Make the raw file and the table, and group the titles of the table."""
    folder.mkdir(exist_ok=True)
    path = folder / ("meta.json.gz" if options.gzip else "meta.json")
    out = folder / "products.parquet"
    if not path.exists():
        start = time.perf_counter()
        write_file(path, options.n, options.words)
        print(f"raw file made in {time.perf_counter() - start:.0f} s")
    size = path.stat().st_size / 1e9
    print(f"{options.n:,} lines, {size:.2f} GB", flush=True)
    similarity = 0.8 if options.words else 0
    steps = [
        ("prepare", PREPARE, (out, options.jobs, similarity, path)),
        ("group and split", SPLIT, (out,)),
    ]
    for name, code, arguments in steps[1:] if out.exists() else steps:
        wall, processor, largest, together = run(code, *arguments)
        print(
            f"{name}: {wall:.1f} s, {processor:.1f} s of processor time, "
            f"{options.n / wall:,.0f} products/s; peak memory {largest:.2f} GB of "
            f"the largest process, {together:.2f} GB of all\n",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
