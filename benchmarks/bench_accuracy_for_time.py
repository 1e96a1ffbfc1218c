"""How accurate are classifiers for a given fit time?

Compares amzest's networks, with 0.25, 1 and 2 times their default number of epochs,
with TF-IDF and a linear model, fastText, a random forest on hand-crafted features and
plain Keras networks. There are four tables in the folder AMZEST_DATA, each with a
stratified test set of 20 %. Fits run one after the other, each in a new process.

Results are stored in ``benchmarks/results/accuracy_for_time.json``. Only missing or
outdated results are measured, so that the benchmark can be interrupted and extended.

    make bench-accuracy ARGS='--designs "Text CNN" fastText --seeds 0 1'
    make bench-accuracy ARGS=--show                    # print and plot only
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from accuracy_designs import DESIGNS, TABLES, parameters_of, run_design
from accuracy_report import draw, print_table
from machine import describe_machine, installed_versions
from rivals.fasttext_text import is_installed
from side_by_side import make_parser, parse_arguments

RESULTS = Path(__file__).resolve().parent / "results"
STORE = RESULTS / "accuracy_for_time.json"
TIMEOUT_S = 3 * 3600

Record = dict[str, Any]


def load(path: Path) -> list[Record]:
    """Load the stored results."""
    if not path.is_file():
        return []
    records: list[Record] = json.loads(path.read_text(encoding="utf-8"))["records"]
    return records


def save(path: Path, records: list[Record]) -> None:
    """Save the results atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "question": __doc__.splitlines()[0] if __doc__ else "",
        "machine": describe_machine(),
        "versions": installed_versions(),
        "records": records,
    }
    new = path.with_suffix(".new")
    new.write_text(f"{json.dumps(content, indent=1)}\n", encoding="utf-8")
    new.replace(path)


def key_of(record: Record) -> tuple[Any, ...]:
    """Return the key that identifies a measurement."""
    return tuple(record[name] for name in ("table", "design", "setting", "seed"))


def measure(table: str, design: str, setting: str, seed: int, quick: bool) -> Record:
    """Run one fit in a new process."""
    command = [sys.executable, __file__, "--one", table, design, setting, str(seed)]
    done = subprocess.run(
        command + ["--quick"] * quick,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    if done.returncode:
        raise SystemExit(f"{table}, {design}, {setting} failed:\n{done.stderr}")
    measured: Record = json.loads(done.stdout.splitlines()[-1])
    return measured


def wanted(options: Any) -> list[tuple[str, str, str, int]]:
    """Return the requested measurements, the fastest classifiers first."""
    jobs = []
    for name, table in TABLES.items():
        if name not in options.tables:
            continue
        for design, made in DESIGNS.items():
            if design not in options.designs or made.kind != table.kind:
                continue
            if design == "fastText" and not is_installed():
                print(
                    "fastText is skipped: run make environment-fasttext",
                    flush=True,
                )
                continue
            chosen = [s for s in made.settings if s in (options.settings or [s])]
            if options.quick:
                chosen = chosen[:1]
            jobs += [(name, design, s, seed) for s in chosen for seed in options.seeds]
    return jobs


def main() -> int:
    parser = make_parser(__doc__ or "")
    parser.add_argument("--designs", nargs="+", default=list(DESIGNS), choices=DESIGNS)
    parser.add_argument("--tables", nargs="+", default=list(TABLES), choices=TABLES)
    parser.add_argument("--settings", nargs="+", help="such as short, default, long")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument(
        "--again", action="store_true", help="repeat stored measurements"
    )
    parser.add_argument(
        "--show", action="store_true", help="only show the stored results"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="few rows and one setting, for a quick test",
    )
    parser.add_argument(
        "--clock",
        choices=("wall", "processor"),
        default="wall",
        help="clock of the shown times; both are stored",
    )
    parser.add_argument("--store", type=Path, help="JSON file of the results")
    parser.add_argument("--one", nargs=4, help="used internally")
    options = parse_arguments(parser)
    options.quick |= options.short
    if not os.environ.get("AMZEST_DATA"):
        print("Skipped: set AMZEST_DATA to the folder of the product tables.")
        return 0
    if options.one:
        table, design, setting, seed = options.one
        measured = run_design(
            TABLES[table], design, setting, int(seed), quick=options.quick
        )
        print(json.dumps(measured))
        return 0

    store = options.store or STORE
    if options.quick and not options.store:
        store = store.with_stem(f"{store.stem}_quick")
    records = load(store)
    known = {key_of(record): record for record in records}
    for job in [] if options.show else wanted(options):
        parameters = parameters_of(TABLES[job[0]], *job[1:])
        before = known.get(job)
        if before and before["parameters"] == parameters and not options.again:
            continue
        print(", ".join(map(str, job)), end=": ", flush=True)
        measured = measure(*job, options.quick)
        names = dict(zip(("table", "design", "setting", "seed"), job, strict=True))
        known[job] = {**names, **measured, "parameters": parameters}
        save(store, list(known.values()))
        print(
            f"{measured['accuracy']:.3f} after {measured['fit_wall']:.1f} s", flush=True
        )
    records = [
        record
        for record in known.values()
        if record["table"] in options.tables and record["design"] in options.designs
    ]
    if not records:
        print("Nothing has been measured yet.")
        return 0
    print_table(records, options.clock)
    figure = draw(records, options.clock, store.with_suffix(".png"))
    print(f"\nSaved {figure}")
    if options.json:
        save(options.json, records)
    return 0


if __name__ == "__main__":
    sys.exit(main())
