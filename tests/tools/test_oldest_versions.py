"""The oldest supported versions are the lower bounds of pyproject.toml."""

from pathlib import Path

import pytest
from oldest_versions import oldest_versions

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = """
[project]
dependencies = ["numpy>=2.0"]
[project.optional-dependencies]
text = ["torch>=2.6"]
image = ["pillow>=11"]
plot = []
data = ["pillow>=11"]
labels = []
pretrained = ["torch>=2.6"]
onnx = []
persist = []
explain = []
serve = []
distributed = ["dask[dataframe]>=2026.1"]
test = ["pytest>=9"]
"""


def test_file_agrees_with_pyproject():
    """If this fails, run `make constraints-oldest`."""
    derived = oldest_versions((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    written = (ROOT / "constraints-oldest.txt").read_text(encoding="utf-8")
    assert written == derived


def test_each_requirement_is_pinned_once():
    lines = oldest_versions(PYPROJECT).splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert pins == [
        *("dask==2026.1", "numpy==2.0", "pillow==11", "pytest==9", "torch==2.6")
    ]


@pytest.mark.parametrize("requirement", ["numpy", "numpy>=2.0,<3", "numpy==2.0"])
def test_requirement_without_a_plain_lower_bound_raises(requirement):
    text = PYPROJECT.replace("numpy>=2.0", requirement)
    with pytest.raises(SystemExit, match="has no lower bound"):
        oldest_versions(text)
