"""torch and TensorFlow in one process, in every import order, with triton present.

torch's usual Linux wheel brings triton, the CPU wheel does not: there these tests are
skipped unless triton is on the path (``make test-triton`` puts it there).
"""

import importlib.util
import os
import signal
import subprocess
import sys
from itertools import permutations

import pytest

if importlib.util.find_spec("triton") is None:
    pytest.skip(
        "triton is not installed, so torch and TensorFlow cannot clash here; "
        "`make test-triton` brings it",
        allow_module_level=True,
    )

FIT_TEXT = """
from amzest.text import TextCNNClassifier
TextCNNClassifier(max_epochs=1).fit(["red shoe", "blue hat"] * 4, ["s", "h"] * 4)
"""
FIT_IMAGE = """
import numpy as np
from amzest.image import ImageCNNClassifier
X = np.zeros((8, 32, 32, 3), np.uint8)
X[::2] += 200
ImageCNNClassifier(max_epochs=1, image_size=32).fit(X, ["s", "h"] * 4)
"""
STEPS = {
    "amzest text": FIT_TEXT,
    "amzest image": FIT_IMAGE,
    "user torch": "import torch",
    "user tensorflow": "import tensorflow",
    "user torch optimizer": """
import torch
weight = torch.nn.Parameter(torch.zeros(2))
weight.sum().backward()
torch.optim.Adam([weight], fused=True).step()
""",
}
#: Every order of text and image, behind every first move of the user that is safe by
#: itself, and behind none.
ORDERS = [
    (*before, *order)
    for before in ((), ("user torch",), ("user tensorflow",), ("user torch optimizer",))
    for order in permutations(("amzest text", "amzest image"))
]


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("order", ORDERS, ids=" > ".join)
def test_process_survives(order):
    result = run("\n".join(STEPS[step] for step in order) + "\nprint('alive')")
    assert result.stdout.strip().endswith("alive"), result.stderr[-3000:]


@pytest.mark.slow
def test_the_clash_is_real():
    """Without amzest's care the process aborts: else these tests show nothing."""
    result = run(STEPS["user tensorflow"] + STEPS["user torch optimizer"])
    # An abort or a segmentation fault, as triton's version has it.
    assert result.returncode in (-signal.SIGABRT, -signal.SIGSEGV)
