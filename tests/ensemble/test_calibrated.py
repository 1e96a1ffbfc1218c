"""Calibration is fitted on out-of-fold predictions."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from amzest import ColumnSelector
from amzest.ensemble import CalibratedClassifier, CrossFit


@parametrize_with_checks([CalibratedClassifier(LogisticRegression(), cv=2)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def overconfident():
    """Return data with repeated columns, on which naive Bayes is overconfident."""
    X, y = make_classification(
        2000, n_features=6, n_informative=4, n_classes=3, flip_y=0.2, random_state=0
    )
    return np.hstack([X] * 4), np.array(["mugs", "lamps", "tees"])[y]


@pytest.mark.parametrize("method", ["temperature", "sigmoid", "isotonic"])
def test_log_loss_of_new_samples_is_smaller(overconfident, method):
    X, y = overconfident
    crossfit = CrossFit([("bayes", GaussianNB())], random_state=0).fit(
        X[:1000], y[:1000]
    )
    calibrated = crossfit.calibrated(method=method)
    raw = crossfit.estimators_["bayes"].predict_proba(X[1000:])
    calibrated_proba = calibrated.predict_proba(X[1000:])
    assert log_loss(y[1000:], calibrated_proba) < 0.8 * log_loss(y[1000:], raw)
    np.testing.assert_allclose(calibrated_proba.sum(axis=1), 1)
    assert log_loss(y[:1000], calibrated.oof_proba_) < 0.8 * log_loss(
        y[:1000], crossfit.oof_proba_["bayes"]
    )
    if method == "temperature":
        assert (raw.argmax(axis=1) == calibrated_proba.argmax(axis=1)).all()
    plain = CalibratedClassifier(GaussianNB(), method=method, random_state=0)
    np.testing.assert_array_equal(
        plain.fit(X[:1000], y[:1000]).predict_proba(X[1000:]), calibrated_proba
    )


def test_two_classes(overconfident):
    X, y = overconfident
    labels = y == "mugs"
    calibrated = CalibratedClassifier(GaussianNB(), random_state=0).fit(X, labels)
    assert calibrated.predict(X).dtype == bool
    assert calibrated.score(X, labels) > 0.6


def test_missing_samples_are_left_out_of_the_calibration(overconfident):
    X, y = overconfident
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1]}).astype(float)
    frame.iloc[::3] = np.nan
    filled = FunctionTransformer(lambda numbers: numbers.fillna(0))
    member = make_pipeline(ColumnSelector(["a", "b"]), filled, GaussianNB())
    crossfit = CrossFit([("bayes", member)], random_state=0).fit(frame, y)
    calibrated = crossfit.calibrated()
    proba, present = calibrated.predict_proba_and_presence(frame)
    assert (~present).sum() == len(frame.iloc[::3])
    for predicted in (proba, calibrated.oof_proba_):
        np.testing.assert_allclose(
            predicted[::3], np.tile(calibrated.class_prior_, (667, 1))
        )


def test_probabilities_are_unchanged_if_all_samples_of_a_class_are_missing():
    frame = pd.DataFrame({"a": [0.0, 1.0, np.nan, 0.1, 1.1, np.nan] * 5})
    filled = FunctionTransformer(lambda numbers: numbers.fillna(5))
    member = make_pipeline(ColumnSelector(["a"]), filled, GaussianNB())
    crossfit = CrossFit([("one", member)], cv=2).fit(frame, ["x", "y", "z"] * 10)
    calibrated = crossfit.calibrated()
    assert calibrated.calibrator_ is None
    present = frame["a"].notna().to_numpy()
    np.testing.assert_array_equal(
        calibrated.predict_proba(frame)[present],
        crossfit.estimators_["one"].predict_proba(frame)[present],
    )


def test_pickle_and_grid_search(overconfident):
    X, y = overconfident
    calibrated = CalibratedClassifier(GaussianNB(), cv=2)
    grid = GridSearchCV(
        calibrated,
        {
            "method": ["temperature", "isotonic"],
            "estimator__var_smoothing": [1e-9, 1e-3],
        },
        cv=2,
    ).fit(X, y)
    again = pickle.loads(pickle.dumps(grid.best_estimator_))
    np.testing.assert_array_equal(again.predict_proba(X), grid.predict_proba(X))


def test_invalid_method(overconfident):
    with pytest.raises(ValueError, match=r"'method' .* a str among .*'temperature'"):
        CalibratedClassifier(GaussianNB(), method="platt").fit(*overconfident)
