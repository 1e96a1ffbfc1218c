"""Classifiers of texts learn the same from a table in pieces as in memory."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from text_inputs import SMALL

from amzest import TextCNNClassifier, cache_info, clear_cache
from amzest.compose import ColumnSelector
from amzest.datasets import TableReader
from amzest.text import TextLinearClassifier, _linear_model

NAMES = ["shoe", "boot", "hose", "spade", "lamp"]


def make_frame(n_rows=240):
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, len(NAMES), n_rows)
    titles = [
        f"{NAMES[kind]} no {rng.integers(50)} w{rng.integers(9)}" for kind in kinds
    ]
    titles[3], titles[5] = None, " "
    brands = [f"Brand{rng.integers(4)} of {rng.integers(9)} and one two" for _ in kinds]
    labels = np.where(rng.random(n_rows) < 0.1, 0, kinds)
    categories = np.array(NAMES, dtype=object)[labels]
    return pd.DataFrame({"title": titles, "brand": brands, "category": categories})


FRAME = make_frame()


def linear(**params):
    return TextLinearClassifier(random_state=0, **params)


def cnn(**params):
    return TextCNNClassifier(**{**SMALL, "max_epochs": 2, "random_state": 0, **params})


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "products.parquet"
    FRAME.to_parquet(path, row_group_size=50)
    return path


@pytest.mark.parametrize("make", [linear, cnn])
@pytest.mark.parametrize("columns", ["title", ["title", "brand"]])
def test_pieces_teach_the_same_as_rows_in_memory(make, columns, path):
    weights = np.linspace(0, 2, len(FRAME))
    options = {"class_weight": "balanced"}
    expected = make(**options).fit(FRAME[columns], FRAME["category"], weights)
    proba = expected.predict_proba(FRAME[columns])
    for piece_size in (7, 1000):
        table = TableReader(path, piece_size=piece_size)
        y = table.labels("category")
        fitted = make(**options).fit(table[columns], y, weights)
        np.testing.assert_array_equal(fitted.classes_, expected.classes_)
        assert fitted.classes_.dtype == expected.classes_.dtype
        np.testing.assert_array_equal(fitted.predict_proba(FRAME[columns]), proba)
        np.testing.assert_allclose(fitted.predict_proba(table[columns]), proba, 1e-5)
        names = ["feature_names_in_", "n_features_in_"]
        for name in names:
            np.testing.assert_equal(getattr(fitted, name), getattr(expected, name))


def test_predictions_of_the_linear_classifier_in_pieces_are_the_same(path):
    title = TableReader(path, piece_size=7)["title"]
    classifier = linear().fit(FRAME["title"], FRAME["category"])
    for method in ("predict_proba", "decision_function", "transform"):
        found = getattr(classifier, method)(title)
        np.testing.assert_array_equal(
            found, getattr(classifier, method)(FRAME["title"])
        )
    assert classifier.score(title, FRAME["category"]) > 0.8


def test_early_stopping_holds_out_the_same_rows(path):
    table = TableReader(path, piece_size=50)
    fits = [
        cnn(early_stopping=True).fit(X, FRAME["category"])
        for X in (table["title"], FRAME["title"])
    ]
    assert fits[0].validation_scores_ == fits[1].validation_scores_


def test_a_table_in_pieces_passes_a_pipeline(path):
    table = TableReader(path)
    pipeline = make_pipeline(ColumnSelector("title"), linear())
    pipeline.fit(table, table.labels("category"))
    expected = pipeline.predict_proba(FRAME)
    np.testing.assert_array_equal(pipeline.predict_proba(table), expected)


def test_errors_name_the_row_of_the_table():
    frame = FRAME[["title"]].astype(object)
    frame.loc[200, "title"] = 5
    title = TableReader(frame, piece_size=50)["title"]
    with pytest.raises(TypeError, match=r"`title` row 200 \(5\): expected text"):
        linear().fit(title, FRAME["category"])


def test_what_needs_rows_in_memory_raises():
    title = TableReader(FRAME)["title"]
    with pytest.raises(ValueError, match="warm_start=True keeps training samples"):
        linear(warm_start=True).fit(title, FRAME["category"])
    with pytest.raises(TypeError, match="read in pieces"):
        linear().partial_fit(title, FRAME["category"], classes=NAMES)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        linear().fit(title, FRAME["category"][:-1])


@pytest.mark.parametrize("options", [{}, {"class_weight": "balanced", "C": 0.1}])
def test_fits_from_a_file_find_the_optimum_of_liblinear(monkeypatch, options):
    train, test = FRAME[:180], FRAME[180:]
    expected = linear(**options).fit(train["title"], train["category"])
    monkeypatch.setattr(_linear_model, "_MAX_VALUES_IN_MEMORY", 0)
    monkeypatch.setattr("amzest.text._block_descent._BLOCK_SIZE", 16)
    monkeypatch.setattr("amzest.text._block_descent._N_PASSES", 25)
    found = linear(**options).fit(train["title"], train["category"])
    assert found.C_ == expected.C_
    np.testing.assert_allclose(
        found.predict_proba(test["title"]),
        expected.predict_proba(test["title"]),
        atol=0.02,
    )
    again = linear(**options).fit(train["title"], train["category"])
    np.testing.assert_array_equal(again.linear_model_.coef, found.linear_model_.coef)


def test_fits_from_a_file_keep_few_weights_of_many_classes(monkeypatch):
    monkeypatch.setattr(_linear_model, "_MAX_VALUES_IN_MEMORY", 0)
    monkeypatch.setattr(_linear_model, "_MAX_WEIGHTS", 500)
    monkeypatch.setattr("amzest.text._block_descent._BLOCK_SIZE", 16)
    fitted = linear(C=1.0).fit(FRAME["title"], FRAME["category"])
    assert fitted.linear_model_.coef.nnz <= 500
    assert fitted.score(FRAME["title"], FRAME["category"]) > 0.8


def test_predictions_leave_no_piece_in_the_cache(path):
    classifier = linear().fit(FRAME["title"], FRAME["category"])
    clear_cache()
    classifier.predict(TableReader(path, piece_size=100)["title"])
    assert cache_info().n_entries == 0
    with pytest.raises(ValueError, match="has 2 columns"):
        classifier.predict(TableReader(path)[["title", "brand"]])
