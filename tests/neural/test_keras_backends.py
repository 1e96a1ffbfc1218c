"""Image networks on each backend of Keras: equal to TensorFlow within a tolerance.

A process has one backend, so that every other one has a process of its own. JAX is not
among the dependencies of the tests: ``make test-jax`` installs it.
"""

import importlib.util
import os
import pickle
import subprocess
import sys

import keras_backend_runs as runs
import numpy as np
import pytest

BACKENDS = [
    "torch",
    pytest.param(
        "jax",
        marks=pytest.mark.skipif(
            importlib.util.find_spec("jax") is None,
            reason="JAX is not installed; `make test-jax` installs it",
        ),
    ),
]

#: Warnings are errors, but for one of Keras' own, as in pyproject.toml.
WARNINGS = ["-W", "error", "-W", "ignore:__array__ implementation:DeprecationWarning"]


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """Networks fitted on TensorFlow, and a folder with them and their first weights."""
    folder = tmp_path_factory.mktemp("backends")
    fits = {name: runs.fit_from(None, name) for name in runs.NETWORKS}
    models = {name: model for name, (model, _) in fits.items()}
    (folder / "models.pickle").write_bytes(pickle.dumps(models))
    initial = {
        f"{name} {key}": array
        for name, (_, weights) in fits.items()
        for key, array in weights.items()
    }
    np.savez(folder / "initial.npz", **initial)
    return folder, {name: runs.predicted(model) for name, model in models.items()}


@pytest.fixture(scope="module", params=BACKENDS)
def results(request, reference):
    """The results of a process with another backend."""
    done = subprocess.run(
        [sys.executable, *WARNINGS, runs.__file__, str(reference[0])],
        env={**os.environ, "KERAS_BACKEND": request.param},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = pickle.loads((reference[0] / "results.pickle").read_bytes())
    return {"backend": request.param, **found}


@pytest.mark.parametrize("name", runs.NETWORKS)
def test_networks_fitted_on_tensorflow_predict_the_same(reference, results, name):
    """Weights are plain arrays, of no backend."""
    for expected, found in zip(
        reference[1][name][:2], results["loaded", name][:2], strict=True
    ):
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("name", runs.NETWORKS)
def test_fits_from_the_same_weights_learn_the_same(reference, results, name):
    """With sample weights, and for the CNN with early stopping."""
    proba, _, losses = results["fitted", name]
    np.testing.assert_allclose(losses, reference[1][name][2], rtol=1e-3)
    np.testing.assert_allclose(proba, reference[1][name][0], atol=0.02)


def test_networks_of_another_backend_predict_the_same_on_tensorflow(results):
    X, y, _ = runs.images()
    model = pickle.loads(results["pickled"])
    np.testing.assert_allclose(model.predict_proba(X), results["proba"], atol=1e-5)
    assert results["accuracy"] == model.score(X, y) > 0.9


def test_same_seed_same_bits_and_generators_unchanged(results):
    """For any number of threads of torch, and of the caller."""
    assert results["same bits"]
    assert results["generators unchanged"]
    assert results["same in threads"]


def test_bfloat16_is_used_in_training_only(results):
    short, exact = results["bfloat16"], results["float32"]
    assert short != exact
    np.testing.assert_allclose(short[:2], exact[:2], rtol=0.2)
    assert results["dtypes"] == {"float32"}
    assert results["weights"] == {np.ndarray}


def test_no_other_framework_is_imported(results):
    assert "tensorflow" not in results["modules"]


def test_unavailable_devices_are_errors(results):
    owner = {"torch": "torch", "jax": "Keras"}[results["backend"]]
    assert f"`device` is 'tpu', but {owner} has only cpu" in results["device"]
