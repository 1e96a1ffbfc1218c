"""Searches and cross-fits on a cluster of dask, with the same bits as on one core.

All tests share one cluster of two worker processes.
"""

import pickle
import signal
import threading
import time
from concurrent.futures import Future
from contextlib import closing

import joblib
import numpy as np
import pandas as pd
import pytest
from amazon_lines import write_lines
from cluster_fits import ClosedDoor, Counter, EndsOnce
from cluster_tasks import count_ready, count_rows, end_once, fail, power, wait_for
from few_titles import KINDS, TITLES
from pandas.testing import assert_frame_equal
from sklearn.callback import ScoringMonitor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingRandomSearchCV

import amzest
from amzest import TextCNNClassifier, TextLinearClassifier
from amzest.datasets import prepare_products, read_amazon_metadata
from amzest.datasets._amazon_metadata._read_amazon_metadata import _spool
from amzest.ensemble import CrossFit, WeightedVotingClassifier, _fold_tasks
from amzest.utils import run_in_order, runs_in_caller
from amzest.utils._clusters import _raise_error

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            silence_logs=50,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def dask(client):
    client.wait_for_workers(2)  # one may have ended in another test
    with joblib.parallel_config("dask"):
        yield client


def linear(**params):
    return TextLinearClassifier(random_state=0, **params)


def network():
    return TextCNNClassifier(
        embedding_size=8, n_buckets=512, max_epochs=2, random_state=0
    )


def assert_same(actual, expected):
    for name, proba in expected.oof_proba_.items():
        np.testing.assert_array_equal(actual.oof_proba_[name], proba)
    for name, member in expected.estimators_.items():
        np.testing.assert_array_equal(
            actual.estimators_[name].predict_proba(TITLES), member.predict_proba(TITLES)
        )


def test_crossfit_gives_the_same_bits_and_prints_each_fit(dask, capsys):
    members = [("words", linear()), ("frequent", linear(min_count=2))]
    crossfit = CrossFit(members, cv=2, random_state=0, verbose=True)
    actual = crossfit.fit(TITLES, KINDS)
    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition(":")[0] for line in lines[1:4]] == [
        "[CrossFit] frequent, all rows",
        "[CrossFit] words, fold 1 of 2",
        "[CrossFit] words, fold 2 of 2",
    ]
    assert_same(actual, crossfit.set_params(n_jobs=1).fit(TITLES, KINDS))


@pytest.mark.parametrize("kind", [GridSearchCV, HalvingRandomSearchCV])
def test_search_gives_the_same_result_also_around_a_crossfit(dask, kind):
    vote = WeightedVotingClassifier(
        [("linear", linear())], weights="learn", cv=2, random_state=0
    )
    further = {}
    if kind is HalvingRandomSearchCV:
        further = {"n_candidates": 2, "min_resources": 16, "random_state": 0}
    params = {"linear__min_count": [1, 2]}
    search = kind(vote, params, cv=2, **further).fit(TITLES, KINDS)
    with joblib.parallel_config("sequential"):
        expected = kind(vote, params, cv=2, **further).fit(TITLES, KINDS)
    for name in ("mean_test_score", "split1_test_score"):
        np.testing.assert_array_equal(
            search.cv_results_[name], expected.cv_results_[name]
        )
    np.testing.assert_array_equal(
        search.predict_proba(TITLES), expected.predict_proba(TITLES)
    )


def test_files_are_read_and_prepared_by_the_workers(dask, tmp_path):
    paths = [tmp_path / f"{i}.json" for i in range(3)]
    for seed, path in enumerate(paths):
        write_lines(path, 60, "2018", seed)
    assert not runs_in_caller(None)
    frames = [pd.concat(read_amazon_metadata(paths, n_jobs=n)) for n in (None, 1)]
    assert_frame_equal(*frames)
    outs = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for out, n_jobs in zip(outs, (None, 1), strict=True):
        prepare_products(paths, out, min_per_category=2, n_jobs=n_jobs)
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_worker_on_another_host_names_the_folder_to_share(tmp_path):
    with pytest.raises(FileNotFoundError, match="TMPDIR"):
        _spool(tmp_path / "meta.json", tmp_path / "absent" / "0", ["title"], 9, "raise")


def test_a_table_is_sent_once_to_the_cluster_and_once_to_each_worker(dask, monkeypatch):
    tcp = distributed.comm.tcp.TCP
    write, sent = tcp.write, []

    async def counted(self, *args, **kwargs):
        sent.append(await write(self, *args, **kwargs))
        return sent[-1]

    monkeypatch.setattr(tcp, "write", counted)
    table = pd.DataFrame({"title": [f"{i} {i * 7919 % 1013}" for i in range(50_000)]})
    size = len(pickle.dumps(table))
    tasks = [(i,) for i in range(12)]
    lengths = list(run_in_order(count_rows, tasks, shared=(table,)))
    assert lengths == [50_000] * 12
    # The scheduler is in this process: it gets the table and passes it on.
    assert size < sum(sent) < 3.5 * size


