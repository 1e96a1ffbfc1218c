"""Imports of frameworks without their warnings and start-up messages."""

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

# Why a filter of C's stderr is needed: TF_CPP_MIN_LOG_LEVEL is meant to hide these
# messages, but TensorFlow's libraries log while they are loaded, before they read it
# (https://github.com/tensorflow/tensorflow/issues/100442). Python cannot filter them:
# C++ code (abseil) writes them through C's FILE* stderr, not `sys.stderr`. Redirecting
# file descriptor 2 would also catch the output of other threads and processes, and lose
# the last words of a process that crashes. glibc allows a third way: its `stderr` is a
# variable, and `fopencookie` returns a FILE* that calls a function of ours
# (https://man7.org/linux/man-pages/man3/fopencookie.3.html). Other C libraries do not
# have both; there, the messages are shown. All of this can go once the issue is fixed.

#: Messages that abseil writes before its log level is set: its own notice, and such as
#: "I0000 00:00:1795669.316183 63 cudart_stub.cc:31] Could not find cuda drivers".
_EARLY_MESSAGE = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog\(\)"
    rb"|(?P<severity>[IWE])\d{4} \d\d:\d\d:[\d.]+ +\d+ \S+:\d+\] "
)

#: The lowest log level that hides a severity.
_HIDDEN_FROM = {None: 1, b"I": 1, b"W": 2, b"E": 3}


@contextmanager
def without_warnings() -> Iterator[None]:
    """Ignore warnings within the block, also where they are errors.

    `warnings.catch_warnings` is not thread-safe: use this for first imports only.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def quiet_tensorflow() -> Iterator[None]:
    """Import TensorFlow without its messages about drivers and the processor.

    A log level set by the user is respected, and the environment is restored. Errors
    that end the import or the process are shown.
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
    """Return a filter for the messages that TensorFlow logs while it is loaded."""
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


#: Callbacks of streams. They are kept forever: another thread may still write to one.
_KEPT: list[Any] = []


@contextmanager
def _filtered_c_stderr(level: int) -> Iterator[None]:
    """Replace C's ``stderr`` by a stream that drops early messages below a level."""

    def write(cookie: int, text: int, size: int) -> int:
        written = ctypes.string_at(text, size)
        early = _EARLY_MESSAGE.match(written)
        if early is None or level < _HIDDEN_FROM[early["severity"]]:
            os.write(2, written)  # at once: a process that aborts flushes no buffer
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
    libc.setvbuf(ctypes.c_void_p(stream), None, 2, 0)  # _IONBF: unbuffered
    # FSETLOCKING_BYCALLER: the stream has no lock. A thread that held it would wait for
    # Python's global lock to call `write`, and a thread with Python's global lock would
    # wait for the stream.
    libc.__fsetlocking(ctypes.c_void_p(stream), 2)
    before, stderr.value = stderr.value, stream
    try:
        yield
    finally:
        stderr.value = before
