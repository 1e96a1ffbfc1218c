"""The file of vectors: shared, bounded, and left alone if it is not usable."""

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from killing import kill, start, wait_for_change

from amzest.pretrained import _embedding_file
from amzest.pretrained._embedding_cache import embed_cells, open_cache, text_digest
from amzest.pretrained._embedding_file import FILE_NAME, EmbeddingFile
from amzest.utils import _shared_file

not_on_windows = pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")


@pytest.fixture(autouse=True)
def new_warnings(monkeypatch):
    monkeypatch.setattr(_shared_file, "_warned", set())
    monkeypatch.setattr(_shared_file, "_damaged", {})


@pytest.fixture
def path(tmp_path):
    return tmp_path / FILE_NAME


def key(i):
    return i.to_bytes(20)


def row(i, width=100):
    return np.full(width, i, np.float32)


def rows(*numbers, width=100):
    return {key(i): row(i, width) for i in numbers}


def numbers(file, upto=1000):
    """Return which of the rows are in a file; their values must be right."""
    found = file.get_many([key(i) for i in range(upto)])
    for name, values in found.items():
        assert (values == int.from_bytes(name)).all()
    return sorted(int.from_bytes(name) for name in found)


def test_rows_are_read_back(path):
    file = EmbeddingFile(path)
    file.put_many(rows(*range(600)))  # more than one query
    file.put_many({key(600): row(600, 3)})
    assert numbers(EmbeddingFile(path)) == list(range(601))
    assert file.get_many([key(600)])[key(600)].dtype == np.float32
    file.put_many({key(0): row(7)})  # what is there stays
    assert numbers(file, 1) == [0]


def test_at_rest_there_is_one_file(path):
    file = EmbeddingFile(path)
    file.put_many(rows(1))
    file.claim([key(2)])
    file.release([key(2)])
    assert [found.name for found in path.parent.iterdir()] == [FILE_NAME]


def test_least_recently_used_rows_are_removed(path, monkeypatch):
    now = [1_800_000_000]
    monkeypatch.setattr(_embedding_file.time, "time", lambda: now[0])
    limit = 3_000_000
    file = EmbeddingFile(path, limit)
    file.put_many(rows(*range(100), width=1500))
    size = os.path.getsize(path)
    assert limit / 6 < size < limit
    for start_ in range(100, 1000, 50):
        now[0] += 2 * _embedding_file._USED_STEP
        assert set(range(10)) <= set(numbers(file, 10))  # read, and thus used
        now[0] += 2 * _embedding_file._USED_STEP
        file.put_many(rows(*range(start_, start_ + 50), width=1500))
        assert os.path.getsize(path) <= limit
    left = numbers(file)
    assert set(range(10)) <= set(left)
    assert set(range(950, 1000)) <= set(left)
    assert len(left) > 80
    assert left[10:] == list(range(left[10], 1000))  # the last ones


def test_vectors_above_the_limit_leave_the_others(path):
    file = EmbeddingFile(path, 400_000)
    file.put_many(rows(1))
    file.claim([key(2)])
    file.put_many({key(2): row(2, 30_000)})
    assert numbers(file) == [1]
    with claims_of_others():
        assert file.claim([key(2)]) == [key(2)]  # nobody waits for it


@contextlib.contextmanager
def claims_of_others(owner=None):
    """Turn this process into another one as far as claims are concerned."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_shared_file.os, "getpid", lambda: owner or os.getppid())
        yield


def test_a_claimed_row_is_left_to_its_process(path):
    file = EmbeddingFile(path)
    assert file.claim([key(1), key(2)]) == [key(1), key(2)]
    assert file.claim([key(1)]) == [key(1)]  # by the same process, after an error
    with claims_of_others():
        assert file.claim([key(1), key(2), key(3)]) == [key(3)]
    file.release([key(1)])
    file.put_many(rows(2))
    with claims_of_others():
        assert file.claim([key(1), key(2)]) == [key(1)]  # 2 is stored
        assert numbers(file) == [2]


def test_a_claim_ends_after_a_while(path, monkeypatch):
    now = [1_800_000_000.0]
    monkeypatch.setattr(_embedding_file.time, "time", lambda: now[0])
    file = EmbeddingFile(path)
    file.claim([key(1)])
    with claims_of_others():
        now[0] += _shared_file._CLAIM_SECONDS - 1
        assert file.claim([key(1)]) == []
        now[0] += 2
        assert file.claim([key(1)]) == [key(1)]
    now[0] -= 10**7  # the clock was wrong
    assert file.claim([key(1)]) == [key(1)]


@not_on_windows
@pytest.mark.parametrize("reaped", [True, False])
def test_the_claim_of_a_process_that_ended_is_taken_over(path, reaped):
    child = subprocess.Popen([sys.executable, "-c", ""])
    if reaped:
        child.wait()
    else:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    file = EmbeddingFile(path)
    with claims_of_others(child.pid):
        file.claim([key(1)])
    assert file.claim([key(1)]) == (
        [key(1)] if reaped or os.path.exists("/proc") else []
    )
    child.wait()


@contextlib.contextmanager
def recorded():
    """Record the messages of all warnings."""
    messages = []
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        yield messages
    messages += [str(warning.message) for warning in record]


# The modules alone: importing amzest takes longer than these tests.
WRITE = """
import importlib.util, sys
import numpy as np
from pathlib import Path

