"""What a user sees, and does not see, when TensorFlow is imported."""

import os
import subprocess
import sys
import warnings

import pytest

from amzest.utils import require, without_warnings

WORK = """
import os, pickle, threading
before = dict(os.environ)
import numpy as np
from amzest import ImageCNNClassifier, ImageInceptionClassifier
X = [np.full((8, 8, 3), value, np.uint8) for value in (0, 255)] * 8
for network, options in (
    (ImageCNNClassifier, dict(filters=(4,))),
    (
        ImageInceptionClassifier,
        dict(stem_filters=(4,), filters=(8,), modules_per_stage=(1,)),
    ),
):
    model = network(
        **options, image_size=32, max_epochs=1, early_stopping=True, random_state=0
    )
    model.fit(X, [0, 1] * 8).predict(X[:2])
    pickle.loads(pickle.dumps(model)).transform(X[:2])
assert {name: os.environ[name] for name in before} == before
assert "TF_CPP_MIN_LOG_LEVEL" not in os.environ
assert threading.active_count() == 1
"""

IMPORT = """
import os
from amzest.utils import import_keras
import_keras("x")
import tensorflow
tensorflow.constant(1)
"""

#: Messages of C code, a filter that knows TensorFlow's early ones, and what ends there.
C_CODE = """
import ctypes, os, subprocess, sys
from amzest.utils._quiet_import import _early_messages_above

libc = ctypes.CDLL(None)
stderr = ctypes.c_void_p.in_dll(libc, "stderr")

def say(text):
    libc.fputs(text, ctypes.c_void_p(stderr.value))

before = stderr.value
with _early_messages_above({level}):
    say(b"WARNING: All log messages before absl::InitializeLog() is called are x\\n")
    for severity in (b"I", b"W", b"E", b"F"):
        say(severity + b"0000 00:00:1795669516.183052    7255 guard.cc:31] No AVX\\n")
    say(b"another library\\n")
    print("Python", file=sys.stderr)
    subprocess.run(["sh", "-c", "echo a process >&2"])
    if {aborts}:
        say(b"the last words\\n")
        libc.abort()
assert stderr.value == before
say(b"I0000 00:00:1795669516.183052    7255 guard.cc:31] after\\n")
"""


def run(code, *options, **environment):
    names = {"TF_CPP_MIN_LOG_LEVEL", "PYTHONWARNINGS", "PYTHONFAULTHANDLER"}
    kept = {key: value for key, value in os.environ.items() if key not in names}
    return subprocess.run(
        [sys.executable, *options, "-c", code],
        capture_output=True,
        text=True,
        timeout=280,
        env={**kept, **environment},
        check=False,
    )


def test_images_write_nothing_and_warn_of_nothing():
    done = run(WORK, "-W", "error")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(sys.platform != "linux", reason="these messages are Linux's")
def test_a_log_level_that_the_user_set_holds():
    loud = run(IMPORT + "print(os.environ['TF_CPP_MIN_LOG_LEVEL'])", "-u",
               TF_CPP_MIN_LOG_LEVEL="0")  # fmt: skip
    assert loud.stdout == "0\n"
    assert "cpu_feature_guard" in loud.stderr or "cudart_stub" in loud.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="other systems are left alone")
@pytest.mark.parametrize(("level", "severities"), [(0, "WIWEF"), (2, "EF"), (3, "F")])
def test_early_messages_below_the_level_are_left_out_and_nothing_else(
    level, severities
):
    done = run(C_CODE.format(level=level, aborts=False))
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    n_early = len(severities)
    assert "".join(line[0] for line in lines[:n_early]) == severities
    assert lines[n_early:-1] == ["another library", "Python", "a process"]
    assert lines[-1].endswith("after")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems are left alone")
def test_the_last_words_of_a_process_that_aborts_are_written():
    done = run(C_CODE.format(level=3, aborts=True))
    assert done.returncode < 0
    assert "guard.cc:31] No AVX" in done.stderr
    assert done.stderr.splitlines()[-1] == "the last words"


def test_warnings_of_an_import_are_off_and_the_filters_stay(tmp_path, monkeypatch):
    (tmp_path / "amzest_warns.py").write_text(
        "import warnings\nwarnings.warn('old', DeprecationWarning)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    before = list(warnings.filters)
    require("amzest_warns", extra="x", purpose="x")
    assert warnings.filters == before
    del sys.modules["amzest_warns"]
    with without_warnings():
        import amzest_warns  # noqa: F401
    assert warnings.filters == before


def test_a_failed_import_names_the_reason(tmp_path, monkeypatch):
    (tmp_path / "amzest_fails.py").write_text("raise ImportError('no AVX here')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match=r"no AVX here.*Install it with"):
        require("amzest_fails", extra="image", purpose="x")
