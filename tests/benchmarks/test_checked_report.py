"""Ratios that are measured until they are decided, with functions of known duration."""

from __future__ import annotations

import gc
import json

import checked_report
import numpy as np
import pytest
import side_by_side
from checked_report import CheckedReport, measure_ratio, start_report
from sequential_test import Expectation
from side_by_side import Report, parse_arguments


@pytest.fixture
def clock(monkeypatch):
    """A processor clock that only advances when a test sets it."""
    now = {"wall": 0.0, "processor": 0.0}

    def process_time():
        now["processor"] += 1e-3  # as a loop that waits needs
        return now["processor"]

    for module in (side_by_side, checked_report):
        monkeypatch.setattr(module.time, "process_time", process_time)
    monkeypatch.setattr(side_by_side.time, "perf_counter", lambda: now["wall"])
    return now


def work_of(clock, seconds, units=100, calls=None):
    """Return a function that takes processor time, and a random time of others."""
    rng = np.random.default_rng(0)

    def work():
        clock["processor"] += seconds
        clock["wall"] += seconds * rng.uniform(1, 20)
        if calls is not None:
            calls.append(seconds)
        return units

    return work


def noisy(clock, seconds, deviation, seed):
    rng = np.random.default_rng(seed)

    def work():
        clock["processor"] += seconds * np.exp(deviation * rng.standard_normal())
        return 100

    return work


EXPECTED = Expectation(0.5, 0.2)


@pytest.mark.parametrize(
    ("seconds", "decision", "rounds"),
    [(2.0, "fine", 4), (1.0, "fine", 4), (2.4, "fine", 4), (2.6, "slower", 9)],
)
def test_measurement_ends_when_the_ratio_is_clear(clock, seconds, decision, rounds):
    checked = measure_ratio(work_of(clock, seconds), work_of(clock, 1.0), EXPECTED)
    assert (checked.decision, len(checked.ratios)) == (decision, rounds)
    assert checked.ratio == pytest.approx(1 / seconds, rel=1e-3)


def test_ratio_without_expectation_is_measured_for_a_fixed_number_of_rounds(clock):
    checked = measure_ratio(work_of(clock, 2.0), work_of(clock, 1.0), None)
    assert checked.decision is None
    assert len(checked.ratios) == checked_report.RENEW_ROUNDS


@pytest.mark.parametrize("better", ["higher", "lower"])
def test_slowed_function_is_found_in_both_directions(clock, better):
    expected = Expectation(0.5 if better == "higher" else 2.0, 0.2, better)
    ours, reference = work_of(clock, 2.0), work_of(clock, 1.0)
    checked = measure_ratio(ours, reference, expected, better=better)
    assert checked.decision == "fine"
    checked = measure_ratio(ours, reference, expected, better=better, slow_down=True)
    assert checked.decision == "slower"
    assert expected.speed(checked.ratio) == pytest.approx(0.7, rel=0.01)


@pytest.mark.parametrize(
    ("deviation", "slow", "decision"), [(0.15, False, "fine"), (0.07, True, "slower")]
)
def test_noise_does_not_change_the_decision(clock, deviation, slow, decision):
    for seed in range(5):
        ours = noisy(clock, 2.0, deviation, seed)
        reference = noisy(clock, 1.0, deviation, seed + 1000)
        checked = measure_ratio(ours, reference, EXPECTED, slow_down=slow)
        assert checked.decision == decision


def test_short_functions_are_repeated_and_long_ones_are_not(clock):
    short, long = [], []
    ours, reference = work_of(clock, 0.01, calls=short), work_of(clock, 1.0, calls=long)
    checked = measure_ratio(ours, reference, Expectation(100.0, 0.2))
    assert len(short) == 2 + 4 * 28  # 0.3 s, and the clock itself advances
    assert len(long) == 2 + 4
    assert checked.ratio == pytest.approx(100, rel=0.01)


def test_garbage_collector_is_as_before_if_a_function_fails(clock):
    def fail():
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        measure_ratio(fail, work_of(clock, 1.0), EXPECTED, warm_up=False)
    assert gc.get_freeze_count() == 0


def test_functions_take_processor_time_for_real():
    """A loop in Python against the same loop: fine; slowed down: slower."""
    expected = Expectation(1.0, 0.3)

    def loop():
        return sum(1 for _ in range(100_000))

    decisions = [
        measure_ratio(loop, loop, expected, warm_up=False, slow_down=slow).decision
        for slow in (False, True)
    ]
    assert decisions == ["fine", "slower"]


def options_for(tmp_path, **task):
    path, results = tmp_path / "check.json", tmp_path / "results.json"
    task = {"expected": {}, "only": None, "slow_down": False} | task
    path.write_text(json.dumps(task), encoding="utf-8")
    arguments = ["--check", str(path), "--json", str(results), "--short"]
    return parse_arguments("Doc.", arguments), results


def test_report_checks_only_the_selected_ratios_with_a_target(clock, tmp_path, capsys):
    options, results = options_for(
        tmp_path,
        expected={
            "rows / theirs": EXPECTED.as_dict(),
            "other rows / theirs": EXPECTED.as_dict(),
        },
        only=["rows / theirs"],
        slow_down=True,
    )
    report = start_report("How fast?", options)
    assert isinstance(report, CheckedReport)
    third = []
    contenders = {
        "ours": work_of(clock, 2.0),
        "third": work_of(clock, 3.0, calls=third),
        "theirs": work_of(clock, 1.0),
    }
    for name, target in {"rows": 0.9, "other rows": 0.9, "no target": None}.items():
        report.compare(name, contenders, reference="theirs", target=target)
    report.add("seconds", [1.0, 2.0], unit="s", target=3.0)
    assert report.finish() == 0
    assert third == []
    assert "rows / theirs: 0.35, slower after 9 rounds" in capsys.readouterr().out
    read = json.loads(results.read_text(encoding="utf-8"))
    assert list(read) == ["rows / theirs"]
    assert read["rows / theirs"]["decision"] == "slower"
    assert len(read["rows / theirs"]["ratios"]) == 9


def test_report_without_check_is_the_usual_one():
    report = start_report("How fast?", parse_arguments("Doc.", ["--short"]))
    assert type(report) is Report
