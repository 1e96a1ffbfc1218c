"""Measure functions alternately, and report ratios of their speeds.

    report = Report("How fast is A, compared to B?", parse_arguments(__doc__))
    report.compare("a small table", {"A": run_a, "B": run_b}, reference="B", target=0.9)
    sys.exit(report.finish())

The speed of a machine that runs other processes varies. Every contender is therefore
run once per round, and ratios are computed between runs of the same round. Only ratios
are compared, never times of two benchmark runs.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from machine import (
    circumstances,
    describe_machine,
    describe_threads,
    installed_versions,
)

Better = Literal["higher", "lower"]
Clock = Literal["wall", "processor"]
Work = Callable[[], float | int | None]

DEFAULT_ROUNDS, SHORT_ROUNDS = 7, 3
HEADER = ("what", "against", "median", "min", "max", "rounds", "target")


class Turn(NamedTuple):
    """Time of one run of a contender."""

    wall: float  # seconds
    processor: float  # seconds, of all threads
    units: float  # units of work, such as rows


@dataclass
class Result:
    """A measured value and its target.

    Parameters
    ----------
    name : str
        Name of the measurement.

    values : list of float
        The value of each round; the median is compared with the target.

    rival : str, default=""
        Reference of a ratio.

    target : float, default=None
        Value that should be reached.

    better : {"higher", "lower"}, default="higher"
        Whether higher or lower values are better.

    unit : str, default=""
        Unit of the values, such as "ms"; empty for ratios.

    units_per_second : dict of str to float
        Median rate of each contender.
    """

    name: str
    values: list[float]
    rival: str = ""
    target: float | None = None
    better: Better = "higher"
    unit: str = ""
    units_per_second: dict[str, float] = field(default_factory=dict)

    @property
    def value(self) -> float:
        """Median over the rounds."""
        return statistics.median(self.values)

    @property
    def reached(self) -> bool:
        """Whether the target, if there is one, is reached."""
        if self.target is None:
            return True
        if self.better == "higher":
            return self.value >= self.target
        return self.value <= self.target

    def row(self) -> tuple[str, ...]:
        """Return the cells of this result under `HEADER`."""
        target = ""
        if self.target is not None:
            sign = ">=" if self.better == "higher" else "<="
            target = f"{sign} {self.target:g}" + ("" if self.reached else "  MISSED")
        summary = (self.value, min(self.values), max(self.values))
        numbers = (f"{shortened(number)} {self.unit}".rstrip() for number in summary)
        return (self.name, self.rival, *numbers, str(len(self.values)), target)


def shortened(number: float) -> str:
    """Format a number with at least three digits."""
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"


def take_turns(
    contenders: Mapping[str, Work], rounds: int, *, warm_up: bool = True, start: int = 0
) -> dict[str, list[Turn]]:
    """Run each contender once per round, in alternating order.

    Parameters
    ----------
    contenders : dict of str to callable
        Functions to measure; may return the number of units (rows, lines).

    rounds : int
        Number of measured rounds.

    warm_up : bool, default=True
        Whether to run each contender once before the measured rounds.

    start : int, default=0
        Number of earlier rounds, which determines the order.

    Returns
    -------
    dict of str to list of Turn
        Runs of each contender, in the order of the rounds.
    """
    if warm_up:
        for work in contenders.values():
            work()
    turns: dict[str, list[Turn]] = {name: [] for name in contenders}
    for number in range(start, start + rounds):
        # Reversed in every second round, so that no contender always runs first.
        for name in list(contenders)[:: -1 if number % 2 else 1]:
            gc.collect()  # do not collect the garbage of another contender
            wall, processor = time.perf_counter(), time.process_time()
            units = contenders[name]()
            processor = time.process_time() - processor
            wall = time.perf_counter() - wall
            turns[name].append(Turn(wall, processor, 1.0 if units is None else units))
    return turns


def ratios_of(
    turns: Sequence[Turn],
    reference: Sequence[Turn],
    *,
    better: Better = "higher",
    clock: Clock = "wall",
) -> list[float]:
    """Divide the speeds of turns by those of the reference in the same rounds.

    Parameters
    ----------
    turns, reference : list of Turn
        As `take_turns` returns them.

    better : {"higher", "lower"}, default="higher"
        "higher" gives ratios of units per second, "lower" of seconds per unit.

    clock : {"wall", "processor"}, default="wall"
        Clock to use.

    Returns
    -------
    list of float
        One ratio per round.
    """
    ratios = [
        (ours.units / getattr(ours, clock)) / (theirs.units / getattr(theirs, clock))
        for ours, theirs in zip(turns, reference, strict=True)
    ]
    return ratios if better == "higher" else [1 / ratio for ratio in ratios]


def make_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format a table; the first two columns are left-aligned."""
    lines = [list(header), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


class Report:
    """Results of one benchmark, printed and written as JSON.

    Parameters
    ----------
    question : str
        Question that the benchmark answers.

    options : argparse.Namespace
        Arguments as `parse_arguments` returns them.
    """

    def __init__(self, question: str, options: argparse.Namespace) -> None:
        self.question = question
        self.options = options
        self.results: list[Result] = []
        print(question, flush=True)

    def compare(
        self,
        name: str,
        contenders: Mapping[str, Work],
        *,
        reference: str,
        target: float | None = None,
        better: Better = "higher",
        clock: Clock = "wall",
        rounds: int | None = None,
        warm_up: bool = True,
    ) -> Result:
        """Run contenders alternately, and report their ratios to the reference.

        Parameters
        ----------
        name : str
            Name of the comparison.

        contenders : dict of str to callable
            See `take_turns`. The target applies to the first one.

        reference : str
            Contender that the others are compared with.

        target : float, default=None
            Ratio that the first contender should reach.

        better : {"higher", "lower"}, default="higher"
            Whether to compute ratios of units per second or seconds per unit.

        clock : {"wall", "processor"}, default="wall"
            Clock to use.

        rounds : int, default=None
            Number of rounds; None uses the command-line option.

        warm_up : bool, default=True
            Whether to run each contender once before the measured rounds.

        Returns
        -------
        Result
            Result of the first contender.
        """
        turns = take_turns(contenders, rounds or self.options.rounds, warm_up=warm_up)
        rates = {
            each: statistics.median(turn.units / getattr(turn, clock) for turn in taken)
            for each, taken in turns.items()
        }
        others = [each for each in contenders if each != reference]
        made = []
        for each in others:
            ratios = ratios_of(
                turns[each], turns[reference], better=better, clock=clock
            )
            label = name if len(others) == 1 else f"{name}, {each}"
            aim = target if each == others[0] else None
            made.append(Result(label, ratios, reference, aim, better, "", rates))
            self._keep(made[-1])
        return made[0]

    def add(
        self,
        name: str,
        values: float | Sequence[float],
        *,
        rival: str = "",
        target: float | None = None,
        better: Better = "lower",
        unit: str = "",
        units_per_second: dict[str, float] | None = None,
    ) -> Result:
        """Report a value that was measured in another way; see `Result`."""
        numbers = [values] if isinstance(values, (int, float)) else list(values)
        rates = units_per_second or {}
        result = Result(name, numbers, rival, target, better, unit, rates)
        self._keep(result)
        return result

    def _keep(self, result: Result) -> None:
        self.results.append(result)
        rates = ", ".join(
            f"{name} {shortened(rate)}/s"
            for name, rate in result.units_per_second.items()
        )
        value = f"{shortened(result.value)} {result.unit}".rstrip()
        print(f"  {result.name}: {value}{f' ({rates})' if rates else ''}", flush=True)

    def as_dict(self) -> dict[str, Any]:
        """Return the results as plain values, for JSON."""
        return {
            "question": self.question,
            "short": self.options.short,
            "results": [
                {**asdict(result), "value": result.value, "reached": result.reached}
                for result in self.results
            ],
            "machine": describe_machine(),
            "versions": installed_versions(),
            "threads": describe_threads(),
        }

    def finish(self) -> int:
        """Print the table and write the JSON; return 1 if a target was missed."""
        rows = [result.row() for result in self.results]
        print(f"\n{make_table(HEADER, rows)}\n\n{circumstances()}", flush=True)
        if self.options.json is not None:
            self.options.json.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(self.as_dict(), indent=1)
            self.options.json.write_text(f"{text}\n", encoding="utf-8")
        return int(not all(result.reached for result in self.results))


def make_parser(
    description: str, *, rounds: int = DEFAULT_ROUNDS, short_rounds: int = SHORT_ROUNDS
) -> argparse.ArgumentParser:
    """Create a parser with the common arguments of all benchmarks.

    Parameters
    ----------
    description : str
        The benchmark's docstring; its first line is the description.

    rounds, short_rounds : int
        Default number of rounds, also with ``--short``.

    Returns
    -------
    argparse.ArgumentParser
        A benchmark may add further arguments.
    """
    parser = argparse.ArgumentParser(description=description.strip().splitlines()[0])
    parser.add_argument(
        "--short", action="store_true", help="smaller data and fewer rounds"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write results here")
    parser.add_argument(
        "--rounds",
        type=int,
        help=f"runs of each contender (default: {rounds}, "
        f"or {short_rounds} with --short)",
    )
    # The ratios to check, written by check_ratios.py.
    parser.add_argument("--check", type=Path, help=argparse.SUPPRESS)
    parser.set_defaults(_rounds=rounds, _short_rounds=short_rounds)
    return parser


def parse_arguments(
    description: str | argparse.ArgumentParser, arguments: Sequence[str] | None = None
) -> argparse.Namespace:
    """Parse the common arguments, and those that a benchmark added."""
    parser = description
    if isinstance(parser, str):
        parser = make_parser(parser)
    options = parser.parse_args(arguments)
    if options.rounds is None:
        options.rounds = options._short_rounds if options.short else options._rounds
    return options
