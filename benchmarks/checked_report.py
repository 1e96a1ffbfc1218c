"""The report of a benchmark that `check_ratios.py` runs.

It measures only the ratios that have a target, each until a sequential test has decided
whether it is as expected, and on processor time: the time of the threads of this
process, which does not contain the time of other processes. That is not enough: they
also compete for memory bandwidth and caches, and the speed of a core changes. Both
contenders are therefore run in each round, in alternating order, and only ratios
within a round are used.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sequential_test import Decision, Expectation, decide
from side_by_side import Better, Report, Work, ratios_of, take_turns

#: Rounds after which an undecided measurement ends, and those of `--renew`.
MAX_ROUNDS, RENEW_ROUNDS = 50, 15
#: Processor time of a turn: shorter functions are repeated.
MIN_SECONDS, MAX_CALLS = 0.3, 100


@dataclass
class Checked:
    """A ratio and what the test decided; None if there is no expected value."""

    ratios: list[float]
    better: Better
    decision: Decision | None

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)


def measure_ratio(
    ours: Work,
    reference: Work,
    expected: Expectation | None,
    *,
    better: Better = "higher",
    warm_up: bool = True,
    slow_down: bool = False,
) -> Checked:
    """Run two functions alternately until their ratio is decided.

    Parameters
    ----------
    ours, reference : callable
        Functions to measure; may return the number of units (rows).

    expected : Expectation or None
        Expected ratio; None runs `RENEW_ROUNDS` rounds.

    better : {"higher", "lower"}, default="higher"
        Whether higher or lower ratios are better.

    warm_up : bool, default=True
        Whether to run each function once before, and repeat short ones in each round.

    slow_down : bool, default=False
        Whether to add to the time of `ours` so much that 1.5 times the tolerance is
        lost.

    Returns
    -------
    Checked
        Ratio of each round and the decision.
    """
    if slow_down and expected is not None:
        ours = slowed(ours, expected.slowdown)
    contenders = {"ours": ours, "reference": reference}
    if warm_up:  # imports, allocation, caches
        contenders = {name: repeated(work) for name, work in contenders.items()}
    max_rounds = RENEW_ROUNDS if expected is None else MAX_ROUNDS
    checked = Checked([], better, None if expected is None else "undecided")
    # What exists by now is not searched for garbage in each round.
    gc.collect()
    gc.freeze()
    try:
        while len(checked.ratios) < max_rounds:
            turns = take_turns(contenders, 1, warm_up=False, start=len(checked.ratios))
            checked.ratios += ratios_of(
                turns["ours"], turns["reference"], better=better, clock="processor"
            )
            if expected is not None:
                n_worse = sum(map(expected.is_worse, checked.ratios))
                checked.decision = decide(n_worse, len(checked.ratios) - n_worse)
                if checked.decision != "undecided":
                    break
    finally:
        gc.unfreeze()
    return checked


def repeated(work: Work) -> Work:
    """Run a function once, and return one that repeats it for `MIN_SECONDS`."""
    work()
    start = time.process_time()
    work()
    seconds = time.process_time() - start
    n_calls = math.ceil(MIN_SECONDS / max(seconds, MIN_SECONDS / MAX_CALLS))

    def repeat() -> float:
        units = 0.0
        for _ in range(n_calls):
            counted = work()
            units += 1 if counted is None else counted
        return units

    return repeat if n_calls > 1 else work


def slowed(work: Work, factor: float) -> Work:
    """Return a function that uses `factor` times the processor time."""

    def slow() -> float | int | None:
        start = time.process_time()
        units = work()
        end = start + factor * (time.process_time() - start)
        while time.process_time() < end:
            pass
        return units

    return slow


class CheckedReport(Report):
    """Checks the ratios of a benchmark that have a target; ignores other values."""

    def __init__(self, question: str, options: argparse.Namespace) -> None:
        super().__init__(question, options)
        known = json.loads(options.check.read_text(encoding="utf-8"))
        self._expected = {
            name: Expectation(**values) for name, values in known["expected"].items()
        }
        self._only = known["only"]
        self._slow_down = known["slow_down"]
        self._checked: dict[str, Checked] = {}

    def compare(
        self,
        name: str,
        contenders: Mapping[str, Work],
        *,
        reference: str,
        target: float | None = None,
        better: Better = "higher",
        warm_up: bool = True,
        **_: Any,
    ) -> None:
        """Check the ratio of the first contender to the reference."""
        label = f"{name} / {reference}"
        if target is None or (self._only is not None and label not in self._only):
            return
        start = time.perf_counter()
        self._checked[label] = checked = measure_ratio(
            next(iter(contenders.values())),
            contenders[reference],
            self._expected.get(label),
            better=better,
            warm_up=warm_up,
            slow_down=self._slow_down,
        )
        print(
            f"  {label}: {checked.ratio:.3g}, {checked.decision or 'new'} after "
            f"{len(checked.ratios)} rounds, {time.perf_counter() - start:.0f} s",
            flush=True,
        )

    def add(self, name: str, values: Any, **_: Any) -> None:
        """Ignore a value that is not a ratio of functions."""

    def finish(self) -> int:
        """Write the checked ratios as JSON."""
        text = json.dumps({n: vars(checked) for n, checked in self._checked.items()})
        Path(self.options.json).write_text(text, encoding="utf-8")
        return 0


def start_report(question: str, options: argparse.Namespace) -> Report:
    """Return the report of a benchmark, or that of a check with ``--check``."""
    return (
        Report(question, options)
        if options.check is None
        else CheckedReport(question, options)
    )
