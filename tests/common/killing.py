"""Processes that are killed in the middle of their work, and what they leave."""

import os
import signal
import subprocess
import sys
import textwrap
import time

READY = 'print("ready", flush=True)\n'


def start(code, *arguments):
    """Start code in a process of its own, and wait until it says that it is ready."""
    call = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    child = subprocess.Popen(call, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"ready\n"
    return child


SERVER = """
import os
import sys

before, after = sys.argv[1:]
exec(before)
print("ready", flush=True)
for line in sys.stdin:
    command, *arguments = line.removesuffix("\\n").split("\\t")
    if command == "poll":
        number, status = os.waitpid(int(arguments[0]), os.WNOHANG)
        print(os.waitstatus_to_exitcode(status) if number else "", flush=True)
        continue
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        sys.argv[1:] = arguments
        exec(after)
        break
    print(child, flush=True)
"""


class Starter:
    """Starts the same code again and again, in processes forked after its imports.

    The code prints that it is ready after its imports, which often take longer than the
    rest.
    """

    def __init__(self, code):
        before, ready, after = textwrap.dedent(code).partition(READY)
        assert ready
        self._server = subprocess.Popen(
            [sys.executable, "-c", SERVER, before, after],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._server.stdout.readline() == "ready\n"

    def __enter__(self):
        return self

    def __exit__(self, *error):
        with self._server:
            self._server.stdin.close()

    def start(self, *arguments):
        """Start the code; its processes are used like those of subprocess."""
        return ForkedProcess(self, int(self.send("start", *arguments)))

    def send(self, *words):
        self._server.stdin.write("\t".join(map(str, words)) + "\n")
        self._server.stdin.flush()
        return self._server.stdout.readline().strip()


class ForkedProcess:
    """A process that the server of a `Starter` has forked."""

    def __init__(self, starter, pid):
        self.pid, self.returncode, self._starter = pid, None, starter

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.wait()

    def poll(self):
        if self.returncode is None:
            status = self._starter.send("poll", self.pid)
            self.returncode = int(status) if status else None
        return self.returncode

    def wait(self):
        while self.poll() is None:
            time.sleep(0.005)
        return self.returncode

    def kill(self):
        if self.returncode is None:  # otherwise another process may have the number
            os.kill(self.pid, signal.SIGKILL)


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
