"""The benchmark harness, with functions of known duration."""

from __future__ import annotations

import json

import pytest
import side_by_side
from side_by_side import (
    Report,
    Result,
    Turn,
    make_parser,
    make_table,
    parse_arguments,
    ratios_of,
    take_turns,
)


@pytest.fixture
def clock(monkeypatch):
    """Clocks that only advance when a test sets them."""
    now = {"wall": 0.0, "processor": 0.0}
    monkeypatch.setattr(side_by_side.time, "perf_counter", lambda: now["wall"])
    monkeypatch.setattr(side_by_side.time, "process_time", lambda: now["processor"])
    return now


def work_of(clock, wall, processor=0.5, units=None, calls=None, name=""):
    def work():
        clock["wall"] += wall
        clock["processor"] += processor
        if calls is not None:
            calls.append(name)
        return units

    return work


def test_take_turns_alternate_and_warm_up_does_not_count(clock):
    calls = []
    contenders = {
        name: work_of(clock, wall, calls=calls, name=name)
        for name, wall in {"a": 1, "b": 2}.items()
    }
    turns = take_turns(contenders, 2)
    assert calls == ["a", "b", "a", "b", "b", "a"]
    assert turns["a"] == [Turn(1, 0.5, 1)] * 2
    assert turns["b"] == [Turn(2, 0.5, 1)] * 2


@pytest.mark.parametrize(
    ("better", "which", "expected"),
    [
        ("higher", "wall", [3.0, 2.0]),
        ("lower", "wall", [1 / 3, 1 / 2]),
        ("higher", "processor", [1.0, 1.0]),
    ],
)
def test_ratios_are_taken_round_by_round(better, which, expected):
    ours = [Turn(1, 2, 10), Turn(2, 2, 10)]
    theirs = [Turn(3, 2, 10), Turn(8, 4, 20)]
    assert ratios_of(ours, theirs, better=better, clock=which) == expected


def test_compare_reports_the_first_against_its_target(clock, capsys):
    report = Report("How fast?", parse_arguments("Doc.", ["--rounds", "3"]))
    result = report.compare(
        "rows",
        {
            "ours": work_of(clock, 2, units=100),
            "theirs": work_of(clock, 1, units=100),
            "third": work_of(clock, 4, units=100),
        },
        reference="theirs",
        target=0.9,
    )
    assert result.values == [0.5] * 3
    assert result.units_per_second == {"ours": 50, "theirs": 100, "third": 25}
    assert [each.name for each in report.results] == ["rows, ours", "rows, third"]
    assert report.results[1].target is None
    assert report.finish() == 1
    assert ">= 0.9  MISSED" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("better", "value", "reached"),
    [("higher", 0.8, False), ("higher", 0.9, True), ("lower", 0.8, True)],
)
def test_result_reaches_its_target(better, value, reached):
    result = Result("rows", [value], target=0.9, better=better)
    assert result.reached is reached
    assert Result("rows", [value]).reached


def test_table_is_aligned():
    table = make_table(("what", "against", "median"), [("a", "b", "1.25")])
    assert table.splitlines() == ["what  against  median", "a     b          1.25"]


def test_json_contains_results_and_machine(tmp_path, capsys):
    path = tmp_path / "folder" / "results.json"
    options = parse_arguments("Doc.", ["--json", str(path), "--short"])
    report = Report("How long?", options)
    report.add("one row", [3.0, 1.0, 2.0], unit="ms", target=3)
    assert report.finish() == 0
    printed = capsys.readouterr().out
    for name in ("machine: ", "versions: python ", "threads: "):
        assert name in printed
    read = json.loads(path.read_text(encoding="utf-8"))
    assert read["question"] == "How long?"
    assert read["short"] is True
    (result,) = read["results"]
    assert result["value"] == 2.0
    assert result["values"] == [3.0, 1.0, 2.0]
    assert result["unit"] == "ms"
    assert read["machine"]["cores"] >= 1
    assert read["versions"].keys() >= {"python", "numpy", "scikit-learn"}
    assert read["threads"].keys() == {"torch", "OMP_NUM_THREADS", "pools"}


def test_arguments_have_fewer_rounds_when_short():
    assert parse_arguments("Doc.", []).rounds == side_by_side.DEFAULT_ROUNDS
    assert parse_arguments("Doc.", ["--short"]).rounds == side_by_side.SHORT_ROUNDS
    parser = make_parser("First line.\n\nMore.")
    parser.add_argument("--n", type=int, default=5)
    options = parse_arguments(parser, ["--short", "--rounds", "9"])
    assert (options.n, options.rounds) == (5, 9)
    assert parser.description == "First line."
