import gzip
import re
import subprocess
import sys
from pathlib import Path

import pytest
from run_readme import python_blocks

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL_LINES = [
    line.strip()
    for language, block in FENCED.findall(README)
    if language == "sh"
    for line in block.replace("\\\n", " ").splitlines()
    if line.strip()
]


def test_every_block_names_its_language():
    assert {language for language, _ in FENCED.findall(README)} == {"python", "sh"}


def test_no_block_hides_in_an_indent():
    # Markdown takes text that is indented by four blanks for code.
    outside = FENCED.sub("", README)
    assert not re.search(r"^\n {4}\S", outside, re.MULTILINE)


@pytest.mark.slow
def test_python_blocks_run():
    assert all(block.not_run is None for block in python_blocks(README))
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "run_readme.py", ROOT / "README.md"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


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


def run_prepare(line, folder):
    """Run the command on lines as published, without a photo to fetch."""
    with gzip.open(folder / "meta_Books.json.gz", "wt", encoding="utf-8") as file:
        for i in range(60):
            top = ("Books", "Toys & Games")[i % 2]
            product = {"asin": f"B{i}", "title": f"Thing {i}", "categories": [[top]]}
            file.write(f"{product}\n")
    done = subprocess.run(
        ["bash", "-c", line.replace("python", sys.executable, 1)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "products.parquet").is_file()
