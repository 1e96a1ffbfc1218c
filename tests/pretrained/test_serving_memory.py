"""Serving a classifier on top of MiniLM takes less than 700 MB."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from amzest import PretrainedTextClassifier, make_products

SERVE = """
import os, pickle, resource, sys
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])  # each thread takes memory
with open(sys.argv[1], "rb") as file:
    classifier, titles = pickle.load(file)
proba = classifier.predict_proba(titles)
# Not ru_maxrss, which includes the memory of the process that started this one.
with open("/proc/self/status") as status:
    peak = next(line for line in status if line.startswith("VmHWM"))
print(len(proba), int(peak.split()[1]) // 1024)
"""


@pytest.mark.weights
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the unit of memory differs")
def test_memory_of_serving(minilm, tmp_path):
    products = make_products(1_000, n_categories=5, random_state=0)
    titles = products.data["title"].fillna("").to_numpy()
    titles = np.array([f"{title} {i} {title}" for i, title in enumerate(titles)])
    classifier = PretrainedTextClassifier(minilm, random_state=0)
    classifier.fit(titles[:200], products.target[:200])
    path = tmp_path / "model.pickle"
    path.write_bytes(pickle.dumps((classifier, titles)))
    result = subprocess.run(
        [sys.executable, "-c", SERVE, str(path)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    n_predictions, megabytes = map(int, result.stdout.split())
    assert n_predictions == 1_000
    assert 300 < megabytes < 700
