"""The generator of published lines that the benchmarks use, for tests."""

import importlib.util
import sys
from pathlib import Path

_PATH = Path(__file__).parents[2] / "benchmarks" / "amazon_lines.py"
_spec = importlib.util.spec_from_file_location("benchmarks_amazon_lines", _PATH)
_module = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = _module
_spec.loader.exec_module(_module)

RELEASES = _module.RELEASES
make_lines = _module.make_lines
write_lines = _module.write_lines