@pytest.mark.slow
def test_networks_have_the_same_bits_and_their_epochs_reach_the_caller(dask):
    logs, fitted = [], []
    for n_jobs in (1, None):
        monitor = ScoringMonitor(scoring="accuracy")
        members = [("cnn", network().set_callbacks(monitor))]
        crossfit = CrossFit(members, cv=2, random_state=0, n_jobs=n_jobs)
        fitted.append(crossfit.fit(TITLES, KINDS))
        log = monitor.get_logs().data_as_pandas
        logs.append(log["accuracy"].sort_values(ignore_index=True))
    pd.testing.assert_series_equal(*logs)
    assert_same(*fitted)


def test_folds_on_other_hosts_are_reported_by_the_caller(dask, monkeypatch):
    monkeypatch.setattr(_fold_tasks, "CallbackDoor", ClosedDoor)
    counter = Counter()
    crossfit = CrossFit([("linear", linear())], cv=2, random_state=0)
    crossfit.set_callbacks(counter).fit(TITLES, KINDS)
    assert counter.names == [
        *("linear, all rows", "linear, fold 1 of 2", "linear, fold 2 of 2", "fit")
    ]


def test_error_of_a_task_is_raised_with_its_notes(dask):
    with pytest.raises(ValueError, match="number 3") as caught:
        list(run_in_order(fail, [(i,) for i in range(6)]))
    assert caught.value.__notes__[0] == "it was 3"


def test_worker_that_ends_again_and_again_is_explained():
    class KilledWorker(Exception):
        pass

    future = Future()
    future.set_exception(KilledWorker("task"))
    with pytest.raises(KilledWorker) as caught:
        _raise_error(future)
    assert "memory" in caught.value.__notes__[0]


@pytest.mark.usefixtures("interrupts")
def test_interrupt_cancels_the_tasks_that_do_not_run_yet(dask, tmp_path):
    main = threading.main_thread().ident
    timer = threading.Timer(0.5, signal.pthread_kill, (main, signal.SIGINT))
    timer.start()
    tasks = [(i,) for i in range(8)]
    with pytest.raises(KeyboardInterrupt):
        list(run_in_order(wait_for, tasks, shared=(str(tmp_path),)))
    timer.join()
    deadline = time.monotonic() + 30
    while any(dask.run(count_ready).values()):  # until the workers know
        assert time.monotonic() < deadline
        time.sleep(0.05)
    running = {path.name for path in tmp_path.iterdir()}
    assert len(running) <= 2  # one for each worker: dask chooses which
    (tmp_path / "go").touch()
    time.sleep(0.3)
    assert {path.name for path in tmp_path.iterdir()} == {*running, "go"}


@pytest.mark.parametrize("n_jobs", [None, 1])
def test_no_more_tasks_run_than_n_jobs(dask, tmp_path, n_jobs):
    (tmp_path / "go").touch()
    results = run_in_order(
        wait_for, [(i,) for i in range(4)], shared=(str(tmp_path),), n_jobs=n_jobs
    )
    with closing(results):
        assert next(results) == 0
        if n_jobs == 1:  # in this process
            assert not (tmp_path / "1").exists()
        assert list(results) == [1, 2, 3]


def test_few_results_wait_for_the_caller(dask, tmp_path):
    (tmp_path / "go").touch()
    tasks = [(i,) for i in range(8)]
    results = run_in_order(wait_for, tasks, shared=(str(tmp_path),), few_waiting=True)
    with closing(results):
        assert next(results) == 0
        time.sleep(0.3)
        assert not (tmp_path / "3").exists()
        assert list(results) == list(range(1, 8))


def test_data_that_the_user_has_scattered_is_not_sent_again(client):
    base = np.arange(3.0)
    with joblib.parallel_config("dask", scatter=[base]):
        found = list(run_in_order(power, [(2,), (3,)], shared=(base,)))
    np.testing.assert_array_equal(found, [base**2, base**3])


def test_limit_of_the_cache_can_be_set_in_all_workers(dask):
    dask.run(amzest.set_cache_limit, 2**20)
    infos = dask.run(amzest.cache_info)
    assert [info.max_bytes for info in infos.values()] == [2**20, 2**20]
    dask.run(amzest.set_cache_limit, 3 * 2**29)


@pytest.mark.slow
def test_fold_of_a_killed_worker_is_fitted_again(dask, tmp_path):
    members = [("ends", EndsOnce(str(tmp_path / "mark"))), ("linear", linear())]
    actual = CrossFit(members, cv=2, random_state=0).fit(TITLES, KINDS)
    expected = CrossFit(members, cv=2, random_state=0, n_jobs=1)
    assert_same(actual, expected.fit(TITLES, KINDS))


@pytest.mark.slow
def test_data_is_sent_again_if_all_workers_that_had_it_are_killed(dask, tmp_path):
    tasks = [(number,) for number in range(2)]
    found = list(run_in_order(end_once, tasks, shared=(str(tmp_path),)))
    assert found == [0, 1]
