import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

from amzest.evaluation._displays._inputs import check_labels
from amzest.evaluation._displays._selection import (
    check_rows,
    prediction_table,
    select_rows,
)

TRUTH = check_labels("y_true", ["a", "a", "b", "b", "a"])
PROBA = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.45, 0.55], [0.1, 0.9]]


@pytest.fixture
def table():
    return prediction_table(TRUTH, PROBA, None)


def test_predictions_of_probabilities(table):
    assert table["predicted"].tolist() == ["a", "b", "a", "b", "b"]
    assert table["correct"].tolist() == [True, False, False, True, False]
    assert table["probability"].tolist() == [0.9, 0.8, 0.6, 0.55, 0.9]
    assert table["probability_true"].tolist() == [0.9, 0.2, 0.4, 0.55, 0.1]


def test_predictions_of_labels_have_no_probability():
    table = prediction_table(TRUTH, ["a", "b", "b", "b", "a"], None)
    assert table["correct"].tolist() == [True, False, True, True, True]
    assert table[["probability", "probability_true"]].isna().all(axis=None)


def test_predictions_of_unseen_categories():
    truth = check_labels("y_true", ["a", "z"])
    table = prediction_table(truth, [[0.9, 0.1], [0.3, 0.7]], ["a", "b"])
    assert table["correct"].tolist() == [True, False]
    assert table["probability_true"].tolist() == [0.9, 0.0]


@pytest.mark.parametrize(
    ("select", "n_products", "expected"),
    [
        ("errors", 9, [1, 2, 4]),
        ("sure errors", 2, [4, 1]),
        ("unsure", 3, [3, 2, 1]),
        ("random", 9, [0, 1, 2, 3, 4]),
    ],
)
def test_select_rows_by_criterion(table, select, n_products, expected):
    assert select_rows(table, select, n_products, 0).tolist() == expected


def test_random_selection_is_reproducible(table):
    before = np.random.get_state()[1].copy()
    selected = [
        select_rows(table, "errors", 2, seed).tolist() for seed in (0, 0, 1, 2, 3)
    ]
    assert selected[0] == selected[1]
    assert len(set(map(tuple, selected))) > 1
    assert all(set(rows) < {1, 2, 4} and rows == sorted(rows) for rows in selected)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize("select", ["unsure", "sure errors"])
def test_select_rows_without_probabilities(select):
    table = prediction_table(TRUTH, ["a"] * 5, None)
    with pytest.raises(ValueError, match="needs probabilities"):
        select_rows(table, select, 2, 0)


def test_check_rows_validates_positions():
    assert check_rows([2, 0, 2], 3).tolist() == [2, 0, 2]
    assert check_rows([], 3).tolist() == []
    with pytest.raises(ValueError, match="contains 3, but there are 3 products"):
        check_rows([0, 3], 3)
    with pytest.raises(ValueError, match="contains -1"):
        check_rows([-1], 3)
    with pytest.raises(ValueError, match="list of positions"):
        check_rows([True, False, True], 3)


def test_estimators_are_no_predictions():
    with pytest.raises(TypeError, match=r"`y_pred` is an estimator"):
        prediction_table(TRUTH, GaussianNB(), None)
