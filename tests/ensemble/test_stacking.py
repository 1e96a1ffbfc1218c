"""The meta-model is fitted on out-of-fold predictions and presence indicators."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier, StackingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from amzest import ColumnSelector
from amzest.ensemble import CrossFit, MissingAwareStackingClassifier

MEMBERS = [("bayes", GaussianNB()), ("linear", LogisticRegression())]


@pytest.fixture(scope="module")
def data():
    X, y = make_classification(
        300, n_informative=6, n_classes=3, flip_y=0.1, random_state=0
    )
    return X, np.array(["mugs", "lamps", "tees"])[y]


@parametrize_with_checks([MissingAwareStackingClassifier(MEMBERS, cv=2)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_equal_to_stacking_classifier_without_missing_samples(data):
    X, y = data
    cv = StratifiedKFold(4, shuffle=True, random_state=0)
    final = LogisticRegression(max_iter=1000)
    ours = MissingAwareStackingClassifier(MEMBERS, final, cv=cv).fit(X, y)
    theirs = StackingClassifier(MEMBERS, final, cv=cv).fit(X, y)
    np.testing.assert_allclose(
        ours.predict_proba(X), theirs.predict_proba(X), atol=1e-4
    )
    assert ours.indicators_.tolist() == []


def test_out_of_fold_stack_does_not_use_labels_of_its_fold(data):
    X, y = data
    crossfit = CrossFit(MEMBERS, random_state=0).fit(X, y)
    before = crossfit.stacking().oof_proba_
    inside = crossfit.fold_ == 2
    crossfit.y_ = crossfit.y_.copy()
    crossfit.y_[inside] = (crossfit.y_[inside] + 1) % 3
    after = crossfit.stacking().oof_proba_
    np.testing.assert_array_equal(before[inside], after[inside])


@pytest.fixture(scope="module")
def half_missing():
    """Return two informative columns, 40 % of whose cells are missing."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, 600)
    frame = pd.DataFrame(
        {
            name: codes + rng.normal(0, scale, 600)
            for name, scale in (("a", 0.5), ("b", 1))
        }
    )
    masked = frame.mask(rng.random(frame.shape) < 0.4)
    return masked, np.array(["x", "y", "z"])[codes]


def member(column):
    filled = FunctionTransformer(lambda numbers: numbers.fillna(0))
    return make_pipeline(ColumnSelector([column]), filled, GaussianNB())


def test_meta_model_has_indicators_of_present_samples(half_missing):
    X, y = half_missing
    members = [("a", member("a")), ("b", member("b"))]
    crossfit = CrossFit(members, random_state=0).fit(X, y)
    indicated, plain_stack = crossfit.stacking(), crossfit.stacking(presence=False)
    assert indicated.indicators_.tolist() == [0, 1]
    assert plain_stack.indicators_.tolist() == []
    assert indicated.final_estimator_.n_features_in_ == 2 * 3 + 2
    both_missing = X.isna().all(axis=1).to_numpy()
    proba = indicated.predict_proba(X)
    np.testing.assert_allclose(
        proba[both_missing], np.tile(indicated.class_prior_, (both_missing.sum(), 1))
    )
    np.testing.assert_allclose(indicated.oof_proba_[both_missing], proba[both_missing])
    right = indicated.oof_proba_.argmax(axis=1) == indicated.y_
    plain = np.mean(list(crossfit.oof_proba_.values()), axis=0).argmax(axis=1)
    assert right.mean() > (plain == indicated.y_).mean()


def test_other_meta_models_clone_pickle_and_grid_search(data):
    X, y = data
    stack = MissingAwareStackingClassifier(
        MEMBERS, RandomForestClassifier(20, random_state=0), cv=2, random_state=0
    )
    grid = GridSearchCV(
        stack, {"bayes__var_smoothing": [1e-9, 1], "presence": [True, False]}, cv=2
    ).fit(X, y)
    again = pickle.loads(pickle.dumps(grid.best_estimator_))
    np.testing.assert_array_equal(again.predict_proba(X), grid.predict_proba(X))
    assert grid.score(X, y) > 0.5


def test_meta_model_without_probabilities_is_an_error(data):
    with pytest.raises(
        ValueError, match=r"'final_estimator' parameter .* 'predict_proba'"
    ):
        MissingAwareStackingClassifier(MEMBERS, LinearRegression()).fit(*data)
