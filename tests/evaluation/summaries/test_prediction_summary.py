import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from amzest import ColumnSelector, TextLinearClassifier
from amzest.ensemble import WeightedVotingClassifier
from amzest.evaluation._summaries._prediction_summary import (
    check_reference_labels,
    check_reference_proba,
    check_same_classes,
    summarize_predictions,
)
from amzest.meta import ReviewThresholdClassifier

X = pd.DataFrame({"x": np.linspace(-1, 1, 40)})
Y = np.where(X["x"] > 0, "positive", "negative")
MODEL = LogisticRegression().fit(X, Y)
OPTIONS = {"y": None, "proba": None, "review_threshold": None}


def test_classes_and_confidence():
    found = summarize_predictions(MODEL, X, **OPTIONS | {"y": Y})
    assert dict(zip(found.classes, found.counts, strict=True)) == {
        "negative": 20,
        "positive": 20,
    }
    np.testing.assert_allclose(
        found.confidence, MODEL.predict_proba(X).max(axis=1), rtol=1e-6
    )
    assert found.correct.all()
    assert (found.n_missing, found.n_review) == ({"": 0}, None)


def test_columns_that_the_model_does_not_know_are_ignored():
    table = X.assign(other=0.0)[["other", "x"]]
    found = summarize_predictions(MODEL, table, **OPTIONS)
    expected = summarize_predictions(MODEL, X, **OPTIONS)
    np.testing.assert_array_equal(found.confidence, expected.confidence)


def test_given_probabilities_replace_predictions():
    proba = np.tile([0.3, 0.7], (40, 1))
    found = summarize_predictions(MODEL, X, **OPTIONS | {"proba": proba})
    assert found.counts.tolist() == [0, 40]
    assert found.n_missing == {}


def test_threshold_for_review():
    found = summarize_predictions(MODEL, X, **OPTIONS | {"review_threshold": 0.6})
    assert found.n_review == (found.confidence < 0.6).sum() > 0
    review = ReviewThresholdClassifier.from_oof(
        MODEL, MODEL.predict_proba(X), Y, target_precision=0.8
    )
    found = summarize_predictions(review, X, **OPTIONS)
    assert found.n_review == (review.predict(X) == "review").sum()


@pytest.fixture(scope="module")
def vote():
    titles = ["blue mug", "red lamp"] * 10
    table = pd.DataFrame({"title": titles, "note": ["cup", "light"] * 10})
    labels = ["mugs", "lamps"] * 10
    text = TextLinearClassifier()
    members = [
        (name, make_pipeline(ColumnSelector(name), text)) for name in ("title", "note")
    ]
    vote = WeightedVotingClassifier(members, weights=[1, 1]).fit(table, labels)
    return vote, table


def test_rows_missing_for_members_of_an_ensemble(vote):
    vote, table = vote
    new = table.copy()
    new.loc[:3, "title"] = None
    new.loc[:1, "note"] = None
    found = summarize_predictions(vote, new, **OPTIONS)
    assert found.n_missing == {"": 2, "title": 4, "note": 2}
    np.testing.assert_allclose(
        found.confidence, vote.predict_proba(new).max(axis=1), rtol=1e-6
    )


def test_models_and_arguments_are_validated():
    with pytest.raises(TypeError, match="LinearSVC, which has no predict_proba"):
        summarize_predictions(LinearSVC().fit(X, Y), X, **OPTIONS)
    with pytest.raises(ValueError, match="`y` has length 3, but there are 40 rows"):
        check_reference_labels(Y[:3], 40, np.arange(3))
    with pytest.raises(ValueError, match="`proba` has 1 column"):
        check_reference_proba(np.ones((40, 1)), MODEL, 40, np.arange(3))
    with pytest.raises(ValueError, match="none of the 2 classes"):
        summarize_predictions(MODEL, X, **OPTIONS | {"y": np.zeros(40)})
    other = DummyClassifier(strategy="prior").fit(X, [0, 1] * 20)
    found = summarize_predictions(other, X, **OPTIONS)
    with pytest.raises(ValueError, match="Pass the same model"):
        check_same_classes(found, MODEL.classes_)
