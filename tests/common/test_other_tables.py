"""Tables of pandas, polars and pyarrow with the same content give the same results."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from no_rows import NO_ROWS
from scipy import sparse
from sklearn.model_selection import cross_val_predict, train_test_split
from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, TextCNNClassifier
from amzest.ensemble import CrossFit
from amzest.ensemble._presence import row_presence
from amzest.evaluation import (
    CategoryScoresDisplay,
    HierarchicalClassifier,
    ProductGridDisplay,
    ReliabilityDisplay,
    ReviewThresholdClassifier,
    compare_classifiers,
    hierarchical_precision_recall_f1,
)
from amzest.utils import as_native, file_states

N_ROWS = 24
CELLS = {
    "title": [f"{kind} {i}" for i, kind in enumerate(["red shoe", "hose"] * 12)],
    "text": [None if i % 3 else f"about {i}" for i in range(N_ROWS)],
    "group": [i // 3 for i in range(N_ROWS)],
    "price": [None if i % 5 == 0 else i / 2 for i in range(N_ROWS)],
}
LABELS = ["shoes", "garden"] * 12
SMALL = {"embedding_size": 8, "n_buckets": 512, "max_epochs": 1, "random_state": 0}

KINDS = {
    "polars": (pl.DataFrame(CELLS), pl.Series(LABELS)),
    "pyarrow": (pa.table(CELLS), pa.chunked_array([LABELS[:5], LABELS[5:]])),
    "record batch": (pa.RecordBatch.from_pydict(CELLS), pa.array(LABELS)),
}


def text_classifier(columns):
    return make_pipeline(ColumnSelector(columns), TextCNNClassifier(**SMALL))


def cross_fit(X, y, **params):
    members = [
        ("both", text_classifier(["title", "text"])),
        ("text", text_classifier("text")),
    ]
    return CrossFit(members, cv=2, random_state=0, **params).fit(X, y)


def results(X, y):
    """Yield results that a user may need, with names."""
    both = text_classifier(["title", "text"]).fit(X, y)
    yield "columns", both[-1].feature_names_in_
    yield "proba", both.predict_proba(X)
    crossfit = cross_fit(X, y)
    yield "out-of-fold", crossfit.oof_proba_["text"]
    yield "present", crossfit.oof_present_["text"]
    yield "folds by name", cross_fit(X, y, groups="group").fold_
    yield "folds", cross_fit(X, y, groups=X["group"]).fold_
    vote = crossfit.weighted_voting("learn")
    yield "vote", vote.predict_proba(X)
    yield "stack", crossfit.stacking().predict_proba(X)
    yield "calibrated", crossfit.calibrated("both").predict_proba(X)
    review = ReviewThresholdClassifier(
        text_classifier("title"), cv=2, random_state=0, target_precision=0.5
    ).fit(X, y)
    yield "review", review.predict(X)
    yield "review score", review.score(X, y)
    yield "paths", HierarchicalClassifier(both).fit(X, y).predict(X)
    yield "path scores", hierarchical_precision_recall_f1(y, y)
    designs = {"vote": vote.oof_proba_, "text": crossfit.oof_proba_["text"]}
    comparison = compare_classifiers(y, designs, n_bootstrap=50)
    yield "comparison", comparison.frame()["accuracy"]
    yield "scores", CategoryScoresDisplay.from_predictions(y, y).frame()["recall"]
    display = ReliabilityDisplay.from_estimator(both, X, y)
    yield "reliability", display.frame()["n_products"]
    grid = ProductGridDisplay.from_estimator(
        both, X, y, select="random", random_state=0
    )
    yield "titles", grid.frame()["title"]


@pytest.fixture(scope="module")
def expected():
    return dict(results(pd.DataFrame(CELLS), pd.Series(LABELS)))


@pytest.mark.parametrize("kind", ["polars", "pyarrow"])
def test_results_are_equal_to_the_last_bit(kind, expected):
    for name, result in results(*KINDS[kind]):
        np.testing.assert_array_equal(result, expected[name], err_msg=name)


@pytest.mark.parametrize("kind", ["polars", "pyarrow"])
def test_scikit_learn_hands_folds_of_them_on(kind, expected):
    X = KINDS[kind][0]
    train, test = train_test_split(X, random_state=0)
    assert type(train) is type(test) is type(X)
    model = text_classifier("title")
    proba = cross_val_predict(model, X, np.array(LABELS), cv=2, method="predict_proba")
    frame = pd.DataFrame(CELLS)
    np.testing.assert_array_equal(
        proba, cross_val_predict(model, frame, LABELS, cv=2, method="predict_proba")
    )


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_fitted_on_pandas_predicts_other_tables(kind):
    model = text_classifier(["title", "text"]).fit(pd.DataFrame(CELLS), LABELS)
    X = KINDS[kind][0].select(["price", "text", "title"])

    np.testing.assert_array_equal(
        model.predict_proba(X), model.predict_proba(pd.DataFrame(CELLS))
    )


@pytest.mark.parametrize("kind", KINDS)
def test_kept_fits_are_found_again(kind, tmp_path):
    X, y = KINDS[kind]
    n_kept = []
    for rows in (X, X.slice(0), X.slice(0, 20)):
        model = CrossFit([("a", text_classifier("title"))], cv=2, memory=str(tmp_path))
        model.fit(rows, y[: len(as_native(rows))])
        n_kept.append(len(list(tmp_path.rglob("output.pkl"))))

    assert n_kept == [3, 3, 6]


@pytest.mark.parametrize("kind", KINDS)
def test_rows_that_hold_nothing(kind):
    X = KINDS[kind][0].select(["text"])
    assert row_presence(X).tolist() == [cell is not None for cell in CELLS["text"]]


def test_states_of_images_that_a_table_names(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"abc")
    for make in (pd.DataFrame, pl.DataFrame, pa.table):
        table = make({"image": [str(path), None, "other.jpg"]})
        ((name, size, _),) = file_states(table)
        assert (name, size) == (str(path), 3)


@pytest.mark.parametrize(
    ("X", "message"), [case for case in NO_ROWS if not sparse.issparse(case[0])]
)
def test_cross_fit_of_what_holds_no_rows(X, message):
    with pytest.raises((TypeError, ValueError), match=message):
        CrossFit([("text", TextCNNClassifier())]).fit(X, ["a", "b"])


def test_another_number_of_columns_is_noticed_in_every_kind():
    vote = cross_fit(*KINDS["polars"]).weighted_voting()
    both = text_classifier(["title", "text"]).fit(*KINDS["polars"])
    for make in (pd.DataFrame, pl.DataFrame, pa.table):
        less = make({"title": ["red shoe"]})
        for model in (vote, both):
            with pytest.raises(ValueError, match="text"):
                model.predict_proba(less)
