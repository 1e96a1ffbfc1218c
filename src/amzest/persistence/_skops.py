"""skops, imported without the frameworks that it would load."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from typing import Any

from amzest.utils import ForkSafeLock, require

_IMPORTING = ForkSafeLock()

#: Packages of scikit-learn that import PyTorch, CuPy or Dask if these are installed.
_FRAMEWORKS = "sklearn.externals.array_api_compat."


class _WithoutFrameworks(MetaPathFinder):
    """Reports the adapters of scikit-learn for frameworks as missing, in one thread."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()

    def find_spec(self, name: str, path: Any, target: Any = None) -> None:
        """Raise for the adapters; leave everything else to the other finders."""
        kind = name.removeprefix(_FRAMEWORKS).partition(".")[0]
        if (
            name.startswith(_FRAMEWORKS)
            and kind in ("torch", "cupy", "dask")
            and threading.get_ident() == self.thread
        ):
            raise ModuleNotFoundError(f"{name} is not imported here", name=name)


@contextmanager
def _without_frameworks() -> Iterator[None]:
    finder = _WithoutFrameworks()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def import_skops(purpose: str) -> Any:
    """Return `skops.io`.

    On import it lists all estimators of scikit-learn, and this walk over the modules
    would import PyTorch: seconds and 200 MB for a model that needs none, and, after
    TensorFlow, a conflict.
    """
    if "skops.io" not in sys.modules:
        with _IMPORTING, _without_frameworks():
            return require("skops.io", extra="persist", purpose=purpose)
    return require("skops.io", extra="persist", purpose=purpose)
