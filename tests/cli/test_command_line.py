"""Exit codes, messages and help."""

import subprocess
import sys
import tomllib
import warnings
from importlib import import_module
from pathlib import Path

import pytest

from amzest.cli import _predict, main
from amzest.distributed import _scoring

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ("fit", "predict", "evaluate", "explain", "serve")


def stopped(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    return stop.value.code, capsys.readouterr()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fit"],
        ["fit", "a.csv", "--out", "b"],
        ["fit", "a.csv", "--target", "c"],
        ["fit", "a.csv", "--target", "c", "--out", "b", "--model", "unknown"],
        ["fit", "a.csv", "--target", "c", "--out", "b", "--time-budget", "0"],
        ["predict", "a.amz"],
        ["predict", "a.amz", "b.csv", "--top-k", "0"],
        ["predict", "a.amz", "b.csv", "--chunk-size", "x"],
        ["evaluate", "a.amz", "b.csv"],
        ["evaluate", "a", "b", "--target", "c", "--target-precision", "1"],
        ["explain", "a.amz", "b.csv", "--rows", "-1"],
        ["serve"],
        ["serve", "a.amz", "--port", "70000"],
        ["prepare"],
    ],
)
def test_wrong_calls_exit_with_2(arguments, capsys):
    code, printed = stopped(capsys, *arguments)
    assert code == 2
    assert "usage: amzest" in printed.err
    assert printed.out == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command, capsys):
    code, printed = stopped(capsys, command, "--help")
    assert code == 0
    assert f"amzest {command}" in printed.out.partition("example:")[2]


def test_help_and_version(capsys):
    _, printed = stopped(capsys, "--help")
    assert "exit codes:" in printed.out
    assert "130" in printed.out
    assert all(f"    {command}" in printed.out for command in COMMANDS)
    code, printed = stopped(capsys, "--version")
    assert code == 0
    assert printed.out.startswith("amzest ")


def test_prepare_is_the_command_of_datasets(capsys):
    _, printed = stopped(capsys, "prepare", "--help")
    assert printed.out.startswith("usage: amzest prepare")
    assert main(["prepare", "nowhere.json", "--out", "out.parquet"]) == 1


def test_console_script():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, _, name = project["scripts"]["amzest"].partition(":")
    assert getattr(import_module(module), name) is main


def test_interrupt(model, products, tmp_path, monkeypatch, run):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(_scoring, "prediction_columns", interrupted)
    out = tmp_path / "out.csv"
    code, _, printed = run("predict", model, products, "--out", out)
    assert code == 130
    assert "Interrupted. No file was written." in printed
    assert list(tmp_path.iterdir()) == []


def test_warnings_are_one_line(model, products, monkeypatch, run):
    def warn(options):
        warnings.warn("careful", UserWarning, stacklevel=2)

    monkeypatch.setattr(_predict, "run", warn)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        code, _, printed = run("predict", model, products)
    assert (code, printed) == (0, "warning: careful\n")


def test_reader_of_a_pipe_that_ends_early(model):
    call = [sys.executable, "-m", "amzest", "predict", model, "-", "--quiet"]
    with subprocess.Popen(
        call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdin.write(b"title,description\n" + b"red running shoe,\n" * 5000)
        process.stdin.close()
        first = process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""
    assert first.startswith(b"title,description,predicted_category")
