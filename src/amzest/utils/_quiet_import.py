"""Imports of frameworks that say nothing to the user of amzest."""

from __future__ import annotations

import ctypes
import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

_LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"

#: What abseil writes before its log level is set: its own notice, and messages such as
#: "I0000 00:00:1795669.316183 63 cudart_stub.cc:31] Could not find cuda drivers".
_EARLY_MESSAGE = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog\(\)"
    rb"|(?P<severity>[IWE])\d{4} \d\d:\d\d:[\d.]+ +\d+ \S+:\d+\] "
)

#: The log level from which on a severity is not shown.
_HIDDEN_FROM = {None: 1, b"I": 1, b"W": 2, b"E": 3}


@contextmanager
def without_warnings() -> Iterator[None]:
    """Import a package whose own import warns, also where warnings are errors.

    The filters of the process change while the block runs: `warnings.catch_warnings` is
    not thread-safe. So this is for the first import of a package only.

    Yields
    ------
    None
        While warnings are off.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def quiet_tensorflow() -> Iterator[None]:
    """Import TensorFlow without its messages about drivers and processor.

    A log level that the user has set holds instead of ours, and the environment is
    afterwards as it was: TensorFlow reads it when it is imported. Errors that end the
    import or the process are shown.

    Yields
    ------
    None
        While TensorFlow is to be imported.
    """
    level = os.environ.get(_LOG_LEVEL)
    lowest = int(level) if level is not None and level.isdecimal() else 0
    with _early_messages_above(3 if level is None else lowest):
        if level is None:
            os.environ[_LOG_LEVEL] = "3"
        try:
            yield
        finally:
            if level is None:
                os.environ.pop(_LOG_LEVEL, None)


def _early_messages_above(level: int) -> Any:
    """Hold TensorFlow to the log level while it is loaded, when it ignores the level.

    Its libraries log while they are loaded, before they read the environment
    (https://github.com/tensorflow/tensorflow/issues/100442).
    """
    if level < 1 or sys.platform != "linux":
        return nullcontext()
    try:
        if not (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc"):
            return nullcontext()
    except (ValueError, OSError):
        return nullcontext()
    return _filtered_c_stderr(level)


class _CookieFunctions(ctypes.Structure):
    """``cookie_io_functions_t`` of the C library."""

    _fields_ = (
        ("read", ctypes.c_void_p),
        ("write", ctypes.c_void_p),
        ("seek", ctypes.c_void_p),
        ("close", ctypes.c_void_p),
    )


#: Streams and what writes to them; another thread may still be writing at the end.
_KEPT: list[Any] = []


@contextmanager
def _filtered_c_stderr(level: int) -> Iterator[None]:
    """Let C's ``stderr`` be a stream that leaves early messages out.

    File descriptor 2 is not touched: what Python and other processes write goes where
    it went. Every other text is written at once, so that the last words of a process
    that aborts are not lost.
    """

    def write(cookie: int, text: int, size: int) -> int:
        written = ctypes.string_at(text, size)
        early = _EARLY_MESSAGE.match(written)
        if early is None or level < _HIDDEN_FROM[early["severity"]]:
            os.write(2, written)
        return size

    libc = ctypes.CDLL(None)
    stderr = ctypes.c_void_p.in_dll(libc, "stderr")
    function = ctypes.CFUNCTYPE(
        ctypes.c_ssize_t, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t
    )(write)
    functions = _CookieFunctions(
        write=ctypes.cast(function, ctypes.c_void_p),
    )
    libc.fopencookie.argtypes = [ctypes.c_void_p, ctypes.c_char_p, _CookieFunctions]
    libc.fopencookie.restype = ctypes.c_void_p
    stream = libc.fopencookie(None, b"w", functions)
    if not stream:
        yield
        return
    _KEPT.append((function, functions))
    libc.setvbuf(ctypes.c_void_p(stream), None, 2, 0)  # _IONBF: written at once
    # FSETLOCKING_BYCALLER: a thread that holds the stream's lock and waits for Python's
    # would stop the one that holds Python's and waits for the stream's.
    libc.__fsetlocking(ctypes.c_void_p(stream), 2)
    before, stderr.value = stderr.value, stream
    try:
        yield
    finally:
        stderr.value = before
