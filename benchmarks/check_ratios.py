"""Run short benchmarks and check that no speed ratio got worse.

    python benchmarks/check_ratios.py                # compare with expected_ratios.json
    python benchmarks/check_ratios.py --renew        # measure and rewrite that file
    python benchmarks/check_ratios.py --self-test    # each ratio must be able to fail

Ratios of alternating runs are compared, on processor time and with one thread, so that
other processes hardly change them and the expected values apply to other machines as
well. Each ratio is measured until a sequential test has decided whether it is as
expected. A ratio that is slower is measured again in a new process, after all others,
and is lost if it is slower in both. Each ratio has its own tolerance.

After a change that is supposed to change a ratio, run with ``--renew`` and commit the
new file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from checked_report import Checked
from sequential_test import Expectation
from side_by_side import make_table

HERE = Path(__file__).resolve().parent
EXPECTED = HERE / "expected_ratios.json"
FILES = ("bench_train_text.py", "bench_train_images.py", "bench_predict.py")

#: Tolerance of a ratio that is new in `--renew`.
TOLERANCE = 0.2
HEADER = ("benchmark", "what", "expected", "limit", "measured", "kept", "rounds", "")

#: The number of threads would change the ratios, and waiting threads use processor
#: time. The order of sets and of dictionaries of strings changes the time as well.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "",
    "PYTHONHASHSEED": "0",
}

Expectations = dict[str, dict[str, Expectation]]


class Verdict(NamedTuple):
    """Comparison of a ratio with the expected one."""

    file: str
    name: str
    expected: Expectation | None
    checked: Checked | None
    again: Checked | None = None

    @property
    def note(self) -> str:
        """The last cell of the row in the table."""
        if self.checked is None:
            return "MISSING"
        if self.expected is None:
            return "new"
        if self.checked.decision != "slower":
            return "" if self.checked.decision == "fine" else "undecided"
        if self.again is None:
            return "slower"
        return "LOST" if self.again.decision == "slower" else "slower once"

    @property
    def lost(self) -> bool:
        """Whether the ratio was slower in both measurements, or is missing."""
        return self.note in ("LOST", "MISSING")

    def row(self) -> tuple[str, ...]:
        """Return the cells of this verdict under `HEADER`."""
        expected, shown = self.expected, self.again or self.checked
        known = "-" if expected is None else f"{expected.ratio:.3g}"
        limit = "-" if expected is None else f"{expected.limit:.3g}"
        measured = "-" if shown is None else f"{shown.ratio:.3g}"
        kept = "-"
        if expected is not None and shown is not None:
            kept = f"{expected.speed(shown.ratio):.0%}"
        rounds = "-" if shown is None else str(len(shown.ratios))
        return (self.file, self.name, known, limit, measured, kept, rounds, self.note)


def read_expected(path: Path) -> Expectations:
    """Return the expected ratios of each file; none if the path does not exist."""
    if not path.is_file():
        return {}
    known = json.loads(path.read_text(encoding="utf-8"))
    return {
        file: {name: Expectation(**values) for name, values in ratios.items()}
        for file, ratios in known.items()
    }


def write_expected(path: Path, known: Expectations) -> None:
    """Write expected ratios, sorted by name."""
    values = {
        file: {name: each.as_dict() for name, each in ratios.items()}
        for file, ratios in known.items()
    }
    text = json.dumps(values, indent=1, sort_keys=True)
    path.write_text(f"{text}\n", encoding="utf-8")


def measure(
    file: str,
    expected: dict[str, Expectation],
    *,
    only: Collection[str] | None = None,
    slow_down: bool = False,
) -> dict[str, Checked]:
    """Check the ratios of a benchmark in a new process, all of them or `only` some."""
    start = time.perf_counter()
    task = {
        "expected": {name: each.as_dict() for name, each in expected.items()},
        "only": None if only is None else list(only),
        "slow_down": slow_down,
    }
    print(file, flush=True)
    with TemporaryDirectory() as folder:
        check, results = Path(folder, "check.json"), Path(folder, "results.json")
        check.write_text(json.dumps(task), encoding="utf-8")
        command = [sys.executable, str(HERE / file), "--short"]
        command += ["--check", str(check), "--json", str(results)]
        subprocess.run(command, env={**os.environ, **ENVIRONMENT}, check=False)
        if not results.is_file():
            raise SystemExit(f"{file} failed; see its output above.")
        read = json.loads(results.read_text(encoding="utf-8"))
    print(f"  in all: {time.perf_counter() - start:.0f} s", flush=True)
    return {name: Checked(**values) for name, values in read.items()}


def check(
    files: Collection[str], known: Expectations, *, slow_down: bool = False
) -> list[Verdict]:
    """Check the ratios of some benchmarks; measure slower ones again at the end."""
    verdicts = []
    for file in files:
        expected = known.get(file, {})
        measured = measure(file, expected, slow_down=slow_down)
        verdicts += [
            Verdict(file, name, expected.get(name), measured.get(name))
            for name in {**expected, **measured}
        ]
    for file in files:
        slower = [v.name for v in verdicts if v.file == file and v.note == "slower"]
        if not slower:
            continue
        again = measure(file, known[file], only=slower, slow_down=slow_down)
        verdicts = [
            v._replace(again=again.get(v.name))
            if v.file == file and v.name in slower
            else v
            for v in verdicts
        ]
    return verdicts


def renew(files: Collection[str], path: Path, known: Expectations) -> None:
    """Measure the ratios of some benchmarks and write them; keep their tolerances."""
    renewed = dict(known)
    for file in files:
        before = known.get(file, {})
        renewed[file] = {
            name: Expectation(
                checked.ratio,
                before[name].tolerance if name in before else TOLERANCE,
                checked.better,
            )
            for name, checked in measure(file, {}).items()
        }
    write_expected(path, renewed)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", default=FILES, help="which benchmarks")
    parser.add_argument(
        "--renew", action="store_true", help="write the measured ratios as expected"
    )
    parser.add_argument(
        "--self-test",
        action="store_true",
        help="slow amzest down by 1.5 times the tolerance; all ratios must be lost",
    )
    parser.add_argument("--expected", type=Path, default=EXPECTED, metavar="FILE")
    options = parser.parse_args()
    known = read_expected(options.expected)
    if options.renew:
        renew(options.files, options.expected, known)
        return 0
    verdicts = check(options.files, known, slow_down=options.self_test)
    print(f"\n{make_table(HEADER, [verdict.row() for verdict in verdicts])}")
    lost = [verdict.lost for verdict in verdicts]
    if options.self_test:
        print(f"\n{sum(lost)} of {len(lost)} slowed ratios were lost.")
        return int(not all(lost))
    if any(lost):
        print("\nA ratio got worse than its limit, or is missing.")
    return int(any(lost))


if __name__ == "__main__":
    sys.exit(main())
