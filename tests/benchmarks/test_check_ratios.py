"""The check that ratios do not get worse."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import check_ratios
import pytest
from check_ratios import Verdict
from checked_report import Checked
from sequential_test import Expectation

EXPECTED = Expectation(1.0, 0.2)


def checked(decision, ratio=1.0):
    return Checked([ratio], "higher", decision)


@pytest.mark.parametrize(
    ("first", "again", "note", "lost"),
    [
        ("fine", None, "", False),
        ("undecided", None, "undecided", False),
        ("slower", "slower", "LOST", True),
        ("slower", "fine", "slower once", False),
        ("slower", "undecided", "slower once", False),
    ],
)
def test_ratio_is_lost_if_it_is_slower_twice(first, again, note, lost):
    again = again and checked(again)
    verdict = Verdict("bench.py", "rows", EXPECTED, checked(first), again)
    assert (verdict.note, verdict.lost) == (note, lost)
    assert verdict.row()[-1] == note


def test_missing_ratio_is_lost_and_new_ratio_is_not():
    gone = Verdict("bench.py", "old", EXPECTED, None)
    new = Verdict("bench.py", "new", None, checked(None))
    assert (gone.lost, new.lost) == (True, False)
    assert gone.row() == ("bench.py", "old", "1", "0.8", "-", "-", "-", "MISSING")
    assert new.row() == ("bench.py", "new", "-", "-", "1", "-", "1", "new")


@pytest.fixture
def run_check(monkeypatch, tmp_path):
    """Return a function that runs the check with measurements that are given."""
    path = tmp_path / "expected.json"
    known = {"a.py": {"rows": EXPECTED}, "b.py": {"rows": EXPECTED, "one": EXPECTED}}
    check_ratios.write_expected(path, known)
    calls = []

    def run(measurements, *arguments):
        left = list(measurements)

        def measure(file, expected, *, only=None, slow_down=False):
            calls.append((file, only, slow_down))
            return left.pop(0)

        monkeypatch.setattr(check_ratios, "measure", measure)
        command = ["check_ratios.py", "a.py", "b.py", "--expected", str(path)]
        monkeypatch.setattr(sys, "argv", [*command, *arguments])
        return check_ratios.main()

    run.path, run.calls = path, calls
    return run


FINE, SLOWER = checked("fine"), checked("slower", 0.7)


def test_slower_ratios_alone_are_measured_again_after_all_files(run_check, capsys):
    first = [{"rows": FINE}, {"rows": FINE, "one": SLOWER}]
    assert run_check([*first, {"one": FINE}]) == 0
    assert "slower once" in capsys.readouterr().out
    assert run_check.calls == [
        ("a.py", None, False),
        ("b.py", None, False),
        ("b.py", ["one"], False),
    ]
    assert run_check([*first, {"one": SLOWER}]) == 1
    assert "LOST" in capsys.readouterr().out
    assert run_check([{"rows": FINE}, {"rows": FINE}]) == 1
    assert "MISSING" in capsys.readouterr().out


def test_self_test_fails_unless_all_slowed_ratios_are_lost(run_check, capsys):
    slow = [{"rows": SLOWER}, {"rows": SLOWER, "one": SLOWER}]
    assert run_check([*slow, *slow], "--self-test") == 0
    assert "3 of 3 slowed ratios were lost" in capsys.readouterr().out
    assert all(slow_down for _, _, slow_down in run_check.calls)
    some = [{"rows": FINE}, {"rows": SLOWER, "one": SLOWER}, slow[1]]
    assert run_check(some, "--self-test") == 1


def test_renew_keeps_tolerances_and_other_files(run_check):
    other = {"other.py": {"rows": Expectation(3.0, 0.5)}}
    known = {"a.py": {"rows": Expectation(1.0, 0.35), "gone": EXPECTED}} | other
    check_ratios.write_expected(run_check.path, known)
    lower = Checked([0.25], "lower", None)
    measured = [{"rows": checked(None, 0.7)}, {"new": lower}]
    assert run_check(measured, "--renew") == 0
    assert check_ratios.read_expected(run_check.path) == {
        "a.py": {"rows": Expectation(0.7, 0.35)},
        "b.py": {"new": Expectation(0.25, check_ratios.TOLERANCE, "lower")},
        **other,
    }


def test_benchmark_is_measured_in_a_process_of_one_thread(monkeypatch, tmp_path):
    script = tmp_path / "bench_loop.py"
    benchmarks = Path(check_ratios.__file__).parent
    script.write_text(
        f"""
import os, sys
sys.path.insert(0, {str(benchmarks)!r})
from checked_report import start_report
from side_by_side import parse_arguments

def work():
    sum(range(10_000))
    return 1

report = start_report("How fast?", parse_arguments("How fast?"))
for name in ("rows", os.environ["OMP_NUM_THREADS"]):
    report.compare(name, {{"ours": work, "sum": work}}, reference="sum", target=1,
                   warm_up=False)
sys.exit(report.finish())
""",
        encoding="utf-8",
    )
    monkeypatch.setattr(check_ratios, "HERE", tmp_path)
    expected = {"rows / sum": Expectation(1.0, 0.6)}
    found = check_ratios.measure(script.name, expected)
    assert found["rows / sum"].decision == "fine"
    assert found["1 / sum"].decision is None
    only = check_ratios.measure(
        script.name, expected, only=["rows / sum"], slow_down=True
    )
    assert {name: each.decision for name, each in only.items()} == {
        "rows / sum": "slower"
    }
    with pytest.raises(SystemExit, match=r"missing\.py failed"):
        check_ratios.measure("missing.py", expected)


def test_expected_ratios_have_tolerances_that_can_fail():
    known = check_ratios.read_expected(check_ratios.EXPECTED)
    assert set(known) == set(check_ratios.FILES)
    for ratios in known.values():
        for expected in ratios.values():
            assert expected.ratio > 0
            assert 0.1 <= expected.tolerance <= 0.35
    text = check_ratios.EXPECTED.read_text(encoding="utf-8")
    assert json.loads(text)  # written as --renew does, or it would change all lines
