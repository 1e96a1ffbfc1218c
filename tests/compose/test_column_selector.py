"""ColumnSelector returns columns unchanged; errors name the invalid ones."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from no_rows import NO_ROWS, NO_ROWS_IDS
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal, assert_series_equal
from scipy import sparse
from sklearn.base import clone, is_classifier
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr, get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from amzest.compose import ColumnSelector
from amzest.utils import as_native

EXPECTED_FAILED_CHECKS = {
    "check_complex_data": "values are not converted, so complex numbers pass",
}


@parametrize_with_checks(
    [ColumnSelector(0), ColumnSelector([0])],
    expected_failed_checks=lambda _: EXPECTED_FAILED_CHECKS,
    xfail_strict=True,
)
def test_common_check(estimator, check):
    check(estimator)


@pytest.fixture
def products():
    return pd.DataFrame(
        {
            "id": ["007", "008", "009", "010", "011", "012"],
            "title": ["blue mug", "red mug", None, "desk lamp", "lamp", "floor lamp"],
            "price": [7.5, 8.0, np.nan, 30.0, 25.0, 60.0],
            "image": [np.zeros((2, 2, 3), dtype=np.uint8)] * 5 + [None],
        },
        index=[3, 1, 4, 15, 9, 2],
    )


@pytest.fixture
def categories():
    return np.array(["mugs"] * 3 + ["lamps"] * 3)


def test_select_scalar_returns_series_unchanged(products):
    out = ColumnSelector("title").fit_transform(products)
    assert_series_equal(out, products["title"])


def test_select_list_returns_frame_in_the_order_of_columns(products):
    out = ColumnSelector(["price", "title"]).fit_transform(products)
    assert_frame_equal(out, products[["price", "title"]])


def test_select_one_item_list_returns_frame(products):
    out = ColumnSelector(["title"]).fit_transform(products)
    assert_frame_equal(out, products[["title"]])


def test_selected_images_are_the_same_objects(products):
    out = ColumnSelector("image").fit_transform(products)
    assert all(a is b for a, b in zip(out, products["image"], strict=True))


@pytest.mark.parametrize("columns", [1, [1], [1, 3], -1, np.array([0, 2])])
def test_select_positions_from_frame(products, columns):
    out = ColumnSelector(columns).fit_transform(products)
    assert out.equals(products.iloc[:, columns])


def test_select_positions_follow_names_of_fitted_frame(products):
    selector = ColumnSelector([1, 2]).fit(products)
    reordered = products[["price", "image", "title"]]
    assert_frame_equal(selector.transform(reordered), products[["title", "price"]])


def test_select_extra_columns_at_transform_are_ignored(products):
    selector = ColumnSelector("title").fit(products[["title"]])
    assert_series_equal(selector.transform(products), products["title"])


def test_select_works_before_fit(products):
    assert_series_equal(ColumnSelector("id").transform(products), products["id"])


def test_select_no_rows_at_transform(products):
    selector = ColumnSelector(["title"]).fit(products)
    assert selector.transform(products.iloc[:0]).shape == (0, 1)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, object, "U5"])
def test_select_array_keeps_dtype(dtype):
    X = np.arange(6).reshape(2, 3).astype(dtype)
    one = ColumnSelector(2).fit_transform(X)
    two = ColumnSelector([2, 0]).fit_transform(X)
    assert one.dtype == two.dtype == X.dtype
    assert_array_equal(one, X[:, 2])
    assert_array_equal(two, X[:, [2, 0]])


def test_select_rows_of_mixed_values_keeps_images_whole():
    image = np.ones((2, 2, 3), dtype=np.uint8)
    out = ColumnSelector(1).fit_transform([["mug", image], ["lamp", image]])
    assert out.shape == (2,)
    assert out.dtype == object
    assert out[0] is image


def test_select_rows_of_numbers_returns_numbers():
    out = ColumnSelector([1]).fit_transform([[1, 2.5], [3, 4.5]])
    assert out.dtype == np.float64
    assert_array_equal(out, [[2.5], [4.5]])


def test_fit_records_names(products):
    selector = ColumnSelector("title").fit(products)
    assert selector.n_features_in_ == 4
    assert_array_equal(selector.feature_names_in_, ["id", "title", "price", "image"])


def test_names_out(products):
    assert_array_equal(
        ColumnSelector(["price", "id"]).fit(products).get_feature_names_out(),
        ["price", "id"],
    )
    assert_array_equal(
        ColumnSelector(-1).fit(products).get_feature_names_out(), ["image"]
    )
    numbers = ColumnSelector([1, 0]).fit(np.zeros((2, 3)))
    assert_array_equal(numbers.get_feature_names_out(), ["x1", "x0"])
    assert_array_equal(numbers.get_feature_names_out(["a", "b", "c"]), ["b", "a"])


def test_names_out_with_other_names(products):
    with pytest.raises(NotFittedError):
        ColumnSelector("title").get_feature_names_out()
    selector = ColumnSelector("title").fit(products)
    with pytest.raises(ValueError, match="not equal to feature_names_in_"):
        selector.get_feature_names_out(["a", "b", "c", "d"])
    numbers = ColumnSelector([1, 0]).fit(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="should have length equal"):
        numbers.get_feature_names_out(["a", "b"])


@pytest.mark.parametrize("method", ["fit", "transform"])
def test_missing_columns_are_named_with_close_matches(products, method):
    with pytest.raises(ValueError, match="`columns` names") as error:
        getattr(ColumnSelector(["Title", "brand", "id"]), method)(products)
    assert str(error.value) == (
        "`columns` names 'Title', 'brand', which X does not have. "
        "Available: 'id', 'title', 'price', 'image'. Did you mean 'title'?"
    )


def test_missing_column_at_transform_after_fit(products):
    selector = ColumnSelector(2).fit(products)
    with pytest.raises(ValueError, match="'price', which X does not have"):
        selector.transform(products[["id", "title", "image"]])


def test_position_outside(products):
    with pytest.raises(ValueError, match=r"has 4, -5, but X has 4 column"):
        ColumnSelector([0, 4, -5]).fit(products)


def test_repeated_column(products):
    twice = pd.concat([products, products[["title"]]], axis=1)
    with pytest.raises(ValueError, match="'title', which X has more than once"):
        ColumnSelector("title").fit(twice)


def test_names_on_array():
    with pytest.raises(ValueError, match="columns have no names"):
        ColumnSelector("title").fit(np.zeros((2, 2)))


@pytest.mark.parametrize(
    "columns", [None, 1.5, True, ["title", 0], [True], b"title", {"title": 1}]
)
def test_columns_of_wrong_type(products, columns):
    with pytest.raises(TypeError, match="`columns` must be"):
        ColumnSelector(columns).fit(products)


def test_columns_empty_or_repeated(products):
    with pytest.raises(ValueError, match="`columns` is empty"):
        ColumnSelector([]).fit(products)
    with pytest.raises(ValueError, match="names 'title' more than once"):
        ColumnSelector(["title", "id", "title"]).fit(products)


@pytest.mark.parametrize(
    "X",
    [
        ["mug", "lamp"],
        [["mug"], "lamp"],
        [],
        np.zeros(3),
        np.zeros((2, 2, 2)),
        pd.Series(["mug"]),
        pl.Series([{"title": "mug", "price": 3}]),
        pa.array([{"title": "mug"}]),
    ],
)
def test_input_that_is_not_a_table(X):
    with pytest.raises(ValueError, match="Expected 2D array"):
        ColumnSelector(0).fit(X)


def test_input_with_rows_of_unequal_length():
    with pytest.raises(
        ValueError, match="`X` row 1 has length 2, but row 0 has length 1"
    ):
        ColumnSelector(0).fit([["mug"], ["lamp", 1]])


def test_input_of_records():
    with pytest.raises(ValueError, match=r"it contains dict.*pandas.DataFrame\(X\)"):
        ColumnSelector("title").fit([{"title": "mug"}, {"title": "lamp"}])


def test_input_sparse():
    with pytest.raises(TypeError, match=r"Use '\.toarray\(\)'"):
        ColumnSelector(0).fit(sparse.eye(3))


@pytest.mark.parametrize(
    "as_kind", [pl.DataFrame, pa.table, pa.RecordBatch.from_pydict]
)
def test_tables_of_other_libraries_return_their_own_columns(as_kind):
    table = as_kind({"title": ["mug", None], "id": [2**53 + 1, None], "x": [[1], [2]]})
    native = as_native(table)

    one = ColumnSelector("title").fit(table)
    assert one.feature_names_in_.tolist() == ["title", "id", "x"]
    assert one.transform(table).equals(native["title"])
    two = ColumnSelector(["x", "id"]).fit_transform(table)
    assert type(two) is type(native)
    assert two.equals(native.select(["x", "id"]))
    # Positions refer to the columns seen during `fit`.
    assert (
        ColumnSelector(1)
        .fit(table)
        .transform(native.select(["x", "id"]))
        .equals(native["id"])
    )
    assert ColumnSelector([-1]).transform(table).equals(native.select(["x"]))
    with pytest.raises(ValueError, match="Did you mean 'title'"):
        ColumnSelector("titel").fit(table)


def test_lazy_tables():
    with pytest.raises(TypeError, match=r"`X` is a lazy table.*X\.collect"):
        ColumnSelector("title").fit(pl.LazyFrame({"title": ["mug"]}))


def test_columns_of_the_same_name():
    table = pd.DataFrame([["mug", 1, 2]], columns=["title", "n", "n"])
    for columns in ("title", 0):
        with pytest.raises(ValueError, match="`X` has more than one column named 'n'"):
            ColumnSelector(columns).fit(table)
    assert ColumnSelector("title").transform(table).tolist() == ["mug"]
    with pytest.raises(ValueError, match="'n', which X has more than once"):
        ColumnSelector("n").fit(table)


def test_column_names_with_several_levels():
    levels = pd.DataFrame([["mug"]], columns=pd.MultiIndex.from_tuples([("a", "b")]))
    with pytest.raises(ValueError, match="MultiIndex"):
        ColumnSelector("a").fit(levels)


@pytest.mark.parametrize(("X", "message"), NO_ROWS, ids=NO_ROWS_IDS)
def test_inputs_without_rows(X, message):
    with pytest.raises((TypeError, ValueError), match=f"`X` .*{message}"):
        ColumnSelector(0).fit(X)


def test_array_with_other_width_at_transform():
    selector = ColumnSelector(0).fit(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="expecting 3 features"):
        selector.transform(np.zeros((2, 4)))


def test_clone_and_pickle(products):
    selector = ColumnSelector(["title", "price"]).fit(products)
    assert clone(selector).get_params() == {"columns": ["title", "price"]}
    again = pickle.loads(pickle.dumps(selector))
    assert_frame_equal(again.transform(products), selector.transform(products))


def test_set_output_has_no_effect(products):
    selector = ColumnSelector("title")
    assert selector.set_output(transform="pandas") is selector
    assert_series_equal(selector.fit_transform(products), products["title"])
    pipe = make_pipeline(ColumnSelector(["price"]), StandardScaler())
    pipe.set_output(transform="pandas")
    assert list(pipe.fit_transform(products).columns) == ["price"]


def test_tags_and_html():
    tags = get_tags(ColumnSelector("title"))
    assert tags.input_tags.string
    assert tags.input_tags.allow_nan
    assert not tags.requires_fit
    assert "ColumnSelector" in estimator_html_repr(ColumnSelector("title"))


def text_pipeline():
    return make_pipeline(
        ColumnSelector("title"),
        TfidfVectorizer(),
        LogisticRegression(),
    )


def number_pipeline():
    return make_pipeline(ColumnSelector(["price"]), LogisticRegression())


@pytest.mark.parametrize("ensemble", [VotingClassifier, StackingClassifier])
def test_members_of_ensembles_select_their_own_columns(products, categories, ensemble):
    X = products.fillna({"title": "", "price": 9.0})
    clf = ensemble([("text", text_pipeline()), ("number", number_pipeline())])
    if ensemble is StackingClassifier:
        clf.set_params(cv=3)
    assert is_classifier(clf)
    assert_array_equal(clf.fit(X, categories).predict(X), categories)


def test_grid_search_over_columns(products, categories):
    X = products.fillna({"title": "", "price": 9.0})
    search = GridSearchCV(
        text_pipeline(), {"columnselector__columns": ["id", "title"]}, cv=3
    )
    search.fit(X, categories)
    assert search.best_params_ == {"columnselector__columns": "title"}
