"""HierarchicalClassifier: fitted on whole paths, predicts the probable part."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError, UnsetMetadataPassedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from amzest.ensemble import CrossFit
from amzest.meta._hierarchical_classifier import HierarchicalClassifier
from amzest.meta._review_threshold import ReviewThresholdClassifier

PATHS = ["Clothing > Women > Dresses", "Clothing > Women > Shoes", "Clothing", "Books"]
CENTRES = np.array([[0.0, 0.0], [0.8, 0.0], [6.0, 6.0], [-9.0, 0.0]])


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    which = np.repeat(np.arange(4), 50)
    return CENTRES[which] + 0.5 * rng.normal(size=(200, 2)), np.array(PATHS)[which]


@pytest.fixture(scope="module")
def fitted(rows):
    return HierarchicalClassifier(GaussianNB()).fit(*rows)


def test_predict_backs_off_between_two_siblings(fitted):
    X = [[-0.8, 0.0], [0.4, 0.0], [6.0, 6.0], [-9.0, 0.0]]

    assert fitted.predict(X).tolist() == [
        "Clothing > Women > Dresses",
        "Clothing > Women",
        "Clothing",
        "Books",
    ]
    assert is_classifier(fitted)


def test_levels_of_fitted_classifier_agree(fitted, rows):
    X, _ = rows
    leaves = fitted.predict_proba(X)

    assert fitted.classes_at(1).tolist() == ["Books", "Clothing"]
    assert_allclose(fitted.predict_proba_at(1, X)[:, 0], leaves[:, 0])
    for level in (1, 2, 3):
        at_level = fitted.predict_proba_at(level, X)
        assert_allclose(at_level.sum(axis=1), 1.0)
        best = fitted.classes_at(level)[at_level.argmax(axis=1)]
        assert_array_equal(fitted.predict_at(level, X), best)
    assert set(fitted.predict_at(2, X)) == {"Books", "Clothing", "Clothing > Women"}


def test_paths_with_other_whitespace_are_one_class(rows):
    X, y = rows
    other = [label.replace(" > ", ">") if i % 2 else label for i, label in enumerate(y)]
    clf = HierarchicalClassifier(GaussianNB()).fit(X, other)

    assert sorted(clf.classes_) == sorted(PATHS)


def test_from_fitted_of_members_and_ensembles(rows):
    X, y = rows
    pairs = [("bayes", GaussianNB()), ("linear", LogisticRegression())]
    crossfit = CrossFit(pairs, random_state=0).fit(X, pd.Series(y))
    vote = crossfit.weighted_voting()
    for model in (vote, crossfit.estimators_["linear"]):
        clf = HierarchicalClassifier.from_fitted(model, min_probability=0.7)
        assert clf.estimator_ is model
        assert_array_equal(clf.predict_proba(X), model.predict_proba(X))
        assert set(clf.predict_at(1, X)) == {"Books", "Clothing"}
    # The tree accepts out-of-fold probabilities, too.
    top = clf.tree_.roll_up(vote.oof_proba_, 1)
    assert_allclose(top.sum(axis=1), 1.0)


def test_from_fitted_with_the_classes_of_encoded_members(rows):
    X, y = rows
    classes, codes = np.unique(y, return_inverse=True)
    encoded = GaussianNB().fit(X, codes)
    clf = HierarchicalClassifier.from_fitted(encoded, classes=classes)

    assert_array_equal(
        clf.predict(X), HierarchicalClassifier(GaussianNB()).fit(X, y).predict(X)
    )
    with pytest.raises(TypeError, match="must be paths"):
        HierarchicalClassifier.from_fitted(encoded)


def test_predict_the_root_when_no_category_is_probable(fitted):
    unsure = clone(fitted).set_params(min_probability=1.0)
    X = [[-3.0, 0.0]]
    unsure.fit(np.vstack([CENTRES, CENTRES + 3.0]), PATHS * 2)

    assert unsure.predict(X).tolist() == [""]


def test_score_counts_levels(fitted):
    # Two of three levels, and one of one: precision 3 of 3, recall 3 of 4.
    X, y = [[0.4, 0.0], [-9.0, 0.0]], ["Clothing > Women > Shoes", "Books"]

    assert fitted.score(X, y) == pytest.approx(2 * 0.75 / 1.75)
    assert fitted.score(X, y, sample_weight=[0.0, 1.0]) == 1.0


def test_hierarchical_in_scikit_learn(rows):
    X, y = rows
    clf = HierarchicalClassifier(GaussianNB())
    again = pickle.loads(pickle.dumps(clone(clf).fit(X, y)))
    search = GridSearchCV(clf, {"min_probability": [0.5, 1.0]}, cv=3).fit(X, y)

    assert_array_equal(again.predict(X), clf.fit(X, y).predict(X))
    assert (cross_val_score(clf, X, y, cv=3) > 0.8).all()
    assert search.best_params_ == {"min_probability": 0.5}
    assert clf.n_features_in_ == 2


def test_hierarchical_of_texts():
    texts = ["red dress", "blue dress", "leather shoe", "running shoe", "a novel"] * 8
    y = (
        pd.Series(
            ["Clothing > Dresses"] * 2 + ["Clothing > Shoes"] * 2 + ["Books"]
        ).tolist()
        * 8
    )
    clf = HierarchicalClassifier(
        make_pipeline(TfidfVectorizer(), LogisticRegression(C=100.0))
    ).fit(pd.Series(texts), pd.Series(y, dtype="category"))

    assert clf.predict(["dress", "shoe dress"]).tolist() == [
        "Clothing > Dresses",
        "Clothing",
    ]


def test_review_threshold_of_a_hierarchy(rows):
    X, y = rows
    clf = ReviewThresholdClassifier(
        HierarchicalClassifier(GaussianNB()), target_precision=0.9
    ).fit(X, y)

    assert set(clf.predict(X)) <= {*PATHS, "review"}
    assert "Books" in clf.predict(X)


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (["A", "B", None, "A"], ValueError, "no label in row 2"),
        ([0, 1, 0, 1], TypeError, "must be paths"),
        (["A", "", "B", "A"], ValueError, "Drop samples without a category"),
        (["A", "B >", "B", "A"], ValueError, "a level without a name"),
    ],
)
def test_hierarchical_raises_without_paths(y, error, message):
    X = [[0.0], [0.1], [1.0], [1.1]]
    with pytest.raises(error, match=message):
        HierarchicalClassifier(GaussianNB()).fit(X, y)


@pytest.mark.parametrize("limit", [-0.1, 1.1, "high"])
def test_hierarchical_validates_min_probability(limit, rows):
    with pytest.raises(ValueError, match="The 'min_probability' parameter"):
        HierarchicalClassifier(GaussianNB(), min_probability=limit).fit(*rows)


def test_hierarchical_before_fit_is_not_fitted():
    for method in ("predict", "predict_proba"):
        with pytest.raises(NotFittedError):
            getattr(HierarchicalClassifier(GaussianNB()), method)([[0.0]])


def test_sample_weight_without_routing_is_passed_to_the_estimator(rows):
    X, y = rows
    weights = np.where(y == "Books", 5.0, 1.0)
    clf = HierarchicalClassifier(GaussianNB()).fit(X, y, sample_weight=weights)

    expected = GaussianNB().fit(X, y, sample_weight=weights)
    assert_array_equal(clf.predict_proba(X), expected.predict_proba(X))
    pipeline = make_pipeline(StandardScaler(), GaussianNB())
    with pytest.raises(ValueError, match=r"Turn on metadata routing.*set_fit_request"):
        HierarchicalClassifier(pipeline).fit(X, y, sample_weight=weights)


def test_sample_weight_with_routing_reaches_a_step_of_a_pipeline(rows):
    X, y = rows
    weights = np.where(y == "Books", 5.0, 1.0)
    expected = GaussianNB().fit(X, y, sample_weight=weights)
    with config_context(enable_metadata_routing=True):
        weighted = GaussianNB().set_fit_request(sample_weight=True)
        clf = HierarchicalClassifier(make_pipeline(FunctionTransformer(), weighted))
        clf.fit(X, y, sample_weight=weights)
        with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
            HierarchicalClassifier(GaussianNB()).fit(X, y, sample_weight=weights)

    assert_array_equal(clf.predict_proba(X), expected.predict_proba(X))
