"""Does a classifier that learns on forget, and how much time does it save?

Two experiments on tables in AMZEST_DATA, with a test set of 20 %: a model is fitted
on the products of all categories but two, and learns the two by `partial_fit`; and a
model is fitted on half of the products, and learns the rest in five batches. Both are
compared with a fit on all products from the start, and with the model before it learned
on. Times are processor time.

    .venv/bin/python benchmarks/incremental_learning.py --seeds 0 1
"""

from __future__ import annotations

import argparse
import gc
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from networks import networks
from side_by_side import make_table
from sklearn.model_selection import train_test_split

from amzest import (
    PretrainedTextClassifier,
    PretrainedTextEncoder,
    TextLinearClassifier,
    clear_cache,
)

#: Columns of texts by name of the table.
TABLES = {
    "amazon10": ["title"],
    "flipkart": ["title", "description"],
    "fashion": ["title"],
}
MODELS: dict[str, Callable[..., Any]] = {"linear": TextLinearClassifier}
MODELS |= {name: network for name, network in networks("text").items()}
HEADER = (
    "table",
    "model",
    "experiment",
    "fit",
    "log-loss",
    "all",
    "old",
    "new",
    "seconds",
)


def read(name: str, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return training and test set, without categories of fewer than 10 products."""
    table = pd.read_csv(Path(os.environ["AMZEST_DATA"], name, "products.csv"))
    table = table[table.groupby("category")["category"].transform("size") >= 10]
    return train_test_split(
        table, test_size=0.2, stratify=table["category"], random_state=seed
    )


def timed(function: Callable[..., Any], *args: Any, **kwargs: Any) -> float:
    """Return the processor time of a call."""
    clear_cache()
    gc.collect()
    start = time.process_time()
    function(*args, **kwargs)
    return time.process_time() - start


class Run:
    """The results of one experiment."""

    def __init__(self, columns: list[str], test: pd.DataFrame, new: set[str]) -> None:
        self.columns, self.test, self.new = columns, test, new
        self.rows: dict[str, tuple[float, ...]] = {}

    def add(self, name: str, model: Any, seconds: float) -> None:
        """Record accuracy on old and new categories, and log-loss."""
        proba = model.predict_proba(self.test[self.columns])
        y = self.test["category"].to_numpy()
        right = model.classes_[proba.argmax(axis=1)] == y
        place = pd.Index(model.classes_).get_indexer(y)
        likelihood = np.where(place >= 0, proba[np.arange(len(y)), place], np.nan)
        is_new = np.isin(y, list(self.new))
        self.rows[name] = (
            -np.log(likelihood).mean(),
            right.mean(),
            right[~is_new].mean(),
            right[is_new].mean() if is_new.any() else np.nan,
            seconds,
        )


def new_categories(
    make: Callable[[], Any], columns: list[str], seed: int, table: str
) -> Run:
    """Fit without two categories, and learn them."""
    train, test = read(table, seed)
    labels = np.random.default_rng(seed).permutation(train["category"].unique())
    new = set(labels[:2])
    is_new = train["category"].isin(new)
    before, after = train[~is_new], train[is_new]
    run = Run(columns, test, new)
    model = make()
    seconds = timed(model.fit, before[columns], before["category"])
    run.add("before", model, seconds)
    classes = train["category"].unique()
    seconds = timed(
        model.partial_fit, after[columns], after["category"], classes=classes
    )
    run.add("partial_fit", model, seconds)
    scratch = make()
    seconds = timed(scratch.fit, train[columns], train["category"])
    run.add("from scratch", scratch, seconds)
    return run


def batches(make: Callable[[], Any], columns: list[str], seed: int, table: str) -> Run:
    """Fit on half of the products, and learn the rest in five batches."""
    train, test = read(table, seed)
    parts = np.array_split(np.arange(len(train)), 10)
    run = Run(columns, test, set())
    first = train.iloc[np.concatenate(parts[:5])]
    model = make()
    seconds = timed(model.fit, first[columns], first["category"])
    run.add("before", model, seconds)
    seconds = 0.0
    classes = train["category"].unique()
    for part in parts[5:]:
        more = train.iloc[part]
        seconds += timed(
            model.partial_fit, more[columns], more["category"], classes=classes
        )
    run.add("partial_fit, mean of 5", model, seconds / 5)
    scratch = make()
    seconds = timed(scratch.fit, train[columns], train["category"])
    run.add("from scratch", scratch, seconds)
    return run


EXPERIMENTS = {"two new categories": new_categories, "five batches": batches}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--models", nargs="+", default=list(MODELS))
    parser.add_argument("--encoder", help="folder of a model, for 'pretrained'")
    parser.add_argument("--cache", help="folder of its vectors, for 'pretrained'")
    parser.add_argument("--experiments", nargs="+", default=list(EXPERIMENTS))
    options = parser.parse_args()
    if "AMZEST_DATA" not in os.environ:
        parser.error("set AMZEST_DATA to the folder of the product tables")
    models = dict(MODELS)
    if options.encoder:
        encoder: dict[str, Any] = {"model": options.encoder, "cache": options.cache}
        models["pretrained"] = partial(PretrainedTextClassifier, **encoder)
    rows = []
    for table in options.tables:
        if "pretrained" in options.models:  # all fits take the vectors from the cache
            for part in read(table, 0):
                PretrainedTextEncoder(**encoder).fit_transform(part[TABLES[table]])
        for name in options.models:
            for experiment in options.experiments:
                runs = []
                for seed in options.seeds:
                    make = partial(models[name], warm_start=True, random_state=seed)
                    run = EXPERIMENTS[experiment]
                    runs.append(run(make, TABLES[table], seed, table))
                for fit in runs[0].rows:
                    means = np.mean([run.rows[fit] for run in runs], axis=0)
                    numbers = [f"{value:.3f}" for value in means[:-1]]
                    rows.append(
                        (table, name, experiment, fit, *numbers, f"{means[-1]:.1f}")
                    )
                    print(*rows[-1], sep=" | ", flush=True)
    print()
    print(make_table(HEADER, rows))


if __name__ == "__main__":
    main()
