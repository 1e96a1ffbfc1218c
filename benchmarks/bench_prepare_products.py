"""How much time and memory does it take to prepare a table from a million lines?

Synthetic lines in the 2014 format, in four files, are converted to a cleaned, balanced
and split Parquet table on two cores. The peak memory is the proportional set size of
all processes, which counts shared pages once. Run with ``python
benchmarks/bench_prepare_products.py``.
"""

import re
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from amazon_lines import write_lines
from side_by_side import Report, make_parser, parse_arguments

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
    """Return the memory of all running processes in bytes."""
    total = 0
    for process in processes:
        try:
            total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total


def main() -> int:
    parser = make_parser(__doc__, rounds=1, short_rounds=1)
    parser.add_argument("--n", type=int, help="number of lines (default: a million)")
    parser.add_argument(
        "--n-per-category",
        type=int,
        default=20_000,
        help="sampled products per category, 0 for all",
    )
    options = parse_arguments(parser)
    share = (options.n or (100_000 if options.short else 1_000_000)) // N_FILES
    report = Report(__doc__.splitlines()[0], options)
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
        running = subprocess.Popen(
            [sys.executable, "-c", CODE, *arguments], stdout=subprocess.PIPE, text=True
        )
        parent = psutil.Process(running.pid)
        peak = 0
        while running.poll() is None:
            family = [parent, *parent.children(recursive=True)]
            peak = max(peak, memory_of(family))
            time.sleep(PAUSE_S)
        seconds = time.perf_counter() - start
    output = running.stdout.read() if running.stdout else ""
    if running.returncode:
        return 1
    print(output)
    for step, rate in re.findall(r"^(\S.*?) +([\d,]+) lines/s$", output, re.MULTILINE):
        report.add(step, float(rate.replace(",", "")), better="higher", unit="lines/s")
    report.add("all", share * N_FILES / seconds, better="higher", unit="lines/s")
    report.add("peak memory", peak / 1e6, target=LIMIT_BYTES / 1e6, unit="MB")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
