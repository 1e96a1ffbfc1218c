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
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
from accuracy_designs import DESIGNS, NETWORKS, TABLES, Table, warm_up
from side_by_side import make_table
from sklearn.model_selection import train_test_split

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


def measure(table: Table, design: str, n_rows: int | None, seed: int) -> dict[str, Any]:
    """Fit one design on some rows, score it on those held out."""
    train, test = table.split(seed, quick=False)
    if n_rows is not None:
        train, _ = train_test_split(
            train, train_size=n_rows, stratify=train["category"], random_state=seed
        )
    made = DESIGNS[design]
    build = made.build
    if build is None:
        raise ValueError(f"{design} runs elsewhere.")
    setting = made.settings[
        "default" if design in NETWORKS else list(made.settings)[-1]
    ]
    warm_up(design)
    model = build(table, seed, **setting)
    start = time.process_time()
    model.fit(train, train["category"])
    seconds = time.process_time() - start
    truth = test["category"].to_numpy(dtype=object)
    return {
        "n_rows": len(train),
        "seconds": seconds,
        "accuracy": float(np.mean(model.predict(test) == truth)),
    }


def run_alone(*arguments: Any) -> dict[str, Any]:
    """Measure in a new process: nothing that was read before is remembered."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(measure, *arguments).result()


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
                runs = [run_alone(table, design, n_rows, s) for s in options.seeds]
                accuracies = [run["accuracy"] for run in runs]
                seconds = np.mean([run["seconds"] for run in runs])
                rows.append(
                    (
                        case,
                        design,
                        f"{runs[0]['n_rows']:,}",
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
