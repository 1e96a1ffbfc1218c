"""Networks in forked processes: a result or an error, never a deadlock."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux forks processes by default"
)

COMMON = """
import os, pickle, signal, sys, threading, time, traceback, warnings
import numpy as np

warnings.simplefilter("error")
warnings.filterwarnings("ignore", message=".*multi-threaded")
X = [np.full((8, 8, 3), value, np.uint8) for value in (0, 255)] * 8
y = [0, 1] * 8
SMALL = dict(filters=(4,), image_size=32, max_epochs=1, random_state=0)

def forked(name, function, limit=60):
    "Print what a function returns in a forked process."
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            print(name, function(), flush=True)
        except Exception as error:
            print(name, type(error).__name__, str(error), flush=True)
        os._exit(0)
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if os.waitpid(child, os.WNOHANG)[0]:
            return
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    print(name, "WAITS", flush=True)
"""

TENSORFLOW_WAS_USED = """
from amzest import ImageCNNClassifier
model = ImageCNNClassifier(**SMALL).fit(X, y)
saved = pickle.dumps(model)
forked("predict", lambda: model.predict(X[:2]))
forked("loaded", lambda: pickle.loads(saved).predict_proba(X[:2]))
forked("transform", lambda: model.transform(X[:2]))
forked("fit", lambda: ImageCNNClassifier(**SMALL).fit(X, y))
forked("net", lambda: model.net_)
forked("grandchild", lambda: forked("predict", lambda: model.predict(X[:2])))
print("parent", model.predict(X[:2]).shape)
"""

TENSORFLOW_WAS_USED_BY_THE_USER = """
import tensorflow
tensorflow.constant(1) + 1
from amzest import ImageCNNClassifier
forked("fit", lambda: ImageCNNClassifier(**SMALL).fit(X, y))
"""

TENSORFLOW_WAS_IMPORTED = """
import tensorflow
from amzest import ImageCNNClassifier
forked(
    "fit", lambda: ImageCNNClassifier(**SMALL).fit(X, y).predict(X[:2]).shape, 120
)
"""

TEXTS = """
import torch
from amzest import TextCNNClassifier, TextLSTMClassifier, TextTransformerClassifier
from amzest.neural._live import _BUILDING
from amzest.neural._torch import GENERATOR_LOCK
from amzest.text._linear_model import _GENERATOR_LOCK
from amzest.utils import CACHE

rng = np.random.default_rng(0)
texts = [" ".join(rng.choice(9000, 30).astype(str)) for _ in range(300)]
labels = list("abc") * 100
models = [
    network(max_epochs=1, random_state=0).fit(texts, labels)
    for network in (TextCNNClassifier, TextLSTMClassifier, TextTransformerClassifier)
]
before = [model.predict_proba(texts) for model in models]
saved = pickle.dumps(models)
torch.set_num_threads(2)
(torch.ones(10**6) + torch.ones(10**6)).sum()  # now torch has threads

held, end = threading.Event(), threading.Event()
def hold():
    with _BUILDING, GENERATOR_LOCK, _GENERATOR_LOCK, CACHE._lock:
        held.set()
        end.wait()
threading.Thread(target=hold, daemon=True).start()
held.wait()

def work(loaded, proba):
    again = type(loaded)(max_epochs=1, random_state=0).fit(texts, labels)
    return np.array_equal(loaded.predict_proba(texts), proba) and np.array_equal(
        again.predict_proba(texts), proba
    )

for place, proba in enumerate(before):
    forked("live", lambda: work(models[place], proba))
    forked("loaded", lambda: work(pickle.loads(saved)[place], proba))
"""


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", COMMON + code],
        capture_output=True,
        text=True,
        timeout=280,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("code", "names"),
    [
        (
            TENSORFLOW_WAS_USED,
            ["predict", "loaded", "transform", "fit", "net", "predict"],
        ),
        (TENSORFLOW_WAS_USED_BY_THE_USER, ["fit"]),
    ],
    ids=["by amzest", "by the user"],
)
def test_image_networks_raise_if_tensorflow_was_used_before(code, names):
    lines = [line for line in run(code) if not line.startswith(("parent", "grand"))]
    assert [line.split()[0] for line in lines] == names
    for line in lines:
        assert "RuntimeError TensorFlow was in use before this process was" in line
        assert "spawn" in line
        assert "--preload" in line


def test_image_networks_work_if_tensorflow_was_only_imported():
    assert run(TENSORFLOW_WAS_IMPORTED) == ["fit (2,)"]


def test_text_networks_work_if_torch_was_used_and_locks_were_held():
    assert run(TEXTS) == ["live True", "loaded True"] * 3
