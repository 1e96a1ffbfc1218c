"""Tables and classifiers for the benchmark of accuracy against fit time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from networks import networks
from rivals.fasttext_text import SETTINGS as FASTTEXT_SETTINGS
from rivals.fasttext_text import run_fasttext
from rivals.image_forest import image_forest
from rivals.linear_text import linear_text
from rivals.plain_keras import PlainImageCNN, PlainTextCNN
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, TextLinearClassifier

#: Number of epochs, as a fraction of the default.
EPOCHS = {"short": 0.25, "default": 1.0, "long": 2.0}
QUICK_ROWS = 500


def draw_rows(table: pd.DataFrame, n_rows: int, seed: int) -> pd.DataFrame:
    """Return a stratified random sample of rows."""
    sample, _ = train_test_split(
        table, train_size=n_rows, stratify=table["category"], random_state=seed
    )
    return sample


@dataclass(frozen=True)
class Table:
    """A product table in the folder AMZEST_DATA, and its input columns."""

    name: str
    folder: str
    columns: tuple[str, ...]

    @property
    def kind(self) -> str:
        """Type of its input columns."""
        return "image" if "image" in self.columns else "text"

    @property
    def root(self) -> Path:
        """Folder of the table."""
        return Path(os.environ["AMZEST_DATA"], self.folder)

    def split(self, seed: int, *, quick: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return stratified training (80 %) and test (20 %) sets."""
        table = pd.read_csv(self.root / "products.csv")
        if quick:
            table = draw_rows(table, QUICK_ROWS, seed)
        train, test = train_test_split(
            table, test_size=0.2, stratify=table["category"], random_state=seed
        )
        return train, test


TABLES = {
    table.name: table
    for table in (
        Table("amazon10 titles", "amazon10", ("title",)),
        Table("flipkart texts", "flipkart", ("title", "description")),
        Table("flipkart images", "flipkart", ("image",)),
        Table("fashion images", "fashion", ("image",)),
    )
}


@dataclass(frozen=True)
class Design:
    """A classifier with several settings, from fast to accurate.

    Parameters
    ----------
    kind : {"text", "image"}
        Type of its input columns.

    settings : dict of str to dict
        Parameters of each setting, by its name.

    build : callable
        Returns an estimator for a table, a seed and the parameters of a setting. None
        for fastText, which runs in another process.
    """

    kind: str
    settings: dict[str, dict[str, Any]]
    build: Callable[..., Any] | None


def _build_network(
    network: Callable[..., Any], table: Table, seed: int, **settings: Any
) -> Any:
    if table.kind == "image":
        settings["image_root"] = table.root
        column: Any = "image"
    else:
        column = list(table.columns)
    return make_pipeline(ColumnSelector(column), network(random_state=seed, **settings))


def _network(network: Any, kind: str) -> Design:
    epochs = network().max_epochs
    settings = {
        name: {"max_epochs": max(1, round(share * epochs))}
        for name, share in EPOCHS.items()
    }
    return Design(kind, settings, partial(_build_network, network))


def _build_text(make: Any, table: Table, seed: int, **settings: Any) -> Any:
    return make_pipeline(
        ColumnSelector(list(table.columns)), make(random_state=seed, **settings)
    )


def _build_image(make: Any, table: Table, seed: int, **settings: Any) -> Any:
    return make(table.root, random_state=seed, **settings)


DESIGNS = {
    "Text linear": Design(
        "text", {"default": {}}, partial(_build_text, TextLinearClassifier)
    ),
    **{f"Text {name}": _network(cls, "text") for name, cls in networks("text").items()},
    **{
        f"Image {name}": _network(cls, "image")
        for name, cls in networks("image").items()
    },
    "TF-IDF + LinearSVC": Design(
        "text", {"C=1": {"C": 1.0}}, partial(_build_text, linear_text)
    ),
    "fastText": Design("text", FASTTEXT_SETTINGS, None),
    "plain Keras text CNN": Design(
        "text",
        {f"{n} epochs": {"epochs": n} for n in (2, 5, 10)},
        partial(_build_text, PlainTextCNN),
    ),
    "HOG + colours, forest": Design(
        "image",
        {f"{n} trees": {"n_estimators": n} for n in (100, 500)},
        partial(_build_image, image_forest),
    ),
    "plain Keras image CNN": Design(
        "image",
        {f"{n} epochs": {"epochs": n} for n in (5, 10, 20)},
        partial(_build_image, PlainImageCNN),
    ),
}
#: The classifiers of the package.
OURS = tuple(name for name in DESIGNS if name.startswith(("Text ", "Image ")))


def parameters_of(table: Table, design: str, setting: str, seed: int) -> dict[str, str]:
    """Return all parameters of a result, which is outdated if a default changes."""
    made = DESIGNS[design]
    parameters = dict(made.settings[setting])
    if made.build is not None and design in OURS:
        classifier = made.build(table, seed, **parameters)[-1]
        parameters = classifier.get_params()
        parameters.pop("image_root", None)
    return {name: repr(value) for name, value in parameters.items()}


def run_design(
    table: Table,
    design: str,
    setting: str,
    seed: int,
    *,
    quick: bool = False,
    n_rows: int | None = None,
) -> dict[str, Any]:
    """Fit a classifier on a table, or on `n_rows` of its training rows, and score it.

    Returns
    -------
    dict
        Number of training rows, accuracy, macro-averaged F1, and fit times of both
        clocks. They include decoding images, but not importing libraries.
    """
    train, test = table.split(seed, quick=quick)
    if n_rows is not None:
        train = draw_rows(train, n_rows, seed)
    made = DESIGNS[design]
    settings = made.settings[setting]
    if made.build is None:
        columns = list(table.columns)
        predicted, seconds = run_fasttext(
            train[columns], train["category"], test[columns], settings
        )
    else:
        _warm_up(design)
        model = made.build(table, seed, **settings)
        wall, processor = time.perf_counter(), time.process_time()
        model.fit(train, train["category"])
        seconds = {
            "fit_wall": time.perf_counter() - wall,
            "fit_processor": time.process_time() - processor,
        }
        predicted = model.predict(test)
    truth = test["category"].to_numpy(dtype=object)
    return {
        "n_train": len(train),
        "accuracy": float(np.mean(predicted == truth)),
        "macro_f1": float(f1_score(truth, predicted, average="macro")),
        **seconds,
    }


def _warm_up(design: str) -> None:
    """Import the framework, so that the fit time does not include it."""
    if design.startswith("Text") and design != "Text linear":
        import skorch  # noqa: F401
        import torch  # noqa: F401
    elif "Image" in design or "Keras" in design:
        import keras

        keras.ops.convert_to_numpy(keras.ops.zeros(1))
