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
    find_classes,
    name_of,
    predictions_by_estimator,
    predictions_by_model,
)


def test_name_of_pipeline_is_that_of_its_last_step():
    inner = make_pipeline(StandardScaler(), LogisticRegression())
    assert name_of(make_pipeline(inner)) == "LogisticRegression"


def test_as_models_of_one_and_of_several():
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
def test_check_labels_of_every_type(labels):
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
def test_check_labels_raises(labels, message):
    with pytest.raises(ValueError, match=message):
        check_labels("y_true", labels)


def test_predicted_labels_match_the_true_ones():
    truth = check_labels("y_true", ["a", "b"])
    with pytest.raises(ValueError, match="`y_pred` has 1 row, but `y_true` has 2 rows"):
        check_labels("y_pred", ["a"], truth)
    with pytest.raises(ValueError, match="Pass both as the same type"):
        check_labels("y_pred", [0, 1], truth)


def test_find_classes_of_the_user_or_all_labels():
    truth = check_labels("y_true", ["b", "a"])
    other = check_labels("y_pred", ["c", "a"])
    assert find_classes(None, truth, other) == ["a", "b", "c"]
    assert find_classes(["z", "b"], truth, other) == ["z", "b"]
    with pytest.raises(ValueError, match="twice"):
        find_classes(["a", "a"], truth, other)
    with pytest.raises(ValueError, match="none of the labels"):
        find_classes(["A", "B"], truth, other)
    with pytest.raises(ValueError, match="same type"):
        find_classes([0, 1], truth, other)


def test_predictions_by_model_name_the_invalid_one():
    proba = [[0.9, 0.1], [0.4, 0.6]]
    found = predictions_by_model(["a", "c"], {"x": proba}, ["a", "b"])
    assert found["x"].correct.tolist() == [True, False]
    with pytest.raises(ValueError, match=r"`proba\['y'\]` has probabilities"):
        predictions_by_model(["a", "b"], {"x": proba, "y": [[5, 1]] * 2}, None)
    with pytest.raises(ValueError, match="`proba` has 1 row, but `y_true` has 2 rows"):
        predictions_by_model(["a", "b"], proba[:1], None)


def test_predictions_by_estimator_need_probabilities():
    X, y = [[0.0], [1.0]], ["a", "b"]
    found = predictions_by_estimator(LogisticRegression().fit(X, y), X, y)
    assert found["LogisticRegression"].correct.all()
    with pytest.raises(TypeError, match="LinearSVC, which has no predict_proba"):
        predictions_by_estimator(LinearSVC().fit(X, y), X, y)
