"""What holds for the package as a whole: import, version, names, extras, README."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.resources
import itertools
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import amzest
from amzest.neural import all_networks
from amzest.utils import DOCUMENTATION_URL

ROOT = Path(__file__).resolve().parent.parent
FRAMEWORKS = {
    "PIL",
    "ftfy",
    "keras",
    "matplotlib",
    "msgspec",
    "pyjson5",
    "scikeras",
    "skorch",
    "tensorflow",
    "torch",
    "tqdm",
    "triton",
    "urllib3",
}


def run_python(code: str) -> str:
    """Run code in a new interpreter and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_loads_no_framework():
    loaded = run_python("import sys; from amzest import *; print(*sys.modules)").split()

    assert "amzest" in loaded
    assert FRAMEWORKS.intersection(loaded) == set()


def test_version_is_that_of_the_distribution():
    assert amzest.__version__ == importlib.metadata.version("amzest")


def test_public_names_are_sorted_and_importable():
    assert amzest.__all__ == sorted(amzest.__all__)
    for name in amzest.__all__:
        assert getattr(importlib.import_module("amzest"), name) is not None


def test_types_are_shipped():
    assert importlib.resources.files("amzest").joinpath("py.typed").is_file()


@pytest.mark.parametrize(
    ("name", "missing", "extra"),
    [
        *((name, "torch", "text") for name in all_networks("text")),
        ("TextCNNClassifier", "skorch", "text"),
        *((name, "keras", "image") for name in all_networks("image")),
        ("ImageCNNClassifier", "tensorflow", "image"),
        ("ImageCNNClassifier", "scikeras", "image"),
        ("ImageCNNClassifier", "PIL", "image"),
    ],
)
def test_missing_extra_is_named_with_its_command(name, missing, extra):
    rows = {
        "text": ["red mug", "blue mug", "desk lamp", "floor lamp"] * 5,
        "image": [b"\x89PNG\r\n\x1a\n"] * 20,
    }
    # Before fit, nothing is missing: such an estimator is built, shown and cloned.
    printed = run_python(f"""
import sys
import amzest.{extra}
from sklearn.base import clone

class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, NotInstalled())
estimator = clone(amzest.{extra}.{name}())
repr(estimator)
try:
    estimator.fit({rows[extra]!r}, ["mug", "mug", "lamp", "lamp"] * 5)
except ImportError as error:
    print(error)
""")

    assert name in printed
    assert missing in printed
    assert f'pip install "amzest[{extra}]"' in printed


def test_constraints_pin_every_requirement():
    pinned = {
        line.partition("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    }
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = settings["project"]
    requirements = [project["dependencies"], *project["optional-dependencies"].values()]
    names = {
        re.match(r"[\w.-]+", each).group().lower()
        for each in itertools.chain(*requirements)
    }

    assert names - {"amzest"} - pinned == set()


def test_urls_are_those_of_the_documentation_and_the_citation():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    urls = settings["project"]["urls"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")

    assert urls["Documentation"] == DOCUMENTATION_URL
    assert f'url: "{urls["Documentation"]}"' in citation
    assert f'repository-code: "{urls["Source"]}"' in citation
    assert urls["Changelog"].startswith(urls["Source"])
