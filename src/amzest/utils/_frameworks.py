"""torch and TensorFlow in one process; they are first imported here.

If triton is installed with torch, both frameworks bring a copy of LLVM that registers
the same command-line options. The process aborts ("LLVM ERROR: inconsistency in
registered CommandLine options") as soon as the second copy is initialised: that of
triton when torch builds its first optimizer, that of TensorFlow when it is imported.
The order triton, TensorFlow is safe: therefore triton is imported before TensorFlow. If
TensorFlow was imported first, triton is hidden from torch, which works without it.

TensorFlow and JAX compute in threads that they start at their first operation. A forked
process has their objects, but not these threads, so that every operation waits forever.
A process therefore notes when it is forked which of them was in use, and raises before
it computes.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from contextlib import nullcontext
from types import ModuleType

from amzest.utils._optional import require
from amzest.utils._quiet_import import quiet_tensorflow
from amzest.utils._workers import let_worker_grow, worker_threads

#: Backends of Keras that had computed in the parent when this process was forked.
_in_use_before_fork: set[str] = set()

_NAMES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


def _note_fork() -> None:
    """Note in a forked process which frameworks were in use before the fork."""
    module = sys.modules.get("tensorflow.python.eager.context")
    context = getattr(module, "_context", None)
    if getattr(context, "_context_handle", None) is not None:
        _in_use_before_fork.add("tensorflow")
    if getattr(sys.modules.get("jax._src.xla_bridge"), "_backends", None):
        _in_use_before_fork.add("jax")


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_note_fork)


def check_tensorflow_fork() -> None:
    """Raise RuntimeError if TensorFlow was in use before this process was forked.

    The same applies to JAX, if it is the backend of Keras.
    """
    if not _in_use_before_fork or sys.modules.get("keras") is None:
        return
    backend = keras_backend()
    if backend in _in_use_before_fork:
        raise RuntimeError(
            f"{_NAMES[backend]} was in use before this process was forked from its "
            "parent, and it cannot compute in a forked process: it would wait forever. "
            "Load or fit the first image classifier in the forked process (gunicorn: "
            "without --preload, or in post_fork; celery: in worker_process_init), or "
            "start processes without fork: "
            'multiprocessing.set_start_method("spawn") or joblib\'s backend "loky".'
        )


def _order_triton(importing: str) -> None:
    """Import or hide triton so that the process survives both copies of LLVM."""
    if "triton" in sys.modules or importlib.util.find_spec("triton") is None:
        return
    if "tensorflow" in sys.modules:
        sys.modules["triton"] = None  # type: ignore[assignment]
    elif importing == "tensorflow" or importlib.util.find_spec("tensorflow"):
        importlib.import_module("triton")


def import_torch(purpose: str) -> ModuleType:
    """Import torch so that TensorFlow can be imported as well."""
    let_worker_grow()
    _order_triton("torch")
    return require("torch", extra="text", purpose=purpose)


def import_keras(purpose: str) -> ModuleType:
    """Import Keras and its backend so that torch can be imported as well."""
    let_worker_grow()
    first = "tensorflow" not in sys.modules
    _order_triton("tensorflow")
    with quiet_tensorflow() if first else nullcontext():
        keras = _require_keras(purpose)
    check_tensorflow_fork()
    if first:
        _divide_threads()
    return keras


def _require_keras(purpose: str) -> ModuleType:
    """Import Keras; the message names its backend if that is what is missing."""
    try:
        return require("keras", extra="image", purpose=purpose)
    except ImportError as error:
        backend = os.environ.get("KERAS_BACKEND", "tensorflow")
        missing = getattr(error.__cause__, "name", None)
        if backend not in ("torch", "jax") or missing != backend:
            raise
        raise ImportError(
            f"{purpose} needs Keras, whose backend is {backend} because the "
            f"environment variable KERAS_BACKEND is set, but {_NAMES[backend]} is not "
            f"installed ({error.__cause__}). Install it with: pip install {backend}, "
            "or remove the variable for TensorFlow."
        ) from error


def keras_backend() -> str:
    """Return the backend of Keras, or the one it will have when it is imported."""
    keras = sys.modules.get("keras")
    if keras is not None:
        return str(keras.backend.backend())
    return os.environ.get("KERAS_BACKEND") or "tensorflow"


def _divide_threads() -> None:
    """Limit TensorFlow to a worker's share of the cores, which it ignores.

    Only operations that run in parallel are limited. The threads of one operation are
    not: sums over another number of threads differ in their last bits, and the result
    of a search would depend on the number of workers.
    """
    tensorflow, n_threads = sys.modules.get("tensorflow"), worker_threads()
    if tensorflow is not None and n_threads is not None:
        tensorflow.config.threading.set_inter_op_parallelism_threads(n_threads)
