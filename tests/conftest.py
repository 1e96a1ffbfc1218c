"""Settings that every test needs."""

import os
import sys
from pathlib import Path

import pytest

# Said before TensorFlow is imported anywhere: its start-up notes are no test output.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Modules of checks that several test files share, and the project's own tools.
sys.path.insert(0, str(Path(__file__).parent / "common"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with real product tables, from the environment variable AMZEST_DATA."""
    folder = os.environ.get("AMZEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("AMZEST_DATA does not name a folder with real product tables")
    return Path(folder)
