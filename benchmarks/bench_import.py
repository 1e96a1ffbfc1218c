"""How long does `import amzest` take, compared to `import sklearn`?

Each run starts a new interpreter, alternately for both. Processor time is measured,
since it depends less on other processes. Run with ``python
benchmarks/bench_import.py``.
"""

from __future__ import annotations

import subprocess
import sys

from side_by_side import Report, parse_arguments

#: Maximum ratio.
LIMIT = 1.3

CODE = """
import time
start = time.process_time()
import {module}
print(time.process_time() - start)
"""


def seconds_to_import(module: str) -> float:
    """Import a module in a new interpreter and return the processor time."""
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(module=module)],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def main() -> int:
    options = parse_arguments(__doc__)
    report = Report(__doc__.splitlines()[0], options)
    for module in ("sklearn", "amzest"):
        seconds_to_import(module)  # warm up: read files from disk, write bytecode
    seconds = [
        (seconds_to_import("amzest"), seconds_to_import("sklearn"))
        for _ in range(options.rounds)
    ]
    ratios = [ours / theirs for ours, theirs in seconds]
    fastest = [min(column) for column in zip(*seconds, strict=True)]
    print(f"  fastest: amzest {fastest[0]:.3f} s, sklearn {fastest[1]:.3f} s")
    report.add("import amzest", ratios, rival="import sklearn", target=LIMIT)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