def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]

load("amzest.utils._shared_file", sys.argv[1])
module = load("embedding_file", sys.argv[2])
file, start = module.EmbeddingFile(Path(sys.argv[3])), int(sys.argv[4])
print("ready", flush=True)
for i in range(start, start + int(sys.argv[5]), 10):
    keys = [j.to_bytes(20) for j in range(i, i + 10)]
    file.claim(keys)
    file.put_many({key: np.full(20_000, int.from_bytes(key)) for key in keys})
"""


def size_of(path):
    return path.stat().st_size if path.exists() else 0


def start_writer(path, first, n_rows):
    modules = _shared_file.__file__, _embedding_file.__file__
    return start(WRITE, *modules, path, first, n_rows)


def test_concurrent_writers_wait(path):
    children = [start_writer(path, i, 60) for i in range(0, 240, 60)]
    file = EmbeddingFile(path)
    while any(child.poll() is None for child in children):
        assert set(numbers(file, 240)) <= set(range(240))
    assert [child.returncode for child in children] == [0] * 4
    for child in children:
        child.stdout.close()
    assert numbers(file) == list(range(240))


def test_a_killed_writer_leaves_a_usable_file(path):
    file = EmbeddingFile(path)
    n_killed = 0
    for i in range(6):
        before = len(numbers(file, 300))
        child = start_writer(path, before, 1000)
        size = size_of(path)
        wait_for_change(child, lambda: size_of(path), size)
        time.sleep(0.013 * i)
        n_killed += kill(child)
        found = numbers(file)
        assert len(found) % 10 == 0  # all rows of a call or none
        assert len(found) >= before
        assert file.claim([key(999)]) == [key(999)]
        file.release([key(999)])
    assert n_killed == 6
    file.put_many(rows(*range(100), width=20_000))
    assert numbers(file, 100) == list(range(100))
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def unrelated_database(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE cells (key BLOB, mine TEXT)")
    connection.execute("INSERT INTO cells VALUES (x'00', 'important')")
    connection.commit()
    connection.close()


def newer_version(path):
    EmbeddingFile(path).put_many(rows(1))
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()


def cut_short(path):
    EmbeddingFile(path).put_many(rows(*range(500)))
    os.truncate(path, os.path.getsize(path) // 2)


def overwritten(path):
    EmbeddingFile(path).put_many(rows(*range(500)))
    with open(path, "r+b") as file:
        file.seek(_embedding_file._PAGE_SIZE)
        file.write(b"\xff" * (os.path.getsize(path) - _embedding_file._PAGE_SIZE))


def one_bit(path):
    EmbeddingFile(path).put_many(rows(*range(10), width=500))
    content = bytearray(path.read_bytes())
    content[content.index(row(7, 500).tobytes()) + 1001] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.write_text("notes of mine"), "it is not a cache"),
        (unrelated_database, "it is not a cache"),
        (newer_version, "another version of amzest"),
        (cut_short, "malformed"),
        (overwritten, "malformed"),
        (one_bit, "a vector is damaged"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_an_unusable_file_is_left_as_it_is(path, make, reason):
    make(path)
    content = path.read_bytes()
    texts = [f"{i}" for i in range(1000)]
    calls = []

    def encode(cells):
        calls.extend(cells)
        return np.array([[int(cell)] for cell in cells], np.float32)

    def embed():
        digests = [text_digest(text) for text in texts]
        return embed_cells(texts, digests, "n", encode, 1, open_cache(path.parent))

    file = EmbeddingFile(path)
    with recorded() as messages:
        file.get_many([key(i) for i in range(500)])
        for _ in range(3):
            assert embed().ravel().tolist() == list(range(1000))
    (message,) = messages
    assert message.startswith(str(path))
    assert reason in message
    assert "delete it or pass another folder as `cache`" in message
    assert path.read_bytes() == content
    assert len(calls) == 1000  # memory still serves this process
    assert [found.name for found in path.parent.iterdir()] == [FILE_NAME]

    path.unlink()  # as the message advises
    file.put_many(rows(1))
    assert numbers(file) == [1]


def test_an_empty_file_is_filled(path):
    path.touch()  # by a process that was killed
    file = EmbeddingFile(path)
    assert numbers(file) == []
    file.put_many(rows(1))
    assert numbers(file) == [1]


@contextlib.contextmanager
def read_only(folder):
    """Take away the permission to write, also from root."""
    is_root = os.geteuid() == 0
    if is_root:
        outer = [p for p in folder.parents if p != p.parent]
        modes = {p: p.stat().st_mode for p in outer}
        for p in outer:
            os.chmod(p, stat.S_IMODE(modes[p]) | 0o055)
        os.chmod(folder, 0o755)
        for file in folder.iterdir():
            os.chmod(file, 0o644)
        os.seteuid(65534)
    else:
        os.chmod(folder, 0o555)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
            for p, mode in modes.items():
                os.chmod(p, stat.S_IMODE(mode))
        else:
            os.chmod(folder, 0o755)


@not_on_windows
def test_a_read_only_folder_is_read(path):
    file = EmbeddingFile(path)
    file.put_many(rows(1, 2))
    with read_only(path.parent):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert numbers(file) == [1, 2]
            # Also when the time of last use should be written.
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(_embedding_file, "_USED_STEP", -1)
                assert numbers(file) == [1, 2]
        with recorded() as messages:
            assert file.claim([key(2), key(3)]) == [key(2), key(3)]
            for _ in range(3):
                file.put_many(rows(3))
        (message,) = messages
        assert "cannot be written" in message
        assert "make the folder writable" in message
        assert numbers(file) == [1, 2]


@not_on_windows
def test_a_folder_that_cannot_be_created(tmp_path):
    file = EmbeddingFile(tmp_path / "new" / FILE_NAME)
    with read_only(tmp_path):
        with pytest.warns(UserWarning, match="cannot be written"):
            file.put_many(rows(1))
        assert numbers(file) == []
    file.put_many(rows(1))
    assert numbers(file) == [1]


def limited(monkeypatch, pragma):
    """Let all connections begin with a PRAGMA."""
    connect = _shared_file._connect

    def limited_connect(path, mode):
        connection = connect(path, mode)
        connection.execute(f"PRAGMA {pragma}")
        return connection

    monkeypatch.setattr(_shared_file, "_connect", limited_connect)


def test_a_full_disk(path, monkeypatch):
    file = EmbeddingFile(path)
    file.put_many(rows(1, width=5000))
    with monkeypatch.context() as patch:
        limited(patch, "max_page_count = 7")
        with recorded() as messages:
            for i in range(2, 6):
                file.claim([key(i)])
                file.put_many(rows(i, width=50_000))
        (message,) = messages
        assert "(database or disk is full)" in message
        assert "Make room" in message
        assert numbers(file) == [1]
        with claims_of_others():
            assert file.claim([key(2)]) == [key(2)]  # nobody waits for it
            file.release([key(2)])
    file.put_many(rows(2, width=50_000))
    assert numbers(file) == [1, 2]


LOCK = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("ready", flush=True)
time.sleep(float(sys.argv[2]))
connection.execute("COMMIT")
"""


