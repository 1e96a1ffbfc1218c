from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from amzest import TextLinearClassifier
from amzest.ensemble import CrossFit
from amzest.evaluation._metrics._costs import count_parameters, member_costs

GENERATOR = np.random.default_rng(0)
X, Y = GENERATOR.normal(size=(30, 4)), np.repeat([0, 1, 2], 10)
LINEAR = 3 * 4 + 3


def test_parameters_of_a_network_are_its_weights():
    network = SimpleNamespace(weights_={"a": np.zeros((3, 5)), "b": np.zeros(7)})
    assert count_parameters(network) == 22


@pytest.mark.parametrize(
    ("estimator", "n_parameters"),
    [
        (LogisticRegression(), LINEAR),
        (make_pipeline(StandardScaler(), LogisticRegression()), LINEAR),
        (GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2), LINEAR),
        (
            make_pipeline(
                make_column_transformer((StandardScaler(), [0, 1])),
                LogisticRegression(),
            ),
            3 * 2 + 3,
        ),
        (
            StackingClassifier(
                [("a", LogisticRegression()), ("b", LogisticRegression())], cv=2
            ),
            2 * LINEAR + 3 * 6 + 3,
        ),
        (RandomForestClassifier(2), None),
        (make_pipeline(StandardScaler(), RandomForestClassifier(2)), None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_parameters_of_fitted_estimators(estimator, n_parameters):
    assert count_parameters(estimator.fit(X, Y)) == n_parameters


def test_parameters_of_a_linear_model_alone_and_beside_a_network():
    texts, y = ["red shoe", "garden hose", "blue shoe", "old hose"] * 2, [0, 1] * 4
    linear = TextLinearClassifier(min_count=1, max_features=10).fit(texts, y)
    assert count_parameters(linear) == 2 * 10 + 2
    network = SimpleNamespace(
        weights_={"a": np.zeros((3, 5))}, linear_model_=linear.linear_model_
    )
    assert count_parameters(network) == 15 + 22
    network.linear_model_ = None
    assert count_parameters(network) == 15


def test_parameters_of_a_perceptron():
    network = MLPClassifier((6,), max_iter=3, tol=10.0, n_iter_no_change=1)
    assert count_parameters(network.fit(X, Y)) == 4 * 6 + 6 + 6 * 3 + 3


def test_parameters_of_sparse_coefficients_count_zeros():
    model = LogisticRegression().fit(X, Y).sparsify()
    assert count_parameters(model) == LINEAR


def test_costs_of_a_crossfit():
    crossfit = SimpleNamespace(
        names_=["linear", "forest"],
        y_=np.zeros(500, dtype=int),
        fit_seconds_={"linear": np.array([1.0, 3.0]), "forest": np.array([4.0, 4.0])},
        predict_seconds_={"linear": np.array([0.2, 0.3]), "forest": np.zeros(2)},
        fold_estimators_={"linear": [LogisticRegression().fit(X, Y)], "forest": []},
        estimators_={},
    )
    assert member_costs(crossfit) == {
        "linear": {
            "fit_seconds": 2.0,
            "predict_seconds_per_1000": 1.0,
            "n_parameters": LINEAR,
        },
        "forest": {"fit_seconds": 4.0, "predict_seconds_per_1000": 0.0},
    }


@pytest.mark.parametrize("refit", [True, "average", False])
def test_parameters_are_those_of_one_model_however_it_is_kept(refit):
    members = [("linear", LogisticRegression())]
    crossfit = CrossFit(members, cv=2, refit=refit, random_state=0).fit(X, Y)
    assert member_costs(crossfit)["linear"]["n_parameters"] == LINEAR
