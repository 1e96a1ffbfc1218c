"""The demo, run in a new process; its errors in this one, too."""

from __future__ import annotations

import importlib.util
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from tiny_models import tiny_bert, tiny_vit

from amzest.neural import all_networks

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "examples" / "compare_designs.py"
MEMBERS = [
    "Text linear",
    *(
        re.sub("(Text|Image)(.+)Classifier", r"\1 \2", name)
        for kind in ("text", "image")
        for name in all_networks(kind)
    ),
]
DESIGNS = [*MEMBERS, "Weighted vote", "Stack"]
PRETRAINED = ["Text pretrained", "Image pretrained"]


def run_demo(*arguments, folder):
    environment = os.environ | {"MPLBACKEND": "Agg", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run(
        [sys.executable, str(DEMO), *map(str, arguments)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=570,
    )


@pytest.fixture(scope="module")
def demo():
    spec = importlib.util.spec_from_file_location(DEMO.stem, DEMO)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run_here(demo, tmp_path, monkeypatch, capsys):
    """Run the demo in this process, where it ends with an error of one line."""

    def run(*arguments, message):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [str(DEMO), *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            demo.main()
        assert stopped.value.code == 2
        assert_one_line(capsys.readouterr().err, message)

    return run


def assert_one_line(errors, message):
    assert len(errors.strip().splitlines()) == 1, errors
    assert message in errors


def write_table(folder, columns, rows):
    lines = [",".join(cells) for cells in [columns, *rows]]
    path = folder / "products.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def rows_of_table(output):
    """Return the printed cells of each design."""
    lines = {
        name: line
        for line in output.splitlines()
        for name in DESIGNS + PRETRAINED
        if re.match(rf"{re.escape(name)} +0\.\d+ \(", line)
        or re.match(rf"{re.escape(name)} +1\.0+ \(", line)
    }
    return {name: line.removeprefix(name).split() for name, line in lines.items()}


@pytest.mark.slow
def test_demo_prints_a_table_and_saves_figures(tmp_path):
    text, image = tiny_bert(tmp_path / "text"), tiny_vit(tmp_path / "image")
    encoders = ("--text-encoder", text, "--image-encoder", image)
    options = ("--n-products", 64, "--n-folds", 2, "--out", "result")

    done = run_demo(*options, *encoders, folder=tmp_path)

    members, designs = [*MEMBERS, *PRETRAINED], [*DESIGNS, *PRETRAINED]
    assert done.returncode == 0, done.stderr
    assert f"Fitting {len(members)} designs on 2 folds" in done.stdout
    assert done.stdout.count("[CrossFit] ") == len(members) * 2
    header = next(line for line in done.stdout.splitlines() if "macro-F1" in line)
    assert header.split() == [
        *("design", "accuracy", "group", "macro-F1"),
        *("top-2", "log-loss", "Brier", "ECE"),
    ]
    rows = rows_of_table(done.stdout)
    assert sorted(rows) == sorted(designs)
    accuracies = []
    for name, cells in rows.items():
        accuracy, interval, _, *numbers = cells
        macro_f1, top_two, loss, brier, error = map(float, numbers)
        low, high = map(float, interval.strip("()").split("–"))
        accuracies.append(float(accuracy))
        assert 0 <= low <= accuracies[-1] <= high <= 1, name
        assert 0 <= macro_f1 <= 1, name
        assert accuracies[-1] <= top_two <= 1, name
        assert min(loss, brier, error) > 0, name
    assert accuracies == sorted(accuracies, reverse=True)
    n_pairs = math.comb(len(designs), 2)
    assert f"Holm’s correction for {n_pairs} pairs" in " ".join(done.stdout.split())
    assert f"FusionReport: {len(members)} members" in done.stdout
    for name in ("accuracy", "learning_curves", "confusions", "products"):
        path = tmp_path / "result" / f"{name}.png"
        assert f"Saved {Path('result', path.name)}" in done.stdout
        with Image.open(path) as figure:
            figure.load()
            assert min(figure.size) > 300
            # More than one colour.
            assert any(low != high for low, high in figure.convert("RGB").getextrema())


@pytest.mark.slow
def test_demo_without_images_runs_the_text_designs(tmp_path):
    rows = [
        (f"{word} number {i}" if i else "", category)
        for i in range(12)
        for word, category in [("mug", "Kitchen"), ("lamp", "Light"), ("tea", "Food")]
    ]
    path = write_table(tmp_path, ("title", "category"), rows)

    done = run_demo("--data", path, "--quick", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "no column description and no image" in done.stdout
    members = [name for name in MEMBERS if name.startswith("Text")]
    assert f"Fitting {len(members)} designs on 3 folds" in done.stdout
    assert set(rows_of_table(done.stdout)) == {
        name for name in DESIGNS if not name.startswith("Image")
    }


ROWS = [(f"{word} {i}", word) for i in range(8) for word in ("mug", "lamp")]


@pytest.mark.parametrize(
    ("columns", "rows", "message"),
    [
        (("title", "kind"), ROWS, "no column 'category'"),
        (("name", "category"), ROWS, "no column 'title', 'description' or 'image'"),
        (("title", "category"), [*ROWS, ("kettle 1", "kettle")], "'kettle' (1)"),
        (("title", "category"), [("mug", "mug")] * 8, "only one category"),
    ],
    ids=["no category", "no input column", "one product", "one category"],
)
def test_bad_table_is_an_error_of_one_line(tmp_path, run_here, columns, rows, message):
    run_here("--data", write_table(tmp_path, columns, rows), message=message)

    assert not (tmp_path / "amzest-demo").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--data", "nowhere"), "does not exist"),
        (("--data", "."), "folder without a product table"),
        (("--n-folds", "1"), "'1' is less than 2 folds"),
        (("--random-state", "-1"), "'-1' is not a non-negative integer"),
        (("--n-products", "many"), "'many' is not a non-negative integer"),
        (("--n-products", "16"), "at least 3 products"),
        (("--n-products", "64", "--out", "taken"), "taken"),
        (("--n-products", "64", "--text-encoder", "no/such"), "hf download no/such"),
        (
            ("--n-products", "64", "--image-encoder", "."),
            "model.safetensors is missing",
        ),
        (("--colour", "red"), "unrecognized arguments"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_bad_option_is_an_error_of_one_line(tmp_path, run_here, arguments, message):
    (tmp_path / "taken").write_text("a file, not a folder", encoding="utf-8")

    run_here(*arguments, message=message)


def test_an_error_is_all_that_a_new_process_writes(tmp_path):
    done = run_demo("--data", "nowhere", folder=tmp_path)

    assert done.returncode == 2
    assert_one_line(done.stderr, "does not exist")


def test_demo_help_names_every_option(tmp_path):
    done = run_demo("--help", folder=tmp_path)

    assert done.returncode == 0
    names = ["data", "out", "n-products", "n-folds", "random-state", "quick"]
    for option in [*names, "text-encoder", "image-encoder"]:
        assert f"--{option}" in done.stdout
