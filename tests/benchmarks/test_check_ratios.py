"""The check that ratios do not get worse."""

from __future__ import annotations

import json
import sys

import check_ratios
import pytest


def ratio(value, better="higher"):
    return {"ratio": value, "better": better}


@pytest.mark.parametrize(
    ("better", "before", "now", "lost"),
    [
        ("higher", 1.0, 0.81, False),
        ("higher", 1.0, 0.79, True),
        ("higher", 1.0, 2.0, False),
        ("lower", 1.0, 1.24, False),
        ("lower", 1.0, 1.26, True),
        ("lower", 1.0, 0.5, False),
    ],
)
def test_more_than_a_fifth_is_lost(better, before, now, lost):
    (verdict,) = check_ratios.compare(
        {"bench.py": {"rows": ratio(before, better)}},
        {"bench.py": {"rows": ratio(now, better)}},
    )
    assert verdict.lost is lost


def test_missing_ratio_is_lost_and_new_ratio_is_not():
    gone, new = check_ratios.compare(
        {"bench.py": {"old": ratio(1.0)}}, {"bench.py": {"new": ratio(1.0)}}
    )
    assert (gone.name, gone.lost) == ("old", True)
    assert (new.name, new.lost) == ("new", False)
    assert gone.row()[-1] == "LOST"
    assert new.row()[-1] == "new"


def test_only_ratios_are_compared():
    results = [
        {"name": "rows", "value": 0.9, "better": "higher", "unit": "", "target": 0.9},
        {"name": "rival", "value": 2.0, "better": "higher", "unit": "", "target": None},
        {"name": "one row", "value": 3, "better": "lower", "unit": "ms", "target": 3},
    ]
    assert check_ratios.ratios_in({"results": results}) == {"rows": ratio(0.9)}


def run_check(monkeypatch, path, measurements, *arguments):
    left = list(measurements)
    monkeypatch.setattr(check_ratios, "measure", lambda file: left.pop(0))
    command = ["check_ratios.py", "bench.py", "--expected", str(path), *arguments]
    monkeypatch.setattr(sys, "argv", command)
    return check_ratios.main()


def test_ratio_is_measured_again_before_it_is_lost(monkeypatch, tmp_path, capsys):
    path = tmp_path / "expected.json"
    path.write_text(json.dumps({"bench.py": {"rows": ratio(1.0)}}), encoding="utf-8")
    slow, fast = {"rows": ratio(0.5)}, {"rows": ratio(0.95)}
    assert run_check(monkeypatch, path, [slow, fast]) == 0
    assert run_check(monkeypatch, path, [slow, slow]) == 1
    assert "LOST" in capsys.readouterr().out


def test_renew_keeps_other_files(monkeypatch, tmp_path):
    path = tmp_path / "expected.json"
    other = {"other.py": {"rows": ratio(1.0)}}
    path.write_text(json.dumps(other), encoding="utf-8")
    measured = {"rows": ratio(0.7)}
    assert run_check(monkeypatch, path, [measured], "--renew") == 0
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written == {**other, "bench.py": measured}
