"""Votes are weighted, learnt on rows that members have not seen, and left out."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from amzest import ColumnSelector
from amzest.ensemble import CrossFit, WeightedVotingClassifier

MEMBERS = [
    ("bayes", GaussianNB()),
    ("guess", DummyClassifier()),
    ("linear", LogisticRegression()),
]


@pytest.fixture(scope="module")
def data():
    X, y = make_classification(
        300, n_informative=6, n_classes=3, flip_y=0.1, random_state=0
    )
    return X, np.array(["mugs", "lamps", "tees"])[y]


@parametrize_with_checks(
    [
        WeightedVotingClassifier([MEMBERS[0], MEMBERS[2]]),
        WeightedVotingClassifier([MEMBERS[0], MEMBERS[2]], weights="learn", cv=2),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("weights", [None, [1, 0, 3]])
def test_fixed_weights_are_those_of_scikit_learn(data, weights):
    X, y = data
    ours = WeightedVotingClassifier(MEMBERS, weights=weights).fit(X, y)
    theirs = VotingClassifier(MEMBERS, voting="soft", weights=weights).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X))
    assert (ours.predict(X) == theirs.predict(X)).all()
    assert ours.weights_.sum() == pytest.approx(1)
    assert not hasattr(ours, "oof_proba_")
    assert ours.named_estimators_["bayes"] is ours.estimators_[0]


@pytest.mark.parametrize("weights", ["learn", "greedy"])
def test_learnt_weights_are_never_worse_than_the_best_member(data, weights):
    X, y = data
    crossfit = CrossFit(MEMBERS, random_state=0).fit(X, y)
    vote = crossfit.weighted_voting(weights)
    mixed = sum(
        weight * crossfit.oof_proba_[name]
        for weight, (name, _) in zip(vote.weights_, MEMBERS, strict=True)
    )
    losses = [log_loss(y, proba) for proba in crossfit.oof_proba_.values()]
    assert log_loss(y, mixed) <= min(losses) + 1e-9
    assert vote.weights_.sum() == pytest.approx(1)
    assert (vote.weights_ >= 0).all()
    assert vote.weights_.argmin() == 1
    # The plain way ends in the same.
    plain = WeightedVotingClassifier(MEMBERS, weights=weights, random_state=0).fit(X, y)
    np.testing.assert_array_equal(plain.weights_, vote.weights_)
    np.testing.assert_array_equal(plain.predict_proba(X), vote.predict_proba(X))
    np.testing.assert_array_equal(plain.oof_proba_, vote.oof_proba_)


def test_out_of_fold_vote_does_not_know_its_own_labels(data):
    X, y = data
    crossfit = CrossFit(MEMBERS, random_state=0).fit(X, y)
    before = crossfit.weighted_voting("learn").oof_proba_
    inside = crossfit.fold_ == 2
    crossfit.y_ = crossfit.y_.copy()
    crossfit.y_[inside] = (crossfit.y_[inside] + 1) % 3
    after = crossfit.weighted_voting("learn").oof_proba_
    np.testing.assert_array_equal(before[inside], after[inside])
    assert not np.array_equal(before[~inside], after[~inside])


def read_title(column):
    filled = FunctionTransformer(lambda texts: texts.fillna(""))
    return make_pipeline(
        ColumnSelector(column), filled, CountVectorizer(), LogisticRegression()
    )


def test_member_with_nothing_to_read_has_no_vote():
    frame = pd.DataFrame(
        {
            "title": ["red mug", "blue mug", "desk lamp", None, None, "  "] * 5,
            "maker": ["Acme", None, "Bolt", "Acme", None, float("nan")] * 5,
        }
    )
    y = np.array(["mug", "mug", "lamp", "mug", "lamp", "mug"] * 5)
    members = [("title", read_title("title")), ("maker", read_title("maker"))]
    vote = WeightedVotingClassifier(members, weights=[3, 1]).fit(frame, y)
    title, maker = (member.predict_proba(frame) for member in vote.estimators_)
    proba, present = vote.predict_proba_and_presence(frame)
    np.testing.assert_allclose(proba[0], 0.75 * title[0] + 0.25 * maker[0])
    np.testing.assert_allclose(proba[1], title[1])
    np.testing.assert_allclose(proba[3], maker[3])
    for row in (4, 5):
        np.testing.assert_allclose(proba[row], vote.class_prior_)
    assert present[:6].tolist() == [True, True, True, True, False, False]


def test_weight_of_zero_leaves_rows_of_that_member_to_the_class_frequencies():
    frame = pd.DataFrame(
        {"title": ["mug", "lamp", None], "maker": ["Acme", "Bolt", "Acme"]}
    )
    members = [("title", read_title("title")), ("maker", read_title("maker"))]
    vote = WeightedVotingClassifier(members, weights=[1, 0])
    vote.fit(pd.concat([frame] * 4), ["mug", "lamp", "mug"] * 4)
    np.testing.assert_allclose(vote.predict_proba(frame)[2], vote.class_prior_)


def test_clone_pickle_and_grid_search(data):
    X, y = data
    vote = WeightedVotingClassifier(MEMBERS, weights="learn", cv=2, random_state=0)
    assert clone(vote).get_params()["linear__C"] == 1
    grid = GridSearchCV(
        vote, {"linear__C": [0.1, 10], "weights": [None, "learn"]}, cv=2
    ).fit(X, y)
    best = grid.best_estimator_
    again = pickle.loads(pickle.dumps(best))
    np.testing.assert_array_equal(again.predict_proba(X), best.predict_proba(X))
    vote.set_params(guess=GaussianNB(var_smoothing=0.1))
    assert isinstance(vote.estimators[1][1], GaussianNB)


@pytest.mark.parametrize(
    "weights", ["equal", [1, 2], [1, -1, 1], [0, 0, 0], [1, np.nan, 1]]
)
def test_wrong_weights_are_named(data, weights):
    with pytest.raises(ValueError, match="`weights` must be"):
        WeightedVotingClassifier(MEMBERS, weights=weights).fit(*data)
    crossfit = CrossFit(MEMBERS, cv=2).fit(*data)
    with pytest.raises(ValueError, match="`weights` must be"):
        crossfit.weighted_voting(weights)
