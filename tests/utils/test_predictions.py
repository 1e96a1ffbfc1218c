import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import LogisticRegression

from amzest.utils import (
    LabelledPredictions,
    check_probabilities,
    encode_known_labels,
)

Y = ["b", "a", "b"]
PROBA = [[0.2, 0.8], [0.3, 0.7], [0.5, 0.5]]
CLASSES = np.array(["a", "b"])


def test_predictions_of_labels_and_probabilities():
    predictions = LabelledPredictions.validate(Y, PROBA)
    assert predictions.classes.tolist() == ["a", "b"]
    assert predictions.codes.tolist() == [1, 0, 1]
    # The first of equal probabilities is predicted.
    assert predictions.predicted.tolist() == [1, 1, 0]
    assert predictions.confidence.tolist() == [0.8, 0.7, 0.5]
    assert predictions.correct.tolist() == [True, False, False]
    assert predictions.present.all()


def test_unseen_labels_are_never_correct():
    predictions = LabelledPredictions.validate(
        ["c", *Y[1:]], PROBA, CLASSES, unseen=True
    )
    assert predictions.codes.tolist() == [-1, 0, 1]
    assert not predictions.correct[0]


def test_columns_of_a_frame_are_reordered_to_the_classes():
    frame = pd.DataFrame(PROBA, columns=["a", "b"])[["b", "a"]]
    assert_array_equal(check_probabilities(frame, CLASSES), PROBA)
    # Other names are ignored.
    other = frame.set_axis(["x", "y"], axis=1)
    assert_array_equal(check_probabilities(other, CLASSES)[:, 0], [0.8, 0.7, 0.5])


def test_rounded_and_unnormalized_probabilities():
    thirds = np.full((2, 3), 0.3333, dtype=np.float32)
    assert check_probabilities(thirds, np.arange(3)).dtype == np.float64
    sums = check_probabilities([[0.2, 0.3]], CLASSES, normalized=False)
    assert sums.tolist() == [[0.2, 0.3]]


@pytest.mark.parametrize(
    ("proba", "message"),
    [
        ([0.2, 0.8], r"`proba` has shape \(2,\), expected .* \(n_samples, 2\)"),
        (np.empty((0, 2)), r"has shape \(0, 2\)"),
        (["a", "b"], "does not consist of numbers"),
        ([["a", "b"]], "does not consist of numbers"),
        ([[0.2, 0.3, 0.5]], r"3 columns, but there are 2 classes.*clf\.classes_"),
        ([[0.2, 0.8], [np.nan, 1.0]], r"has NaN or infinity in row 1"),
        ([[-0.5, 1.5], [0, 1]], "has negative values in row 0"),
        ([[5, 1], [0, 1]], r"do not sum to 1 in row 0 \(row 0 sums to 6\)"),
    ],
)
def test_invalid_probabilities_raise(proba, message):
    with pytest.raises(ValueError, match=message):
        check_probabilities(proba, CLASSES)


def test_estimators_are_no_probabilities():
    with pytest.raises(TypeError, match=r"LogisticRegression.*`predict_proba\(X\)`"):
        check_probabilities(LogisticRegression(), CLASSES)


def test_rows_of_labels_and_probabilities_must_match():
    with pytest.raises(ValueError, match="`proba` has 3 rows, but `y_true` has 2 rows"):
        LabelledPredictions.validate(["a", "b"], PROBA)


@pytest.mark.parametrize(
    ("y", "classes", "message"),
    [
        ([], None, "`y` is empty"),
        (["a", "c"], ["a", "b"], "label 'c' in row 1, which is none of the 2 classes"),
        ([0, 1], ["0", "1"], "label 0 in rows 0, 1"),
        (["a"], ["a", "a"], "`classes` contains 'a' twice"),
    ],
)
def test_labels_must_be_classes(y, classes, message):
    with pytest.raises(ValueError, match=message):
        encode_known_labels(y, classes)


def test_at_least_one_label_must_be_a_class():
    with pytest.raises(ValueError, match="none of the 2 classes"):
        encode_known_labels(["A", "B"], ["a", "b"], unseen=True)
