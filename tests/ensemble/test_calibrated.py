"""Calibration learns from rows that the member has not seen."""

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
    """Naive Bayes on columns that repeat each other is much too sure."""
    X, y = make_classification(
        2000, n_features=6, n_informative=4, n_classes=3, flip_y=0.2, random_state=0
    )
    return np.hstack([X] * 4), np.array(["mugs", "lamps", "tees"])[y]


@pytest.mark.parametrize("method", ["temperature", "sigmoid", "isotonic"])
def test_log_loss_on_fresh_rows_is_smaller(overconfident, method):
    X, y = overconfident
    crossfit = CrossFit([("bayes", GaussianNB())], random_state=0).fit(
        X[:1000], y[:1000]
    )
    calibrated = crossfit.calibrated(method=method)
    raw = crossfit.estimators_["bayes"].predict_proba(X[1000:])
    mended = calibrated.predict_proba(X[1000:])
    assert log_loss(y[1000:], mended) < 0.8 * log_loss(y[1000:], raw)
    np.testing.assert_allclose(mended.sum(axis=1), 1)
    assert log_loss(y[:1000], calibrated.oof_proba_) < 0.8 * log_loss(
        y[:1000], crossfit.oof_proba_["bayes"]
    )
    if method == "temperature":
        assert (raw.argmax(axis=1) == mended.argmax(axis=1)).all()
    plain = CalibratedClassifier(GaussianNB(), method=method, random_state=0)
    np.testing.assert_array_equal(
        plain.fit(X[:1000], y[:1000]).predict_proba(X[1000:]), mended
    )


def test_two_classes(overconfident):
    X, y = overconfident
    labels = y == "mugs"
    calibrated = CalibratedClassifier(GaussianNB(), random_state=0).fit(X, labels)
    assert calibrated.predict(X).dtype == bool
    assert calibrated.score(X, labels) > 0.6


def test_rows_with_nothing_to_read_are_not_learnt_from(overconfident):
    X, y = overconfident
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1]}).astype(float)
    frame.iloc[::3] = np.nan
    filled = FunctionTransformer(lambda numbers: numbers.fillna(0))
    member = make_pipeline(ColumnSelector(["a", "b"]), filled, GaussianNB())
    crossfit = CrossFit([("bayes", member)], random_state=0).fit(frame, y)
    calibrated = crossfit.calibrated()
    proba, present = calibrated.predict_proba_and_presence(frame)
    assert (~present).sum() == len(frame.iloc[::3])
    for answers in (proba, calibrated.oof_proba_):
        np.testing.assert_allclose(
            answers[::3], np.tile(calibrated.class_prior_, (667, 1))
        )


def test_class_without_a_readable_row_leaves_probabilities_as_they_are():
    frame = pd.DataFrame({"a": [0.0, 1.0, np.nan, 0.1, 1.1, np.nan] * 5})
    filled = FunctionTransformer(lambda numbers: numbers.fillna(5))
    member = make_pipeline(ColumnSelector(["a"]), filled, GaussianNB())
    crossfit = CrossFit([("one", member)], cv=2).fit(frame, ["x", "y", "z"] * 10)
    calibrated = crossfit.calibrated()
    assert calibrated.calibrator_ is None
    readable = frame["a"].notna().to_numpy()
    np.testing.assert_array_equal(
        calibrated.predict_proba(frame)[readable],
        crossfit.estimators_["one"].predict_proba(frame)[readable],
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


def test_unknown_method_is_named(overconfident):
    with pytest.raises(
        ValueError, match=r"'method' parameter of CalibratedClassifier .* 'temperature'"
    ):
        CalibratedClassifier(GaussianNB(), method="platt").fit(*overconfident)
