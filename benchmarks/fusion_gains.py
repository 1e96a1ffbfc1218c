"""How much better than the best member are voting and stacking, on real tables?

Members with default parameters are cross-fitted on five folds of the tables in
AMZEST_DATA. All scores are computed on out-of-fold predictions, those of ensembles with
weights learned on the other folds.

    .venv/bin/python benchmarks/fusion_gains.py --tables flipkart
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import pandas as pd
from networks import networks
from sklearn.pipeline import make_pipeline

from amzest import (
    ColumnSelector,
    ImageCNNClassifier,
    TextLinearClassifier,
)
from amzest.ensemble import CrossFit
from amzest.evaluation import compare_classifiers

TEXT_NETWORKS = networks("text")
#: Text columns, text networks, and whether there are images, for each table.
TABLES: dict[str, tuple[list[str], list[str], bool]] = {
    "amazon10": (["title"], ["CNN", "LSTM", "Transformer"], False),
    "flipkart": (["title", "description"], ["CNN", "LSTM"], True),
}


def build_members(name: str, root: Path) -> list[tuple[str, Any]]:
    """Return a linear model and networks for the table."""
    columns, networks, images = TABLES[name]
    select = ColumnSelector(columns)
    linear = TextLinearClassifier(random_state=0)
    members = [("linear", make_pipeline(select, linear))]
    for network in networks:
        classifier = TEXT_NETWORKS[network](random_state=0)
        members.append((network, make_pipeline(select, classifier)))
    if images:
        image = ImageCNNClassifier(image_root=root, random_state=0)
        members.append(("image CNN", make_pipeline(ColumnSelector("image"), image)))
    return members


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    options = parser.parse_args()
    if "AMZEST_DATA" not in os.environ:
        parser.error("set AMZEST_DATA to the folder of the product tables")
    for name in options.tables:
        root = Path(os.environ["AMZEST_DATA"], name)
        table = pd.read_csv(root / "products.csv")
        crossfit = CrossFit(
            build_members(name, root), refit="average", random_state=0, verbose=True
        ).fit(table, table["category"])
        ensembles = {
            "equal vote": crossfit.weighted_voting(),
            "learnt vote": crossfit.weighted_voting("learn"),
            "vote for the log-loss": crossfit.weighted_voting(
                "learn", objective="log_loss"
            ),
            "calibrated vote": crossfit.weighted_voting("learn", calibrate=True),
            "stack": crossfit.stacking(),
        }
        for member in crossfit.names_:
            proba = crossfit.oof_proba_[member]
            mean = proba.max(axis=1).mean()
            print(f"{member}: mean probability of the predicted class {mean:.3f}")
        comparison = compare_classifiers(crossfit, ensembles=ensembles)
        print(f"=== {name}", comparison, comparison.fusion(), sep="\n")
        print(comparison.tests().to_string())


if __name__ == "__main__":
    main()
