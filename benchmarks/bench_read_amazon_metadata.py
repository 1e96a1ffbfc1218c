"""Measure reading published metadata against what people write by hand.

2014 (Python literals): `read_amazon_metadata` against `ast.literal_eval` and the `eval`
recipe, line by line, which make no table yet. 2018 (JSON): against
`pandas.read_json(lines=True)`. Several files: two processes against one. The rivals
take turns on the same made-up lines; what counts is the fastest of several turns, in
processor time for one process and in elapsed time for several.
Run with ``python benchmarks/bench_read_amazon_metadata.py``.
"""

import argparse
import ast
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from amazon_lines import write_lines

from amzest.datasets import read_amazon_metadata

N_FILES = 4


def read(paths: Path | list[Path], n_jobs: int = 1) -> None:
    for frame in read_amazon_metadata(paths, n_jobs=n_jobs):
        del frame


def read_with(parse: Callable[[str], object], path: Path) -> None:
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            parse(line)


def fastest(
    rivals: dict[str, Callable[[], None]], repeats: int, clock: Callable[[], float]
) -> dict[str, float]:
    """Let the rivals take turns; give the seconds of each one's fastest turn."""
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    for _ in range(repeats):
        for name, run in rivals.items():
            start = clock()
            run()
            seconds[name].append(clock() - start)
    return {name: min(times) for name, times in seconds.items()}


def report(
    title: str, seconds: dict[str, float], n: int, limits: dict[str, float]
) -> bool:
    """Print a table; tell whether amzest is as many times faster as it should be."""
    ours = seconds["amzest"]
    print(f"\n{title}, {n:,} lines")
    kept = True
    for name, each in seconds.items():
        line = f"{name:>24}: {n / each:>9,.0f} lines/s {each / ours:>6.2f} x the time"
        if name in limits:
            kept &= each / ours >= limits[name]
            line += f" (at least {limits[name]})"
        print(line)
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=40_000, help="lines of each file")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each rival")
    options = parser.parse_args()
    n, repeats = options.n, options.repeats
    kept = []
    with TemporaryDirectory() as folder:
        old, new = Path(folder, "meta_2014.json"), Path(folder, "meta_2018.json")
        write_lines(old, n, "2014")
        write_lines(new, n, "2018")
        rivals = {
            "amzest": lambda: read(old),
            "ast.literal_eval": lambda: read_with(ast.literal_eval, old),
            "eval": lambda: read_with(eval, old),
        }
        seconds = fastest(rivals, repeats, time.process_time)
        kept.append(report("2014, one core", seconds, n, {"ast.literal_eval": 5}))
        rivals = {
            "amzest": lambda: read(new),
            "pandas.read_json": lambda: pd.read_json(new, lines=True),
        }
        seconds = fastest(rivals, repeats, time.process_time)
        kept.append(report("2018, one core", seconds, n, {"pandas.read_json": 1}))

        parts = [Path(folder, f"part-{i}.json") for i in range(N_FILES)]
        for i, part in enumerate(parts):
            write_lines(part, n, "2014", seed=i)
        read(parts, 2)  # starts the processes
        rivals = {"amzest": lambda: read(parts, 2), "one process": lambda: read(parts)}
        seconds = fastest(rivals, repeats, time.perf_counter)
        title = f"2014, {N_FILES} files, two processes"
        kept.append(report(title, seconds, N_FILES * n, {"one process": 1.6}))
    return int(not all(kept))


if __name__ == "__main__":
    sys.exit(main())
