"""Locks of a forked process."""

import io
import os
import sys
import threading
from contextlib import closing

import pytest
from interrupting import Interrupter

from amzest.utils import ForkSafeLock, _forking

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows does not fork processes"
)


def in_fork(function):
    """Return whether a function returned True in a forked process within 10 s."""
    child = os.fork()
    if child == 0:
        done = threading.Thread(target=lambda: os._exit(0 if function() else 1))
        done.start()
        done.join(10)
        os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def taken(lock):
    with lock, lock:  # reentrant
        return True


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_lock_that_another_thread_holds_is_open_after_a_fork():
    lock = ForkSafeLock()
    held, end = threading.Event(), threading.Event()

    def hold():
        with lock:
            held.set()
            end.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    assert in_fork(lambda: taken(lock))
    end.set()
    thread.join()
    assert taken(lock)


def test_the_thread_that_forks_still_holds_its_lock():
    lock = ForkSafeLock()
    with lock:
        child = os.fork()
        if child == 0:
            outcome = []
            thread = threading.Thread(
                target=lambda: outcome.append(lock.acquire(blocking=False))
            )
            thread.start()
            thread.join()
    if child == 0:  # left the lock without an error
        os._exit(0 if outcome == [False] and taken(lock) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def block(lock):
    with lock:
        str(lock)


def returned_value(lock):
    with lock:
        text = str(lock)
        return text


def handled_errors(lock):
    with lock:
        try:
            int(str(lock))
        except ValueError:
            str(lock)
        finally:
            str(lock)


def loop_in_two_blocks(lock):
    with closing(io.StringIO()) as file, lock:
        for number in range(2):
            if number:
                break
            file.write("text")
    return lock


@pytest.mark.parametrize(
    "use", [block, returned_value, handled_errors, loop_in_two_blocks]
)
def test_an_interrupt_anywhere_leaves_the_lock_open(use):
    lock, at = ForkSafeLock(), 0
    while True:
        at += 1
        interrupter = Interrupter((_forking.__file__, __file__).__contains__, at)
        try:
            interrupter.run(use, lock)
        except KeyboardInterrupt:
            assert from_another_thread(lock), at
        else:
            break
    assert at > 3


def from_another_thread(lock):
    """Return whether another thread can acquire a lock."""
    found = []

    def acquire():
        if lock.acquire(timeout=5):
            found.append(True)
            lock.release()

    thread = threading.Thread(target=acquire)
    thread.start()
    thread.join()
    return found == [True]


def test_a_lock_excludes_other_threads():
    lock, total = ForkSafeLock(), [0]

    def add():
        for _ in range(1000):
            with lock:
                before = total[0]
                total[0] = before + 1

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert total == [4000]
