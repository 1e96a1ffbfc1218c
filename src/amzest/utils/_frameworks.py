"""torch and TensorFlow in one process: the one place that imports either first.

Where triton is installed beside torch, both bring a copy of LLVM that registers the
same command-line options, and the process aborts ("LLVM ERROR: inconsistency in
registered CommandLine options") as soon as the second copy is initialised: triton's
when torch builds its first optimizer, TensorFlow's when it is imported. The order
"triton, then TensorFlow" is safe. So triton is imported before TensorFlow; where
TensorFlow was there first, triton is hidden from torch, which then goes without it.

TensorFlow computes in threads that it starts at its first operation and keeps. A
forked process has TensorFlow's objects, but none of these threads: an operation waits
for ever, and so does one of a new model, for the threads are those of the process. So a
process notes when it is forked whether TensorFlow was in use, and then computes nothing
with it.
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

#: Whether TensorFlow had computed in a process when this one was forked from it.
_tensorflow_was_in_use = False


def _note_fork() -> None:
    """Note in a forked process whether TensorFlow was in use before the fork."""
    global _tensorflow_was_in_use
    module = sys.modules.get("tensorflow.python.eager.context")
    context = getattr(module, "_context", None)
    if getattr(context, "_context_handle", None) is not None:
        _tensorflow_was_in_use = True


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_note_fork)


def check_tensorflow_fork() -> None:
    """Make sure that TensorFlow can compute in this process.

    Raises
    ------
    RuntimeError
        When TensorFlow was in use before this process was forked: an operation would
        wait for ever.
    """
    keras = sys.modules.get("keras")
    if not _tensorflow_was_in_use or keras is None:
        return
    if keras.backend.backend() == "tensorflow":
        raise RuntimeError(
            "TensorFlow was in use before this process was forked from its parent, and "
            "it cannot compute in a forked process: it would wait for ever. Load or "
            "fit the first image classifier in the forked process (gunicorn: without "
            "--preload, or in post_fork; celery: in worker_process_init), or start "
            "processes without a fork: "
            'multiprocessing.set_start_method("spawn") or joblib\'s backend "loky".'
        )


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
    let_worker_grow()
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
    RuntimeError
        When TensorFlow was in use before this process was forked.
    """
    let_worker_grow()
    first = "tensorflow" not in sys.modules
    _make_room_for_both("tensorflow")
    with quiet_tensorflow() if first else nullcontext():
        keras = require("keras", extra="image", purpose=purpose)
    check_tensorflow_fork()
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
