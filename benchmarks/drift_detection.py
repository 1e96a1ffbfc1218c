"""How often drift is found, and how well the loss of accuracy is estimated.

    python benchmarks/drift_detection.py [--splits 200] [--repeats 10]

On the real titles in the folder of the environment variable AMZEST_DATA: random splits,
which have no drift, and drift of known strength. A linear model is fitted on half of
the rows; reference and new data are from the other half. Prints, for each kind of
drift, the share of the comparisons with a significant check, with drift and with each
advice, the mean of the largest effect, and the estimated and the true loss of accuracy.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, TextLinearClassifier
from amzest.evaluation import compare_data

LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz"))
COLUMNS = ["title", "category"]

Change = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]


class Study:
    """A model, and rows that it was not fitted on."""

    def __init__(self, table: pd.DataFrame, new: pd.DataFrame | None = None) -> None:
        order = np.random.default_rng(0).permutation(len(table))
        train, rest = (table.iloc[rows] for rows in np.array_split(order, 2))
        self.model = make_pipeline(
            ColumnSelector("title"), TextLinearClassifier(random_state=0)
        ).fit(train, train["category"])
        self.rows = rest.reset_index(drop=True)
        self.proba = self.model.predict_proba(self.rows)
        # Rows of another group, in categories that the model knows.
        self.new = new
        if new is not None:
            known = new["category"].isin(self.model.classes_)
            self.new = new[known].reset_index(drop=True)

    def compare(self, change: Change, n_new: int | None, seed: int) -> dict[str, float]:
        """Compare changed rows with others, and the estimate with the truth."""
        generator = np.random.default_rng(seed)
        order = generator.permutation(len(self.rows))
        old, rest = np.array_split(order, 2)
        new = self.rows.iloc[rest]
        if self.new is not None:
            new = self.new.iloc[generator.permutation(len(self.new))[: len(rest)]]
        new = change(new.iloc[:n_new], generator)
        reference = self.rows.iloc[old]
        comparison = compare_data(
            reference,
            new,
            model=self.model,
            y_reference=reference["category"],
            proba_reference=self.proba[old],
            columns=["title"],
            review_threshold=0.5,
            random_state=seed,
        )
        checks, accuracy = comparison.frame(), comparison.accuracy()
        return {
            "significant": (checks["p_corrected"] < 0.05).any(),
            "drift": checks["drift"].any(),
            "check": comparison.action == "check",
            "refit": comparison.action == "refit",
            "largest effect": checks["effect"].max(),
            "estimated": accuracy["loss"].iloc[0],
            "thresholded": accuracy["loss"].iloc[1],
            "true": accuracy["reference"].iloc[0] - self.score(new),
        }

    def score(self, new: pd.DataFrame) -> float:
        """Return the accuracy; unknown if there are categories of other data."""
        if not new["category"].isin(self.model.classes_).all():
            return np.nan
        return float((self.model.predict(new) == new["category"].to_numpy()).mean())


def unchanged(new: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    return new


def typos(share: float) -> Change:
    """Replace one letter in this share of the words."""

    def change(new: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
        def spell(word: str) -> str:
            if generator.random() >= share:
                return word
            place = generator.integers(len(word))
            return word[:place] + generator.choice(LETTERS) + word[place + 1 :]

        titles = new["title"].map(lambda title: " ".join(map(spell, title.split())))
        return new.assign(title=titles)

    return change


def first_words(n_words: int) -> Change:
    def change(new: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
        words = new["title"].str.split().str[:n_words]
        return new.assign(title=words.str.join(" "))

    return change


def other_frequencies(
    new: pd.DataFrame, generator: np.random.Generator
) -> pd.DataFrame:
    """Draw rows such that categories have random frequencies."""
    names = new["category"].unique()
    weights = pd.Series(generator.dirichlet(np.ones(len(names))), names)
    p = new["category"].map(weights / new["category"].value_counts()).to_numpy()
    return new.iloc[generator.choice(len(new), len(new), p=p / p.sum())]


def mixed_with(other: pd.DataFrame, share: float) -> Change:
    """Replace this share of the rows by other ones."""

    def change(new: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
        n_other = int(share * len(new))
        rows = other.iloc[generator.permutation(len(other))[:n_other]]
        return pd.concat([new[COLUMNS].iloc[n_other:], rows[COLUMNS]])

    return change


def read(folder: Path, name: str) -> pd.DataFrame:
    table = pd.read_csv(folder / name / "products.csv")
    n_rows = table["category"].map(table["category"].value_counts())
    return table[n_rows >= 3].reset_index(drop=True)


def cases(
    folder: Path, n_splits: int, n_repeats: int
) -> Iterator[tuple[str, Study, Change, int | None, int]]:
    """Yield name, study, change, number of new rows and number of comparisons."""
    amazon, fashion = read(folder, "amazon10"), read(folder, "fashion")
    study = Study(amazon)
    for n_new in (100, 1000, None):
        yield f"random split, {n_new or 3150} rows", study, unchanged, n_new, n_splits
    for share in (0.02, 0.05, 0.1, 0.3):
        yield f"typos in {share:.0%} of the words", study, typos(share), None, n_repeats
    yield "first four words of each title", study, first_words(4), None, n_repeats
    yield "other frequencies", study, other_frequencies, None, n_repeats
    for share in (0.05, 0.2, 1.0):
        change = mixed_with(fashion, share)
        yield f"{share:.0%} fashion", study, change, None, n_repeats
    is_men = fashion["gender"] == "Men"
    groups = Study(fashion[is_men], fashion[fashion["gender"] == "Women"])
    yield "fashion: women, fitted on men", groups, unchanged, None, n_repeats


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--splits", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=10)
    args = parser.parse_args()
    folder = Path(os.environ["AMZEST_DATA"])
    for name, study, change, n_new, n in cases(folder, args.splits, args.repeats):
        found = pd.DataFrame([study.compare(change, n_new, seed) for seed in range(n)])
        print(f"{name:32s}", n, found.mean().round(3).to_dict(), flush=True)


if __name__ == "__main__":
    main()
