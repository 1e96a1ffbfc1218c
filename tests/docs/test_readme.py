import gzip
import inspect
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from run_readme import python_blocks
from sklearn.neural_network import MLPClassifier

from amzest import ImageCNNClassifier, TextCNNClassifier

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL_BLOCKS = [block for language, block in FENCED.findall(README) if language == "sh"]
#: It is run as a whole, since each command needs the files of those before it.
(SERVICE,) = (block for block in SHELL_BLOCKS if "amzest serve" in block)
SHELL_LINES = [
    line.strip()
    for block in SHELL_BLOCKS
    if block != SERVICE
    for line in block.replace("\\\n", " ").splitlines()
    if line.strip()
]


def test_every_block_names_its_language():
    assert {language for language, _ in FENCED.findall(README)} == {"python", "sh"}


def test_no_block_hides_in_an_indent():
    # Markdown renders text that is indented by four spaces as code.
    outside = FENCED.sub("", README)
    assert not re.search(r"^\n {4}\S", outside, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.skipif(
    os.environ.get("CI") == "1",
    reason=".ci/run executes them with the wheel, by the same command",
)
def test_python_blocks_run():
    assert all(block.not_run is None for block in python_blocks(README))
    done = run_readme(ROOT / "README.md")
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("text", "image", "both", "vote", "stack", "threshold"):
        assert f"`{name}` predicts the same after pickling" in done.stdout


LAMBDA = """
import amzest
import numpy as np
from sklearn.preprocessing import FunctionTransformer

models = {"logarithm": [FunctionTransformer(lambda X: np.log(X))]}
"""
FORGETS = """
import amzest
from sklearn.dummy import DummyClassifier

class Forgets(DummyClassifier):
    def __reduce__(self):
        return pickled, ()

def pickled():
    return DummyClassifier(strategy="constant", constant=7).fit(X_test, [7, 7])

import sys
sys.modules["__main__"].pickled = pickled
X_test = [[0], [1]]
model = Forgets()
model.fit(X_test, [3, 3])
"""


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (LAMBDA, "`models['logarithm'][0]` cannot be pickled"),
        (FORGETS, "`model` predicts differently after pickling."),
    ],
)
def test_estimator_that_cannot_be_pickled_fails(code, message, tmp_path):
    (tmp_path / "page.md").write_text(f"```python{code}```\n", encoding="utf-8")
    done = run_readme(tmp_path / "page.md")
    assert done.returncode == 1
    assert message in done.stderr


def run_readme(path):
    """Run the blocks of a page, as the command does."""
    return subprocess.run(
        [sys.executable, ROOT / "tools" / "run_readme.py", path],
        capture_output=True,
        text=True,
        check=False,
    )


def test_links_lead_to_files():
    links = re.findall(r"\]\((?!https:)([^)#\s]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_parameters_of_mlpclassifier_are_those_of_the_networks():
    """The paragraph about MLPClassifier names what is the same, and what is renamed."""
    ours = parameters(TextCNNClassifier), parameters(ImageCNNClassifier)
    shared = parameters(MLPClassifier) & ours[0] & ours[1]
    shared -= {"learning_rate"}  # of the same name, but MLPClassifier's is a schedule
    of_texts = parameters(MLPClassifier) & (ours[0] - ours[1])
    assert of_texts == {"warm_start"}
    assert not parameters(MLPClassifier) & (ours[1] - ours[0])
    paragraph = next(p for p in README.split("\n\n") if "`max_iter`" in p)
    first, _, renamed = paragraph.partition("Three have another name")
    assert set(re.findall(r"`([a-z_]+)`", first)) == shared
    pairs = re.findall(r"`(\w+)`\s+is\s+`(\w+)`", renamed)
    assert len(pairs) == 3
    for theirs, ours in pairs:
        assert theirs in parameters(MLPClassifier)
        assert ours in parameters(TextCNNClassifier) & parameters(ImageCNNClassifier)


def parameters(estimator):
    return set(inspect.signature(estimator).parameters)


def test_there_are_commands():
    assert {"make demo", "make test"} <= set(SHELL_LINES)


@pytest.mark.parametrize("line", SHELL_LINES)
def test_command_runs(line, tmp_path):
    """Commands of make and pip are looked up, the package's own are run."""
    words = line.split()
    if words[0] == "make":
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert re.search(rf"^{words[1]}:.*##", makefile, re.MULTILINE)
    elif words[:2] == ["pip", "install"]:
        extras = re.search(r"\[(.+)\]", line)[1].split(",")
        declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        assert all(re.search(rf"^{extra} = \[", declared, re.M) for extra in extras)
    else:
        assert words[:3] == ["python", "-m", "amzest.datasets"], line
        run_prepare(line, tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_from_raw_lines_to_a_service(tmp_path):
    """The commands are run with the package that is tested, on a free port."""
    write_lines(tmp_path / "meta_Books.json.gz", 120)
    command = tmp_path / "bin" / "amzest"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m amzest "$@"\n')
    command.chmod(0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    assert len(SERVICE.replace("\\\n", " ").splitlines()) < 10
    script = "set -e\n" + SERVICE.replace("8000", port) + 'wait $!; echo "end: $?"\n'
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{command.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (answer,) = re.findall(r'{"predictions".*}', done.stdout)
    assert json.loads(answer)["predictions"][0]["category"] == "toys & games"
    assert "end: 0" in done.stdout
    for name in ("report.html", "predictions.csv", "why.html"):
        assert (tmp_path / name).stat().st_size > 500


def run_prepare(line, folder):
    """Run the command on lines of the published format, without images to download."""
    write_lines(folder / "meta_Books.json.gz", 60)
    done = subprocess.run(
        ["bash", "-c", line.replace("python", sys.executable, 1)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "products.parquet").is_file()


def write_lines(path, n_lines):
    """Write lines of the published format."""
    kinds = (("Books", "Paper novel"), ("Toys & Games", "Wooden train"))
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for i in range(n_lines):
            top, title = kinds[i % 2]
            product = {"asin": f"B{i}", "title": f"{title} {i}", "categories": [[top]]}
            file.write(f"{product}\n")
