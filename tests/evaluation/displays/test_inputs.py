import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from amzest.evaluation._displays._inputs import (
    as_models,
    check_labels,
    check_predicted,
    check_probabilities,
    find_classes,
    name_of,
    predict_with,
    top_labels,
)
from amzest.evaluation._metrics._per_category import wilson_interval


def test_name_of_pipeline_is_that_of_its_last_step():
    inner = make_pipeline(StandardScaler(), LogisticRegression())
    assert name_of(make_pipeline(inner)) == "LogisticRegression"


def test_as_models_names_one_and_keeps_several():
    assert as_models("proba", 3, "Net") == {"Net": 3}
    assert as_models("proba", {"a": 1, 2: 2}, "Net") == {"a": 1, "2": 2}
    with pytest.raises(ValueError, match="`proba` is an empty dict"):
        as_models("proba", {}, "Net")


@pytest.mark.parametrize(
    "labels",
    [
        ["b", "a"],
        np.array(["b", "a"]),
        pd.Series(["b", "a"], index=[7, 3]),
        pd.Series(["b", "a"], dtype="category"),
        [["b"], ["a"]],
    ],
)
def test_check_labels_takes_every_form(labels):
    assert check_labels("y_true", labels).tolist() == ["b", "a"]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([[1, 2]], r"1d array .* shape \(1, 2\)"),
        ([], "`y_true` is empty"),
        (["a", None], "no label in row 1"),
        (np.array(["a", 1], dtype=object), "mixes labels"),
    ],
)
def test_check_labels_says_what_is_wrong(labels, message):
    with pytest.raises(ValueError, match=message):
        check_labels("y_true", labels)


def test_check_predicted_wants_rows_and_type_of_the_truth():
    truth = check_labels("y_true", ["a", "b"])
    with pytest.raises(ValueError, match="`y_pred` has 1 row, but `y_true` has 2"):
        check_predicted(truth, ["a"])
    with pytest.raises(ValueError, match="Pass both as the same type"):
        check_predicted(truth, [0, 1])


def test_find_classes_sorts_labels_or_takes_the_users():
    truth = check_labels("y_true", ["b", "a"])
    other = check_labels("y_pred", ["c", "a"])
    assert find_classes(None, truth, other) == ["a", "b", "c"]
    assert find_classes(["z", "b"], truth) == ["z", "b"]
    with pytest.raises(ValueError, match="twice"):
        find_classes(["a", "a"], truth)
    with pytest.raises(ValueError, match="none of the labels"):
        find_classes(["A", "B"], truth)
    with pytest.raises(ValueError, match="same type"):
        find_classes([0, 1], truth)


@pytest.mark.parametrize(
    ("proba", "message"),
    [
        ([0.2, 0.8], "expected probabilities of shape"),
        ([[0.2, 0.8]], "has 1 row, but `y_true` has 2"),
        ([[0.2, 0.3, 0.5]] * 2, "3 columns, but there are 2"),
        ([[0.2, 0.8], [0.2, 0.9]], "no probabilities in row 1"),
        ([[0.2, 0.8], [np.nan, 1.0]], "no probabilities in row 1"),
        ([[-0.5, 1.5], [0, 1]], "no probabilities in row 0"),
    ],
)
def test_check_probabilities_says_what_is_wrong(proba, message):
    with pytest.raises(ValueError, match=message):
        check_probabilities("proba", proba, 2, 2)


def test_predict_with_wants_probabilities():
    X, y = [[0.0], [1.0]], ["a", "b"]
    proba, classes = predict_with(LogisticRegression().fit(X, y), X)
    assert proba.shape == (2, 2)
    assert classes.tolist() == ["a", "b"]
    with pytest.raises(TypeError, match="LinearSVC, which has no predict_proba"):
        predict_with(LinearSVC().fit(X, y), X)


def test_top_labels_counts_unseen_categories_as_wrong():
    proba = [[0.9, 0.1], [0.4, 0.6], [0.3, 0.7]]
    sure, right = top_labels("proba", ["a", "c", "b"], proba, ["a", "b"])
    assert sure.tolist() == [0.9, 0.6, 0.7]
    assert right.tolist() == [True, False, True]


def test_wilson_interval_matches_published_numbers():
    # Newcombe (1998), table I, method 3.
    low, high = wilson_interval([81, 15, 0, 1, 0], [263, 148, 20, 29, 0])
    np.testing.assert_allclose(low[:4], [0.2553, 0.0624, 0, 0.0061], atol=5e-5)
    np.testing.assert_allclose(high[:4], [0.3662, 0.1605, 0.1611, 0.1718], atol=5e-5)
    assert np.isnan([low[4], high[4]]).all()
