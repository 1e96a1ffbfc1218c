"""Processes that are killed in the middle of their work, and what they leave."""

import signal
import subprocess
import sys
import textwrap
import time


def start(code, *arguments):
    """Start code in a process of its own, and wait until it says that it is ready."""
    call = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    child = subprocess.Popen(call, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"ready\n"
    return child


def kill(child):
    """Kill a process; tell whether it was still at work."""
    child.kill()
    with child:
        status = child.wait()
    assert status in (0, -signal.SIGKILL)
    return status != 0


def wait_for_change(child, look, before, timeout=60):
    """Wait until a process has changed what `look()` returns, or has ended."""
    end = time.monotonic() + timeout
    while look() == before and child.poll() is None and time.monotonic() < end:
        time.sleep(0.01)


def finish(child):
    """Wait until a process has ended well."""
    with child:
        assert child.wait() == 0


def files(folder):
    """Read all files below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
