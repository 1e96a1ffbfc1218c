"""A value of megabytes, wherever a user may pass one, makes no message of megabytes."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest

from amzest import ColumnSelector, TextCNNClassifier
from amzest.datasets import (
    balance_products,
    check_products,
    clean_products,
    group_products,
    load_products,
    make_products,
    split_products,
)
from amzest.ensemble import CrossFit, WeightedVotingClassifier
from amzest.evaluation import (
    CategoryScoresDisplay,
    compare_classifiers,
    hierarchical_precision_recall_f1,
)
from amzest.image._cells import image_cells

LONG = "x" * 2_000_000
FRAME = pd.DataFrame({"title": list("abcd"), "category": list("AABB")})
WIDE = pd.DataFrame([range(2_000)], columns=[f"column {i}" for i in range(2_000)])
IRIS = (np.arange(8.0)[:, None], list("aabbaabb"))


def written(folder, text, name="p.csv"):
    (folder / name).write_text(text)
    return folder / name


CALLS = {
    "cell of a list": lambda _: TextCNNClassifier().fit(["a", [LONG]], list("ab")),
    "cell of a table": lambda _: TextCNNClassifier().fit(
        pl.DataFrame({"a": ["b"], "t": [[LONG]]}), ["a"]
    ),
    "name of a column": lambda _: ColumnSelector(LONG).fit(FRAME),
    "names of columns": lambda _: ColumnSelector("none").fit(WIDE),
    "columns": lambda _: ColumnSelector({LONG: 1}).fit(FRAME),
    "columns of images": lambda _: image_cells(WIDE),
    "ngram_range": lambda _: TextCNNClassifier(ngram_range=[LONG]).fit(["a"] * 2, "ab"),
    "category": lambda _: check_products(FRAME.assign(category=["A", "A", "A", LONG])),
    "only category": lambda _: check_products(FRAME.assign(category=LONG)),
    "categories": lambda _: balance_products(FRAME.assign(category=[LONG, *"AAA"]), 2),
    "list as category": lambda _: check_products(FRAME.assign(category=[[LONG]] * 4)),
    "id": lambda _: check_products(FRAME.assign(id=[LONG, LONG, 1, 2])),
    "category_column": lambda _: balance_products(WIDE, 1, category_column=LONG),
    "id_column": lambda _: check_products(FRAME, id_column=LONG),
    "split": lambda _: split_products(FRAME.assign(category=[LONG, *"AAA"]), 0.5),
    "test_size": lambda _: split_products(FRAME, LONG),
    "similarity": lambda _: group_products(FRAME, similarity=LONG),
    "title_column": lambda _: group_products(WIDE, title_column=LONG),
    "n_per_category": lambda _: balance_products(FRAME, LONG),
    "on_few": lambda _: balance_products(FRAME, 1, on_few=LONG),
    "columns of clean": lambda _: clean_products(WIDE, columns={"title": LONG}),
    "duplicates": lambda _: clean_products(FRAME, duplicates=[LONG]),
    "required": lambda _: clean_products(FRAME, required=[LONG]),
    "new names": lambda _: clean_products(FRAME, categories={LONG: 3}),
    "random_state": lambda _: make_products(8, random_state=LONG),
    "choice": lambda _: load_products("p.csv", check_images=LONG),
    "encoding": lambda folder: load_products(written(folder, "a,b\n"), encoding=LONG),
    "separator": lambda folder: load_products(
        written(folder, "a,b\n1,2\n"), separator=LONG
    ),
    "line": lambda folder: load_products(written(folder, f"a,b\n{LONG},1,2\n")),
    "line of JSON": lambda folder: load_products(
        written(folder, json.dumps({"title": LONG})[:-1], "p.jsonl")
    ),
    "surrogate": lambda folder: load_products(
        written(folder, json.dumps({"title": LONG + "\ud83d"}), "p.jsonl")
    ),
    "header": lambda folder: load_products(written(folder, f"{LONG},b\n1,2\n")),
    "wide file": lambda folder: load_products(
        written(folder, ",".join(WIDE.columns) + "\n" + "1," * 1_999 + "1\n")
    ),
    "weights": lambda _: WeightedVotingClassifier(
        [("a", TextCNNClassifier())], weights=LONG
    ).fit(*IRIS),
    "estimators": lambda _: CrossFit(LONG).fit(*IRIS),
    "groups": lambda _: CrossFit([("a", TextCNNClassifier())], groups=LONG).fit(*IRIS),
    "labels": lambda _: CategoryScoresDisplay.from_predictions(
        [LONG, "b"], ["a", "b"], classes=["c"]
    ),
    "path": lambda _: hierarchical_precision_recall_f1([f"{LONG} > "], ["a"]),
    "designs": lambda _: compare_classifiers(["a", "b"], {LONG: [[1.0]]}),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_message_is_short(name, tmp_path):
    with pytest.raises((TypeError, ValueError)) as caught:
        CALLS[name](tmp_path)

    assert len(str(caught.value)) < 3000
