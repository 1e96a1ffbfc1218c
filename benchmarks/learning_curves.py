"""Which design for how many products, and for how long a text?

Networks with their defaults and a linear model learn from some rows of a table and are
scored on the fifth that is held out, over several splits. Each fit runs in a process of
its own; seconds are of its processor time. Tables are those of the folder AMZEST_DATA.

    .venv/bin/python benchmarks/bench_choosing.py --seeds 0 1 2
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
from accuracy_designs import DESIGNS, NETWORKS, TABLES, Table, run_design
from side_by_side import make_table

#: Rows to learn from; None takes all.
CASES: dict[str, tuple[Table, tuple[int | None, ...]]] = {
    "titles, 10 categories": (
        TABLES["amazon10 titles"],
        (300, 1_000, 3_000, None),
    ),
    "titles, 7 categories": (
        Table("flipkart titles", "flipkart", ("title",)),
        (150, None),
    ),
    "titles and descriptions, 7 categories": (
        TABLES["flipkart texts"],
        (150, None),
    ),
    "photos, 23 categories": (TABLES["fashion photos"], (500, 2_000)),
}
RIVALS = {"text": "TF-IDF + LinearSVC", "image": "HOG + colours, forest"}
HEADER = ("table", "design", "rows", "seconds", "accuracy", "of the splits")


def run_alone(
    table: Table, design: str, seed: int, n_rows: int | None
) -> dict[str, Any]:
    """Measure in a new process: nothing that was read before is remembered."""
    settings = DESIGNS[design].settings
    setting = "default" if design in NETWORKS else list(settings)[-1]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        run = pool.submit(run_design, table, design, setting, seed, n_rows=n_rows)
        return run.result()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    options = parser.parse_args()
    if "AMZEST_DATA" not in os.environ:
        parser.error("set AMZEST_DATA to the folder of the product tables")
    rows = []
    for case in options.cases:
        table, sizes = CASES[case]
        designs = [name for name in NETWORKS if DESIGNS[name].kind == table.kind]
        for n_rows in sizes:
            for design in [RIVALS[table.kind], *designs]:
                runs = [run_alone(table, design, s, n_rows) for s in options.seeds]
                accuracies = [run["accuracy"] for run in runs]
                seconds = np.mean([run["fit_processor"] for run in runs])
                rows.append(
                    (
                        case,
                        design,
                        f"{runs[0]['n_train']:,}",
                        f"{seconds:.1f}",
                        f"{np.mean(accuracies):.3f}",
                        f"{min(accuracies):.3f} to {max(accuracies):.3f}",
                    )
                )
                print(*rows[-1], sep=" | ", flush=True)
    print()
    print(make_table(HEADER, rows))


if __name__ == "__main__":
    main()
