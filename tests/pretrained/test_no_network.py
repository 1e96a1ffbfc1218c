"""Nothing is fetched: in these processes every connection and look-up ends them."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from public_estimators import KINDS, TITLES, images
from tiny_models import hub_cache, tiny_bert, tiny_clip

from amzest import PretrainedTextClassifier

#: The process ends at once: an exception might be caught by whoever tried to connect.
GUARD = """
import os, socket
def refuse(*args, **kwargs):
    os.write(2, f"a connection was tried: {args}".encode())
    os._exit(3)
for name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, name, refuse)
for name in ("create_connection", "getaddrinfo", "gethostbyname", "gethostbyname_ex"):
    setattr(socket, name, refuse)
"""

FIT_AND_PREDICT = """
import pickle, sys
from amzest import PretrainedTextClassifier
with open(sys.argv[1], "rb") as file:
    X, y = pickle.load(file)
for model in sys.argv[2:]:
    fitted = PretrainedTextClassifier(model, cache=False, random_state=0).fit(X, y)
    copied = pickle.loads(pickle.dumps(fitted))
    sys.stdout.buffer.write(copied.predict_proba(X).tobytes())
try:
    PretrainedTextClassifier("shop/other").fit(X, y)
except FileNotFoundError as error:
    assert "hf download shop/other" in str(error)
else:
    raise AssertionError("there is no such model")
"""


CLASSIFY_IMAGES = """
import pickle, sys
from amzest import PretrainedImageClassifier
with open(sys.argv[1], "rb") as file:
    X, y = pickle.load(file)
params = {"max_epochs": 1, "batch_size": 24, "random_state": 0}
for trainable in ("head", 1):
    classifier = PretrainedImageClassifier(sys.argv[2], trainable=trainable, **params)
    pickle.loads(pickle.dumps(classifier.fit(X, y))).predict(X)
"""


def run(code, *arguments, **environment):
    """Run code in a process without a network, and without settings of the hub."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HF_", "HUGGINGFACE_", "TRANSFORMERS_"))
    }
    result = subprocess.run(
        [sys.executable, "-c", GUARD + code, *map(str, arguments)],
        env=kept | environment,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr.decode()[-2000:]
    assert result.stderr == b""
    return result.stdout


def test_the_guard_ends_the_process():
    with pytest.raises(AssertionError, match="a connection was tried"):
        run("import urllib.request\nurllib.request.urlopen('http://localhost:9')")


def test_fit_and_predict(tmp_path):
    folder, other = (tiny_bert(tmp_path / name) for name in ("model", "other"))
    (other / "tokenizer.json").unlink()  # converted from the vocabulary
    hub_cache(tmp_path / "hub", "shop/titles", folder)
    data = tmp_path / "data.pickle"
    data.write_bytes(pickle.dumps((TITLES, KINDS)))
    printed = run(
        *(FIT_AND_PREDICT, data, folder, other, "shop/titles"), HF_HOME=str(tmp_path)
    )
    fitted = PretrainedTextClassifier(folder, random_state=0).fit(TITLES, KINDS)
    wanted = fitted.predict_proba(TITLES)
    found = np.frombuffer(printed).reshape(3, *wanted.shape)
    for proba in found:
        np.testing.assert_allclose(proba, wanted, atol=1e-6)
    assert [path.name for path in (tmp_path / "hub").iterdir()] == [
        "models--shop--titles"
    ], "nothing else was written"


def test_images(tmp_path):
    folder = tiny_clip(tmp_path / "clip")
    (tmp_path / "data.pickle").write_bytes(pickle.dumps((images(), KINDS)))
    assert run(CLASSIFY_IMAGES, tmp_path / "data.pickle", folder) == b""
