"""What image classifiers do with one backend of Keras, for a process of its own.

``python keras_backend_runs.py FOLDER`` reads ``models.pickle`` and ``initial.npz`` that
another backend has written there, and writes ``results.pickle``.
"""

from __future__ import annotations

import pickle
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np

from amzest.image import ImageCNNClassifier, ImageInceptionClassifier

NETWORKS = {"cnn": ImageCNNClassifier, "inception": ImageInceptionClassifier}
SMALL = {"image_size": 32, "dropout": 0.0, "device": "cpu", "random_state": 0}
PARAMS = {
    "cnn": {**SMALL, "filters": (4, 8), "max_epochs": 3, "early_stopping": True},
    "inception": {
        **SMALL,
        "stem_filters": (4, 8),
        "filters": (16,),
        "modules_per_stage": (1,),
        "max_epochs": 1,
    },
}


def images():
    """Generate images of three colours, their labels and sample weights."""
    rng = np.random.default_rng(0)
    y = np.arange(36) % 3
    X = rng.integers(0, 100, (36, 32, 32, 3)).astype(np.uint8)
    for label in range(3):
        X[y == label, :, :, label] += 100
    return X, y, rng.uniform(0.5, 2, len(y))


def fit_from(initial, name):
    """Fit a network from `initial` weights; return it and those of its own."""
    own = []

    def start(estimator, engine):
        own.append(engine.get_weights())
        if initial is not None:
            engine.set_weights(initial)

    X, y, weights = images()
    with patch.object(NETWORKS[name], "_load_pretrained", start):
        model = NETWORKS[name](**PARAMS[name]).fit(X, y, sample_weight=weights)
    return model, own[0]


def predicted(model):
    """Return probabilities, features and the loss of each epoch."""
    X = images()[0]
    return model.predict_proba(X), model.transform(X), model.loss_curve_


def run(folder):
    """Do everything in this process, and return the results by name."""
    models = pickle.loads((folder / "models.pickle").read_bytes())
    initial = np.load(folder / "initial.npz")
    results = {}
    for name, model in models.items():
        results["loaded", name] = predicted(model)
        prefix = f"{name} "
        start = {
            key.removeprefix(prefix): initial[key]
            for key in initial
            if key.startswith(prefix)
        }
        results["fitted", name] = predicted(fit_from(start, name)[0])
    results.update(own_fits())
    results["modules"] = {"tensorflow", "torch", "jax"} & set(sys.modules)
    return results


def own_fits():
    """Fit with weights of this backend's own: bits, seeds, threads and devices."""
    X, y, _ = images()
    # Enough steps to learn every class from any initial weights.
    params = {**PARAMS["cnn"], "dropout": 0.3, "early_stopping": False}
    params |= {"max_epochs": 6, "batch_size": 6, "learning_rate": 0.01}
    before = random.getstate(), np.random.get_state()[1].tolist(), torch_state()
    one = ImageCNNClassifier(**params).fit(X, y)
    after = random.getstate(), np.random.get_state()[1].tolist(), torch_state()
    with torch_threads(2):
        other = ImageCNNClassifier(**params).fit(X, y)
        many = np.concatenate([X] * 16)  # several batches
        proba = one.predict_proba(many)
    short = ImageCNNClassifier(**{**params, "precision": "bfloat16"}).fit(X, y)
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(one.predict_proba, [many] * 4))
    try:
        ImageCNNClassifier(**{**params, "device": "tpu"}).fit(X, y)
    except ValueError as error:
        message = str(error)
    return {
        "generators unchanged": before == after,
        "same bits": all(
            np.array_equal(one.weights_[name], other.weights_[name])
            for name in one.weights_
        ),
        "same in threads": all(np.array_equal(each, proba) for each in together),
        "bfloat16": short.loss_curve_,
        "dtypes": {weight.dtype.name for weight in short.weights_.values()},
        "float32": one.loss_curve_,
        "device": message,
        "weights": {type(weight) for weight in one.weights_.values()},
        "pickled": pickle.dumps(one),
        "proba": one.predict_proba(X),
        "accuracy": one.score(X, y),
    }


def torch_state():
    """Return the state of torch's generator, if torch is loaded."""
    torch = sys.modules.get("torch")
    return None if torch is None else torch.get_rng_state().tolist()


@contextmanager
def torch_threads(number):
    """Let torch use a number of threads within the block."""
    torch = sys.modules.get("torch")
    before = torch and torch.get_num_threads()
    if torch:
        torch.set_num_threads(number)
    yield
    if torch:
        torch.set_num_threads(before)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (folder / "results.pickle").write_bytes(pickle.dumps(run(folder)))
