"""What runs in the workers of a cluster: importable there, unlike a test module."""

import os
import time
from pathlib import Path


def power(base, exponent):
    return base**exponent


def count_rows(table, number):
    return len(table)


def fail(number):
    if number == 3:
        error = ValueError("number 3")
        error.add_note("it was 3")
        raise error
    time.sleep(0.05)
    return number


def end_once(folder, number):
    """End the process of the worker at the first call with this number."""
    mark = Path(folder, str(number))
    if not mark.exists():
        mark.touch()
        os._exit(1)
    return number


def wait_for(folder, number):
    """Leave a mark, and wait for the file `go`."""
    Path(folder, str(number)).touch()
    end = time.monotonic() + 20
    while not Path(folder, "go").exists() and time.monotonic() < end:
        time.sleep(0.01)
    return number


def count_ready(dask_worker):
    """Return how many tasks a worker of dask would begin if it had a free thread."""
    return sum(task.state == "ready" for task in dask_worker.state.tasks.values())
