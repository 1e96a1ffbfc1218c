"""Paths for the tests of files of models."""

import sys
from pathlib import Path

# The script that writes the files, and manipulated ones.
sys.path.insert(0, str(Path(__file__).parent))
