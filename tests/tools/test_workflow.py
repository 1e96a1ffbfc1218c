"""The workflow runs the Makefile's targets on every supported Python."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = (ROOT / ".github" / "workflows" / "checks.yml").read_text(encoding="utf-8")
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = SETTINGS["project"]
JOBS = dict(re.findall(r"^  ([a-z-]+):\n((?:    .*\n|\n)+)", WORKFLOW, re.MULTILINE))


def supported_versions():
    named = "Programming Language :: Python :: 3."
    return {row[len(named) - 2 :] for row in PROJECT["classifiers"] if named in row}


def test_each_job_runs_its_target():
    for target in ("lint", "test", "test-oldest", "docs"):
        assert re.search(rf"run: make {target}( |$)", JOBS[target], re.MULTILINE)


def test_jobs_run_on_every_supported_python():
    for job in ("lint", "test", "docs"):
        versions = re.search(r"python-version: \[(.+)\]", JOBS[job])[1]
        assert set(re.findall(r"3\.\d+", versions)) == supported_versions()


def test_oldest_versions_run_on_the_oldest_python():
    oldest = PROJECT["requires-python"].removeprefix(">=")
    assert f'python-version: "{oldest}"' in JOBS["test-oldest"]


def test_targets_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"run: make ([a-z-]+)", WORKFLOW):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
