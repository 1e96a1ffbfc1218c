"""Which classifier for which number of products and length of texts?

Networks with default parameters and a linear model are fitted on subsets of tables in
AMZEST_DATA and scored on a test set of 20 %, for several splits. Each fit runs in a new
process; times are processor time.

    .venv/bin/python benchmarks/learning_curves.py --seeds 0 1 2
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
from accuracy_designs import DESIGNS, OURS, TABLES, Table, run_design
from side_by_side import make_table

#: Numbers of training rows; None uses all.
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
    "images, 23 categories": (TABLES["fashion images"], (500, 2_000)),
}
RIVALS = {"text": "TF-IDF + LinearSVC", "image": "HOG + colours, forest"}
HEADER = ("table", "design", "rows", "seconds", "accuracy", "of the splits")


def run_alone(
    table: Table, design: str, seed: int, n_rows: int | None
) -> dict[str, Any]:
    """Measure in a new process, so that nothing is cached."""
    settings = DESIGNS[design].settings
    setting = "default" if design in OURS else list(settings)[-1]
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
        designs = [name for name in OURS if DESIGNS[name].kind == table.kind]
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
