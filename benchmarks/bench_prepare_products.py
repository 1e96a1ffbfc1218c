"""Measure making a table of a million lines: speed of each step, and memory.

Made-up lines of 2014 in four files become a cleaned, balanced and split Parquet table
on two cores. Memory is that of all processes together at its highest, in proportional
set size: pages that several processes share count once.
Run with ``python benchmarks/bench_prepare_products.py``.
"""

import argparse
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from amazon_lines import write_lines

N_FILES = 4
LIMIT_BYTES = 1.5e9
PAUSE_S = 0.1

CODE = """
import sys
from amzest.datasets import prepare_products

n, out, *paths = sys.argv[1:]
report = prepare_products(
    paths, out, categories="published", n_per_category=int(n) or None, n_jobs=2
)
print(report)
print()
for step, seconds in report.seconds.items():
    print(f"{step:<28}{report.n_products / seconds:>12,.0f} lines/s")
"""


def memory_of(processes: list[psutil.Process]) -> int:
    """Give the bytes that processes take together, those that are gone aside."""
    total = 0
    for process in processes:
        try:
            total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=1_000_000, help="number of lines")
    parser.add_argument(
        "--n-per-category",
        type=int,
        default=20_000,
        help="products drawn of each category, 0 for all",
    )
    options = parser.parse_args()
    share = options.n // N_FILES
    with TemporaryDirectory() as folder:
        paths = [Path(folder, f"meta-{i}.json") for i in range(N_FILES)]
        with ProcessPoolExecutor(2) as pool:
            shares, releases = [share] * N_FILES, ["2014"] * N_FILES
            list(pool.map(write_lines, paths, shares, releases, range(N_FILES)))
        size = sum(path.stat().st_size for path in paths)
        print(f"{share * N_FILES:,} lines, {size / 1e6:,.0f} MB\n", flush=True)

        out = Path(folder, "products.parquet")
        arguments = [str(options.n_per_category), str(out), *map(str, paths)]
        start = time.perf_counter()
        running = subprocess.Popen([sys.executable, "-c", CODE, *arguments])
        parent = psutil.Process(running.pid)
        peak = 0
        while running.poll() is None:
            family = [parent, *parent.children(recursive=True)]
            peak = max(peak, memory_of(family))
            time.sleep(PAUSE_S)
        seconds = time.perf_counter() - start
    print(f"{'all':<28}{share * N_FILES / seconds:>12,.0f} lines/s")
    limit = f"(limit {LIMIT_BYTES / 1e6:,.0f})"
    print(f"{'memory at its peak':<28}{peak / 1e6:>12,.0f} MB {limit}")
    return int(running.returncode or peak > LIMIT_BYTES)


if __name__ == "__main__":
    sys.exit(main())
