"""Measure `import amzest` against `import sklearn`, side by side.

Each run is a new interpreter; the two take turns, so that both see the same machine.
What is measured is processor time, which other work on the machine disturbs less.
Run with ``python benchmarks/bench_import.py``.
"""

import argparse
import statistics
import subprocess
import sys

MODULES = ("sklearn", "amzest")

#: Largest ratio that is accepted.
LIMIT = 1.3

CODE = """
import time
start = time.process_time()
import {module}
print(time.process_time() - start)
"""


def seconds_to_import(module: str) -> float:
    """Import a module in a new interpreter and return the processor time it took."""
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(module=module)],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="runs of each module")
    repeats = parser.parse_args().repeats

    seconds: dict[str, list[float]] = {module: [] for module in MODULES}
    for module in MODULES:
        seconds_to_import(module)  # files come from the disk, bytecode is written
    for _ in range(repeats):
        for module in MODULES:
            seconds[module].append(seconds_to_import(module))

    ratios = {}
    for name, summary in {"min": min, "median": statistics.median}.items():
        base, ours = (summary(seconds[module]) for module in MODULES)
        ratios[name] = ours / base
        print(
            f"{name:>6}: sklearn {base:.3f} s, amzest {ours:.3f} s, "
            f"ratio {ratios[name]:.2f}"
        )
    print(f" limit: {LIMIT} for the ratio of the fastest runs")
    return int(ratios["min"] > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
