"""How long does a cross-fit of four members take on dask and on Ray, and what is sent?

Fits a `CrossFit` of two networks and two linear models on titles, in one process, in
processes of joblib, on a cluster of dask and on one of Ray, each of two workers with
one core. Prints seconds, the ratio to one process, whether all predictions have the
same bits, and the bytes that are sent, next to the size of the table. Run with
``OMP_NUM_THREADS=1 python benchmarks/cluster_cross_fit.py``; ``--rows`` is the number
of products.

Bytes: with dask, all that the scheduler and the caller (one process here) write to
their connections, and all that the workers write. With Ray, the data that is put into
its object store, and the results.
"""

from __future__ import annotations

import argparse
import os
import pickle
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import joblib
import numpy as np
import pandas as pd
from machine import describe_machine

from amzest import TextCNNClassifier, TextLinearClassifier, TextLSTMClassifier
from amzest.ensemble import CrossFit

#: Words of each category, and of all.
N_WORDS, N_COMMON, N_CATEGORIES = 200, 2000, 10
N_WORKERS = 2


def make_titles(n_rows: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Make titles of 8 words, of which some belong to the category."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, N_CATEGORIES, n_rows)
    words = rng.integers(0, N_COMMON, (n_rows, 8))
    words[:, :3] = N_COMMON + labels[:, None] * N_WORDS
    words[:, :3] += rng.integers(0, N_WORDS, (n_rows, 3))
    titles = [" ".join(f"word{word}" for word in row) for row in words]
    return pd.DataFrame({"title": titles}), np.array([f"c{i}" for i in labels])


def make_crossfit(n_jobs: int | None) -> CrossFit:
    """Return a cross-fit of four members on three folds."""
    small = {"embedding_size": 16, "n_buckets": 4096, "max_epochs": 3}
    members = [
        ("cnn", TextCNNClassifier(**small)),
        ("lstm", TextLSTMClassifier(**small)),
        ("words", TextLinearClassifier()),
        ("frequent words", TextLinearClassifier(min_count=2)),
    ]
    return CrossFit(members, cv=3, random_state=0, n_jobs=n_jobs)


@contextmanager
def one_process() -> Iterator[None]:
    yield


@contextmanager
def loky() -> Iterator[None]:
    with joblib.parallel_config("loky", n_jobs=N_WORKERS):
        yield


def count_writes() -> None:
    """Count the bytes that this process writes to its connections of dask."""
    import distributed.comm.tcp as tcp

    write = tcp.TCP.write

    async def counted(self: Any, *args: Any, **kwargs: Any) -> int:
        n_bytes: int = await write(self, *args, **kwargs)
        tcp.n_bytes_written += n_bytes
        return n_bytes

    tcp.n_bytes_written = 0
    tcp.TCP.write = counted


def bytes_written() -> int:
    import distributed.comm.tcp as tcp

    return tcp.n_bytes_written


@contextmanager
def dask() -> Iterator[Any]:
    import dask
    from distributed import Client, LocalCluster

    count_writes()
    with (
        # Workers that return freed memory to the system at once train more slowly.
        dask.config.set(
            {"distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None}
        ),
        LocalCluster(
            n_workers=N_WORKERS, threads_per_worker=1, dashboard_address="127.0.0.1:0"
        ) as cluster,
        Client(cluster) as client,
        joblib.parallel_config("dask"),
    ):
        client.run(count_writes)

        def traffic() -> dict[str, int]:
            return {
                "by caller and scheduler": bytes_written(),
                "by workers": sum(client.run(bytes_written).values()),
            }

        yield traffic


@contextmanager
def ray() -> Iterator[Any]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # no network beyond this machine
    import ray
    from ray.util.joblib import register_ray

    register_ray()
    ray.init(
        num_cpus=N_WORKERS,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="error",
        object_store_memory=500 * 2**20,
        _node_ip_address="127.0.0.1",
    )
    put, n_bytes = ray.put, {"by caller": 0}

    def counted(value: Any, **options: Any) -> Any:
        n_bytes["by caller"] += len(pickle.dumps(value))
        return put(value, **options)

    ray.put = counted
    try:
        with joblib.parallel_config("ray", n_jobs=-1):
            yield lambda: dict(n_bytes)
    finally:
        ray.put = put
        ray.shutdown()


BACKENDS = {"one process": one_process, "loky": loky, "dask": dask, "ray": ray}


def equal(a: CrossFit, b: CrossFit, X: pd.DataFrame) -> bool:
    """Return whether out-of-fold and final predictions have the same bits."""
    return all(
        np.array_equal(a.oof_proba_[name], b.oof_proba_[name])
        and np.array_equal(
            a.estimators_[name].predict_proba(X[:500]),
            b.estimators_[name].predict_proba(X[:500]),
        )
        for name in a.names_
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=5000, help="default: 5000")
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=[*BACKENDS])
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(describe_machine())
    X, y = make_titles(options.rows)
    small, labels = X[:200], y[:200]
    table = len(pickle.dumps((X, y)))
    print(
        f"{options.rows} products, a table of {table / 1e6:.2f} MB, {N_WORKERS} workers"
    )
    first: tuple[CrossFit, float] | None = None
    all_equal = True
    for name in options.backends:
        with BACKENDS[name]() as traffic:
            n_jobs = 1 if name == "one process" else None
            make_crossfit(n_jobs).fit(small, labels)  # imports in the workers
            before = traffic() if traffic else {}
            start = time.perf_counter()
            crossfit = make_crossfit(n_jobs).fit(X, y)
            seconds = time.perf_counter() - start
            after = traffic() if traffic else {}
            sent = {key: n - before[key] for key, n in after.items()}
        if first is None:
            first = crossfit, seconds
        same = equal(crossfit, first[0], X)
        all_equal &= same
        megabytes = ", ".join(f"{n / 1e6:.2f} MB {key}" for key, n in sent.items())
        print(
            f"{name:<12}{seconds:>8.1f} s{seconds / first[1]:>7.2f} x  "
            f"{'same bits' if same else 'OTHER BITS'}  {megabytes}",
            flush=True,
        )
    models = len(pickle.dumps(list(first[0].fold_estimators_.values()))) if first else 0
    print(f"the fold models alone: {models / 1e6:.2f} MB")
    return 0 if all_equal else 1


if __name__ == "__main__":
    raise SystemExit(main())