def test_a_locked_file_is_waited_for(path):
    file = EmbeddingFile(path)
    file.put_many(rows(1))
    with start(LOCK, path, 1):
        assert numbers(file) == [1]
    with start(LOCK, path, 1):
        file.put_many(rows(2))
    assert numbers(file) == [1, 2]


def test_a_file_that_stays_locked_does_not_stop_a_fit(path, monkeypatch):
    file = EmbeddingFile(path)
    file.put_many(rows(1))
    monkeypatch.setattr(_shared_file, "_TIMEOUT", 0.1)
    child = start(LOCK, path, 60)
    with recorded() as messages:
        file.put_many(rows(2))
        assert numbers(file) == []
        assert file.claim([key(3)]) == [key(3)]
    (message,) = messages
    assert "(database is locked)" in message
    assert kill(child)
    assert numbers(file) == [1]


@not_on_windows
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_connection_does_not_cross_a_fork(path):
    file = EmbeddingFile(path)
    file.put_many(rows(1))
    open_, end = threading.Event(), threading.Event()
    ended = []

    def work(connection):
        connection.execute("BEGIN EXCLUSIVE")
        open_.set()
        end.wait(30)
        ended.append(time.monotonic())
        connection.execute("COMMIT")

    with ThreadPoolExecutor(1) as pool:
        pool.submit(file._run, work, None)
        assert open_.wait(30)
        threading.Timer(0.3, end.set).start()
        child = os.fork()
        if child == 0:  # both read and write
            file.put_many(rows(2))
            os._exit(0 if numbers(file) == [1, 2] else 1)
        assert ended
        assert ended[0] < time.monotonic()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    file.put_many(rows(3))
    assert numbers(file) == [1, 2, 3]
