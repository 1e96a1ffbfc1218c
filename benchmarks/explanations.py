"""Are explanations faithful, and how long do they take?

Classifiers are fitted on product tables in AMZEST_DATA and explained on rows that they
were not fitted on. The three words with the largest contributions are deleted, and the
probability of the predicted category falls by `drop`; without three random words it
falls by `random drop`. Seconds are processor time for all explained rows, without
shares of columns and members.

    .venv/bin/python benchmarks/explanations.py --rows 300
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from amzest import TextCNNClassifier, TextLinearClassifier
from amzest.compose import ColumnSelector
from amzest.ensemble import WeightedVotingClassifier
from amzest.inspection import deletion_test, explain

#: Table -> its columns of texts.
TABLES = {"amazon10": ["title"], "flipkart": ["title", "description"]}
METHODS = {
    "linear": ("exact", "occlusion"),
    "CNN": ("integrated_gradients", "occlusion"),
    "CNN without linear part": ("integrated_gradients", "occlusion"),
    "vote": ("occlusion",),
    "scikit-learn": ("occlusion",),
}
HEADER = (
    "table", "model", "method", "rows", "seconds", "probability", "drop",
    "random drop", "rows with drop > random",
)  # fmt: skip


def make_model(name: str, columns: list[str]) -> Any:
    """Return an unfitted model."""
    if name == "linear":
        model: Any = TextLinearClassifier(random_state=0)
    elif name == "vote":
        members = [
            (part, make_model(part, columns))
            for part in ("linear", "CNN without linear part")
        ]
        return WeightedVotingClassifier(members)
    elif name == "scikit-learn":
        column = columns[0]
        steps = ColumnSelector(column), TfidfVectorizer(), LogisticRegression(C=10)
        return make_pipeline(*steps)
    else:
        model = TextCNNClassifier(linear_part=name == "CNN", random_state=0)
    return make_pipeline(ColumnSelector(columns), model)


def measure(model: Any, X: pd.DataFrame, method: str) -> tuple[Any, ...]:
    """Return seconds, and means of the deletion test."""
    explain(model, X[:8], method=method, shares=False)  # type: ignore[arg-type]
    start = time.process_time()
    found = explain(model, X, method=method, shares=False)  # type: ignore[arg-type]
    seconds = time.process_time() - start
    result = deletion_test(model, X, found, random_state=0)
    means = result[["probability", "drop", "random_drop"]].mean()
    larger = (result["drop"] > result["random_drop"]).mean()
    return seconds, *means, larger


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--train-rows", type=int, default=None)
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--models", nargs="+", choices=METHODS, default=list(METHODS))
    options = parser.parse_args()
    if "AMZEST_DATA" not in os.environ:
        parser.error("set AMZEST_DATA to the folder of the product tables")
    print(*HEADER, sep=" | ")
    for name in options.tables:
        path = Path(os.environ["AMZEST_DATA"], name, "products.csv")
        table = pd.read_csv(path).dropna(subset=["title", "category"])
        train, test = train_test_split(
            table,
            test_size=options.rows,
            train_size=options.train_rows,
            random_state=0,
        )
        columns = TABLES[name]
        for kind in options.models:
            model = make_model(kind, columns)
            model.fit(train[columns], train["category"].to_numpy())
            for method in METHODS[kind]:
                found = measure(model, test[columns], method)
                shown = (f"{value:.3f}" for value in np.array(found))
                print(name, kind, method, len(test), *shown, sep=" | ", flush=True)


if __name__ == "__main__":
    main()
