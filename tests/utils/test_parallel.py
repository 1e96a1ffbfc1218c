"""Tasks run in order on each backend of joblib, with the caller's configuration."""

import joblib
import numpy as np
import pytest
from cluster_tasks import fail, power
from sklearn import config_context, get_config

from amzest.utils import run_in_order, runs_in_caller, runs_on_cluster

BACKENDS = ["sequential", "threading", "multiprocessing", "loky"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_results_are_in_order_and_an_error_is_raised(backend):
    with joblib.parallel_config(backend, n_jobs=2):
        found = list(run_in_order(power, [(2,), (3,), (0,)], shared=(np.arange(3),)))
        np.testing.assert_array_equal(found, [[0, 1, 4], [0, 1, 8], [1, 1, 1]])
        with pytest.raises(ValueError, match="number 3"):
            list(run_in_order(fail, [(2,), (3,)]))
        assert runs_in_caller(None) == (backend == "sequential")
        assert not runs_on_cluster(None)


def test_results_come_while_later_tasks_wait():
    results = run_in_order(fail, [(1,), (2,), (3,)], n_jobs=1)
    assert [next(results), next(results)] == [1, 2]
    with pytest.raises(ValueError, match="number 3"):
        next(results)


def _routing(i):
    return get_config()["enable_metadata_routing"]


def test_workers_have_the_configuration_of_the_caller():
    with (
        config_context(enable_metadata_routing=True),
        joblib.parallel_config("threading", n_jobs=2),
    ):
        assert list(run_in_order(_routing, [(0,), (1,)])) == [True, True]
