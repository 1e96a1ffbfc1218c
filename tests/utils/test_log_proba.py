"""Every public classifier has logarithms of its probabilities."""

import inspect

import numpy as np
import pytest
from public_api import shortest_paths
from public_estimators import KINDS, LIGHT
from sklearn.base import clone


@pytest.mark.parametrize(
    "name", [name for name, (made, _) in LIGHT.items() if hasattr(made, "predict")]
)
def test_logarithms_of_the_probabilities(name):
    estimator, rows = LIGHT[name]
    X = rows()
    model = clone(estimator).fit(X, KINDS)
    log_proba = model.predict_log_proba(X)
    np.testing.assert_array_equal(np.exp(log_proba).argmax(1), log_proba.argmax(1))
    np.testing.assert_allclose(np.exp(log_proba), model.predict_proba(X), atol=1e-12)


def test_a_probability_of_zero_is_no_warning():
    from amzest.utils import PredictLogProbaMixin

    class Sure(PredictLogProbaMixin):
        def predict_proba(self, X):
            return np.array([[1.0, 0.0]])

    assert Sure().predict_log_proba(None).tolist() == [[0.0, -np.inf]]


def test_no_public_classifier_lacks_it():
    classes = [thing for thing in shortest_paths().values() if inspect.isclass(thing)]
    classifiers = [each for each in classes if hasattr(each, "predict_proba")]
    assert len(classifiers) >= 10
    assert all(hasattr(each, "predict_log_proba") for each in classifiers)
