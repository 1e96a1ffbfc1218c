"""The command line: what it takes, prints and returns."""

import signal
import subprocess
import sys

import pandas as pd
import pytest
from amazon_lines import write_lines
from image_server import ImageServer

from amzest.datasets._amazon_pipeline._command_line import main


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    path = tmp_path_factory.mktemp("raw") / "meta.json"
    write_lines(path, 800)
    return str(path)


def test_summary_and_table_of_a_call(raw, tmp_path, capsys):
    out = str(tmp_path / "products.parquet")
    options = ["--categories", "published", "--n-per-category", "20", "--quiet"]
    assert (
        main(["prepare", raw, raw, "--out", out, *options, "--test-size", "0.5"]) == 0
    )
    printed = capsys.readouterr().out
    frame = pd.read_parquet(out)
    assert "products read                      1,600\n" in printed
    assert "dropped: repeated" in printed
    assert f"products kept {len(frame):>26}  in {out}\n" in printed
    assert "musical instruments" in printed
    assert frame["category"].value_counts().max() == 20
    assert (frame["split"] == "test").mean() == pytest.approx(0.5, abs=0.05)


def test_no_split_smallest_and_mapping(raw, tmp_path, capsys):
    out, mapping = tmp_path / "products.parquet", tmp_path / "names.json"
    mapping.write_text('{"Books": "paper", "Electronics": "plugs"}')
    options = ["--test-size", "0", "--n-per-category", "smallest", "--quiet"]
    call = ["prepare", raw, "--out", str(out), "--categories", str(mapping), *options]
    assert main(call) == 0
    frame = pd.read_parquet(out)
    assert "split" not in frame
    assert sorted(frame["category"].unique()) == ["paper", "plugs"]
    assert frame["category"].value_counts().nunique() == 1


def test_images(tmp_path, capsys):
    raw, out = tmp_path / "meta", tmp_path / "products.parquet"
    with ImageServer() as server, open(raw, "w") as file:
        for i in range(40):
            url = server.url("/missing" if i == 3 else f"/image/{i}.jpg")
            line = {"asin": f"A{i}", "title": f"t{i}", "imUrl": url}
            file.write(f"{line | {'categories': [['AB'[i % 2]]]}!r}\n")
        file.flush()
        arguments = ["--images", str(tmp_path / "images"), "--connections", "2"]
        call = ["prepare", str(raw), "--out", str(out), *arguments, "--quiet"]
        assert main(call) == 0
        assert "images: private address               40" in capsys.readouterr().out
        assert pd.read_parquet(out)["image"].isna().all()
        assert main([*call, "--allow-private"]) == 0
        printed = capsys.readouterr().out
        assert server.max_at_once <= 2
    assert "images: ok                            39" in printed
    assert "images: not found                      1" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.json"], "error: 'nowhere.json' does not exist"),
        (["RAW", "--categories", "nowhere.json"], "error: [Errno 2]"),
        (["RAW", "--categories", "RAW"], "is not a JSON file"),
        (
            ["RAW", "--test-size", "1.5"],
            "error: The 'test_size' parameter",
        ),
        (["RAW", "--min-per-category", "5000"], "error: No product is left to write"),
    ],
)
def test_errors_are_printed_without_a_traceback(
    raw, tmp_path, capsys, arguments, message
):
    out = tmp_path / "out.parquet"
    arguments = [raw if each == "RAW" else each for each in arguments]
    assert main(["prepare", *arguments, "--out", str(out), "--quiet"]) == 1
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""
    assert not out.exists()


def test_broken_line_is_named_or_skipped(raw, tmp_path, capsys):
    path, out = tmp_path / "meta", str(tmp_path / "out.parquet")
    with open(raw) as lines:
        path.write_text(next(lines) + "{'asin': eval('1')}\n" + lines.read())
    call = ["prepare", str(path), "--out", out, "--quiet"]
    assert main(call) == 1
    assert f"error: {path}: line 2 does not contain" in capsys.readouterr().err
    assert main([*call, "--on-error", "skip"]) == 0
    assert "broken lines skipped                   1" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [[], ["prepare"], ["prepare", "x"], ["prepare", "x", "--out", "y", "--n", "z"]],
)
def test_wrong_calls_exit_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    assert exit.value.code == 2
    assert "usage: python -m amzest.datasets" in capsys.readouterr().err


def test_help_names_every_option_and_the_exit_codes(capsys):
    with pytest.raises(SystemExit) as exit:
        main(["prepare", "--help"])
    assert exit.value.code == 0
    printed = capsys.readouterr().out
    for word in (
        "--out",
        "--images",
        "--n-per-category",
        "--jobs",
        "exit codes",
        "130",
    ):
        assert word in printed


def test_interrupt_prints_how_to_resume(raw, tmp_path):
    call = ["prepare", raw, "--out", str(tmp_path / "out")]
    code = f"""
import os, signal, sys
from amzest.datasets._amazon_pipeline import _command_line, _part_tasks

def stop(*arguments, **options):
    os.kill(os.getpid(), signal.SIGINT)

_part_tasks.make_part = stop
sys.exit(_command_line.main({call!r}))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 128 + signal.SIGINT
    assert "Interrupted. Run the same command again to resume." in done.stderr
    assert "Traceback" not in done.stderr


def test_module_runs_as_a_command(raw, tmp_path):
    out = tmp_path / "out.parquet"
    done = subprocess.run(
        [sys.executable, "-m", "amzest.datasets", "prepare", raw, "--out", str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "products kept" in done.stdout
    assert done.stderr == ""
    assert out.is_file()
