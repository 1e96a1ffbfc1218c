"""torch and TensorFlow in one process: the one place that imports either first.

Where triton is installed beside torch, both bring a copy of LLVM that registers the
same command-line options, and the process aborts ("LLVM ERROR: inconsistency in
registered CommandLine options") as soon as the second copy is initialised: triton's
when torch builds its first optimizer, TensorFlow's when it is imported. The order
"triton, then TensorFlow" is safe. So triton is imported before TensorFlow; where
TensorFlow was there first, triton is hidden from torch, which then goes without it.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

from amzest.utils._optional import require
from amzest.utils._workers import worker_threads


def _make_room_for_both(importing: str) -> None:
    """Order triton and TensorFlow so that the process survives both."""
    if "triton" in sys.modules or importlib.util.find_spec("triton") is None:
        return
    if "tensorflow" in sys.modules:
        sys.modules["triton"] = None  # type: ignore[assignment]
    elif importing == "tensorflow" or importlib.util.find_spec("tensorflow"):
        importlib.import_module("triton")


def import_torch(purpose: str) -> ModuleType:
    """Import torch so that TensorFlow can live beside it.

    Parameters
    ----------
    purpose : str
        Class or function that needs it, for the error message.

    Returns
    -------
    module
        ``torch``.

    Raises
    ------
    ImportError
        When torch is not installed; names the extra to install.
    """
    _make_room_for_both("torch")
    return require("torch", extra="text", purpose=purpose)


def import_keras(purpose: str) -> ModuleType:
    """Import Keras, and with it its backend, so that torch can live beside it.

    Parameters
    ----------
    purpose : str
        Class or function that needs it, for the error message.

    Returns
    -------
    module
        ``keras``.

    Raises
    ------
    ImportError
        When Keras or its backend is not installed; names the extra to install.
    """
    first = "tensorflow" not in sys.modules
    _make_room_for_both("tensorflow")
    keras = require("keras", extra="image", purpose=purpose)
    if first:
        _divide_threads()
    return keras


def _divide_threads() -> None:
    """Hold TensorFlow to a worker's share of the cores, which it does not look at.

    Only operations that run side by side are held. Those that one operation is divided
    among are left: sums over another number of threads differ in their last bits, and
    a search would give another result for every number of workers.
    """
    tensorflow, n_threads = sys.modules.get("tensorflow"), worker_threads()
    if tensorflow is not None and n_threads is not None:
        tensorflow.config.threading.set_inter_op_parallelism_threads(n_threads)
