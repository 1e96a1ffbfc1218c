"""Pin every dependency to its lower bound in pyproject.toml: constraints-oldest.txt.

    python3 tools/oldest_versions.py > constraints-oldest.txt

`make test-oldest` runs the tests with these versions.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: The extras whose requirements are needed to run the tests.
EXTRAS = (
    *("text", "image", "plot", "data", "labels", "pretrained", "onnx", "persist"),
    *("explain", "serve", "distributed", "test"),
)
HEADER = """\
# The lower bounds of pyproject.toml, for `make test-oldest`. Written by
# `make constraints-oldest`; do not edit.
"""


def oldest_versions(pyproject: str) -> str:
    """Return the constraints for the text of a pyproject.toml."""
    project = tomllib.loads(pyproject)["project"]
    requirements = list(project["dependencies"])
    for extra in EXTRAS:
        requirements += project["optional-dependencies"][extra]
    pins = set()
    for requirement in requirements:
        # dask[dataframe]: a constraint names no extras.
        match = re.fullmatch(r"([\w.-]+)(?:\[[\w,-]+\])?>=([\w.]+)", requirement)
        if match is None:
            raise SystemExit(f"{requirement} has no lower bound, or more than that.")
        pins.add(f"{match[1]}=={match[2]}")
    return HEADER + "".join(f"{pin}\n" for pin in sorted(pins))


if __name__ == "__main__":
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    print(oldest_versions(text), end="")
