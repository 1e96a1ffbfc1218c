"""Run short benchmarks and check that no ratio got worse by more than a fifth.

    python benchmarks/check_ratios.py                # compare with expected_ratios.json
    python benchmarks/check_ratios.py --renew        # measure and rewrite that file

Only ratios of alternating runs are compared, so that the expected values apply to other
machines as well. A ratio that got worse is measured again, and the better of both
values is used, since other processes may have interfered. After a change that is
supposed to change a ratio, run with ``--renew`` and commit the new file.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from side_by_side import make_table

HERE = Path(__file__).resolve().parent
EXPECTED = HERE / "expected_ratios.json"
FILES = ("bench_train_text.py", "bench_train_images.py", "bench_predict.py")

#: Fraction of the expected ratio by which it may get worse.
TOLERANCE = 0.2
HEADER = ("benchmark", "what", "expected", "measured", "kept", "")

#: File -> name of a result -> its ratio, and whether higher is better.
Ratios = dict[str, dict[str, dict[str, Any]]]


class Verdict(NamedTuple):
    """Comparison of a ratio with the expected one."""

    file: str
    name: str
    expected: float | None
    measured: float | None
    share: float | None  # measured speed / expected speed

    @property
    def lost(self) -> bool:
        """Whether the ratio got worse by more than the tolerance, or is missing."""
        if self.expected is None:
            return False
        return self.share is None or self.share < 1 - TOLERANCE

    def row(self) -> tuple[str, ...]:
        """Return the cells of this verdict under `HEADER`."""
        note = "LOST" if self.lost else "new" if self.expected is None else ""
        numbers = (
            "-" if number is None else form.format(number)
            for number, form in (
                (self.expected, "{:.3g}"),
                (self.measured, "{:.3g}"),
                (self.share, "{:.0%}"),
            )
        )
        return (self.file, self.name, *numbers, note)


def ratios_in(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the ratios with a target from a benchmark's JSON.

    Times depend on the machine, and other ratios may compare baselines only.
    """
    return {
        result["name"]: {"ratio": result["value"], "better": result["better"]}
        for result in report["results"]
        if not result["unit"] and result["target"] is not None
    }


def share_kept(expected: dict[str, Any], measured: dict[str, Any]) -> float:
    """Return measured speed / expected speed, for both directions of a ratio."""
    share = measured["ratio"] / expected["ratio"]
    return float(share if expected["better"] == "higher" else 1 / share)


def compare(expected: Ratios, measured: Ratios) -> list[Verdict]:
    """Compare measured with expected ratios, in the order of the latter."""
    verdicts = []
    for file in {**expected, **measured}:
        before, now = expected.get(file, {}), measured.get(file, {})
        for name in {**before, **now}:
            old, new = before.get(name), now.get(name)
            verdicts.append(
                Verdict(
                    file,
                    name,
                    old["ratio"] if old else None,
                    new["ratio"] if new else None,
                    share_kept(old, new) if old and new else None,
                )
            )
    return verdicts


def better_of(
    first: dict[str, dict[str, Any]], second: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return the better of both measurements of each name."""
    best = dict(first)
    for name, again in second.items():
        if name not in best or share_kept(best[name], again) > 1:
            best[name] = again
    return best


def measure(file: str) -> dict[str, dict[str, Any]]:
    """Run a benchmark with ``--short`` and return its ratios."""
    start = time.perf_counter()
    with TemporaryDirectory() as folder:
        path = Path(folder, "results.json")
        command = [sys.executable, str(HERE / file), "--short", "--json", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not path.is_file():
            raise SystemExit(f"{file} failed:\n{done.stdout}{done.stderr}")
        report = json.loads(path.read_text(encoding="utf-8"))
    print(f"{file}: {time.perf_counter() - start:.0f} s", flush=True)
    return ratios_in(report)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", default=FILES, help="which benchmarks")
    parser.add_argument(
        "--renew",
        action="store_true",
        help="write the measured ratios as expected",
    )
    parser.add_argument("--expected", type=Path, default=EXPECTED, metavar="FILE")
    options = parser.parse_args()
    known: Ratios = {}
    if options.expected.is_file():
        known = json.loads(options.expected.read_text(encoding="utf-8"))
    expected = {file: known[file] for file in options.files if file in known}
    measured = {file: measure(file) for file in options.files}

    if options.renew:
        text = json.dumps({**known, **measured}, indent=1, sort_keys=True)
        options.expected.write_text(f"{text}\n", encoding="utf-8")
    else:
        verdicts = compare(expected, measured)
        for file in {verdict.file for verdict in verdicts if verdict.lost}:
            measured[file] = better_of(measured[file], measure(file))
    verdicts = compare(expected, measured)
    print(f"\n{make_table(HEADER, [verdict.row() for verdict in verdicts])}")
    lost = not options.renew and any(verdict.lost for verdict in verdicts)
    if lost:
        print(f"\nA ratio got worse by more than {TOLERANCE:.0%}.")
    return int(lost)


if __name__ == "__main__":
    sys.exit(main())
