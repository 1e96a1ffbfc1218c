"""How fast is `read_amazon_metadata` compared with common alternatives?

2014 (Python literals): compared with `ast.literal_eval` and `eval` for each line,
without building a table. 2018 (JSON): compared with `pandas.read_json(lines=True)`.
Several files: two processes compared with one. All read the same synthetic lines;
processor time is measured for one process, and wall time for several. Run with ``python
benchmarks/bench_read_amazon_metadata.py``.
"""

import ast
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from amazon_lines import write_lines
from side_by_side import Report, Work, make_parser, parse_arguments

from amzest.datasets import read_amazon_metadata

N_FILES = 4


def read(paths: Path | list[Path], n_jobs: int = 1) -> None:
    for frame in read_amazon_metadata(paths, n_jobs=n_jobs):
        del frame


def read_with(parse: Callable[[str], object], path: Path) -> None:
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            parse(line)


def counted(read_lines: Callable[[], object], n: int) -> Work:
    """Return a function that reads lines and returns their number."""

    def work() -> int:
        read_lines()
        return n

    return work


def main() -> int:
    parser = make_parser(__doc__, rounds=5)
    parser.add_argument("--n", type=int, help="lines of each file (default: 40,000)")
    options = parse_arguments(parser)
    n = options.n or (10_000 if options.short else 40_000)
    report = Report(__doc__.splitlines()[0], options)
    with TemporaryDirectory() as folder:
        old, new = Path(folder, "meta_2014.json"), Path(folder, "meta_2018.json")
        write_lines(old, n, "2014")
        write_lines(new, n, "2018")
        ours = {"amzest": counted(lambda: read(old), n)}
        literal = {
            "ast.literal_eval": counted(lambda: read_with(ast.literal_eval, old), n)
        }
        by_eval = {"eval": counted(lambda: read_with(eval, old), n)}
        frames = {"pandas.read_json": counted(lambda: pd.read_json(new, lines=True), n)}
        for name, contenders, target in (
            ("2014, one core, literal_eval", {**ours, **literal}, 5),
            ("2014, one core, eval", {**ours, **by_eval}, None),
            (
                "2018, one core",
                {"amzest": counted(lambda: read(new), n), **frames},
                1,
            ),
        ):
            rival = list(contenders)[-1]
            report.compare(
                name, contenders, reference=rival, target=target, clock="processor"
            )

        parts = [Path(folder, f"part-{i}.json") for i in range(N_FILES)]
        for i, part in enumerate(parts):
            write_lines(part, n, "2014", seed=i)
        report.compare(
            f"2014, {N_FILES} files, two processes",
            {
                "two processes": counted(lambda: read(parts, 2), N_FILES * n),
                "one process": counted(lambda: read(parts), N_FILES * n),
            },
            reference="one process",
            target=1.6,
        )
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
