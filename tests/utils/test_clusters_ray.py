"""The same on Ray, whose start takes some seconds."""

import os

import cluster_tasks
import joblib
import numpy as np
import pytest
from amazon_lines import write_lines
from cluster_fits import EndsOnce
from cluster_tasks import fail
from few_titles import KINDS, TITLES
from sklearn.model_selection import GridSearchCV

from amzest import TextCNNClassifier, TextLinearClassifier
from amzest.datasets import prepare_products
from amzest.ensemble import CrossFit
from amzest.utils import run_in_order

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("AMZEST_CLUSTERS" not in os.environ, reason="make test-cluster"),
]


@pytest.fixture(scope="module")
def ray():
    ray = pytest.importorskip("ray")
    from ray.util.joblib import register_ray

    with pytest.MonkeyPatch.context() as patch:
        # Nothing leaves this machine, and workers find the modules of the tests.
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        common = os.path.dirname(cluster_tasks.__file__)
        paths = [common, os.environ.get("PYTHONPATH", "")]
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
        register_ray()
        ray.init(
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="error",
            object_store_memory=100 * 2**20,
            _node_ip_address="127.0.0.1",
        )
        with joblib.parallel_config("ray", n_jobs=-1):
            yield ray
        ray.shutdown()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::FutureWarning")
def test_fits_files_errors_and_lost_workers(ray, tmp_path):
    network = TextCNNClassifier(embedding_size=8, n_buckets=512, max_epochs=2)
    members = [("cnn", network), ("ends", EndsOnce(str(tmp_path / "mark")))]
    actual = CrossFit(members, cv=2, random_state=0).fit(TITLES, KINDS)
    expected = CrossFit(members, cv=2, random_state=0, n_jobs=1).fit(TITLES, KINDS)
    for name in actual.names_:
        np.testing.assert_array_equal(
            actual.oof_proba_[name], expected.oof_proba_[name]
        )

    paths = [tmp_path / f"{i}.json" for i in range(2)]
    for seed, path in enumerate(paths):
        write_lines(path, 60, "2018", seed)
    outs = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for out, n_jobs in zip(outs, (None, 1), strict=True):
        prepare_products(paths, out, min_per_category=2, n_jobs=n_jobs)
    assert outs[0].read_bytes() == outs[1].read_bytes()

    with pytest.raises(ValueError, match="number 3") as caught:
        list(run_in_order(fail, [(i,) for i in range(6)]))
    assert caught.value.__notes__ == ["it was 3"]

    search = GridSearchCV(TextLinearClassifier(), {"min_count": [1, 2]}, cv=2)
    scores = search.fit(TITLES, KINDS).cv_results_["mean_test_score"]
    search.set_params(n_jobs=1).fit(TITLES, KINDS)
    np.testing.assert_array_equal(scores, search.cv_results_["mean_test_score"])
