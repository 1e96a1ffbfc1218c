"""ReviewThresholdClassifier: its guarantee on new samples, and scikit-learn's API."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy.special import softmax
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_blobs
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from amzest.datasets import make_products
from amzest.ensemble import CrossFit
from amzest.meta._review_threshold import ReviewThresholdClassifier

EXPECTED_FAILED_CHECKS = {
    "check_classifiers_train": "expects the most probable class instead of review",
}


# With this target a class is predicted for nearly all rows of the checks' small data.
@parametrize_with_checks(
    [
        ReviewThresholdClassifier(
            LogisticRegression(),
            target_precision=0.01,
            confidence_level=0.01,
            review_label=-9,
            cv=2,
        )
    ],
    expected_failed_checks=lambda _: EXPECTED_FAILED_CHECKS,
    xfail_strict=True,
)
def test_review_common_check(estimator, check):
    check(estimator)


class FixedProba(ClassifierMixin, BaseEstimator):
    """A fitted classifier that returns its rows as probabilities."""

    def __init__(self, classes=("a", "b")):
        self.classes = classes
        self.classes_ = np.array(classes)

    def fit(self, X, y):
        raise AssertionError("a fitted classifier was refitted")

    def __sklearn_is_fitted__(self):
        return True

    def predict_proba(self, X):
        return np.asarray(X)


CLASSES = tuple("abcdefgh")
# Two classes are rare.
SHARES = np.array([0.3, 0.2, 0.15, 0.12, 0.1, 0.1, 0.02, 0.01])


def generate_predictions(n_rows, rng, confused=0.0):
    """Return overconfident probabilities, and the true classes.

    The fraction `confused` of the fifth class resembles the sixth.
    """
    true = rng.choice(len(SHARES), size=n_rows, p=SHARES)
    similar = np.where((true == 4) & (rng.random(n_rows) < confused), 5, true)
    logits = rng.normal(size=(n_rows, len(SHARES)))
    logits[np.arange(n_rows), similar] += rng.gamma(4.0, 1.2, size=n_rows)
    wrong = rng.random(n_rows) < 0.004
    true[wrong] = rng.integers(len(SHARES), size=wrong.sum())
    return softmax(1.5 * logits, axis=1), true


@pytest.mark.parametrize(
    ("per_class", "confused"), [(True, 0.5), (True, 0.0), (False, 0.0)]
)
def test_guarantee_holds_on_new_samples_as_often_as_stated(per_class, confused):
    target, n_simulations = 0.97, 100
    X_new, y_new = generate_predictions(50_000, np.random.default_rng(12345), confused)
    kept, kept_overall, coverages = [], [], []
    for seed in range(n_simulations):
        proba, true = generate_predictions(3000, np.random.default_rng(seed), confused)
        clf = ReviewThresholdClassifier.from_oof(
            FixedProba(CLASSES),
            proba,
            np.array(CLASSES)[true],
            target_precision=target,
            per_class=per_class,
        )
        predicted = clf.predict(X_new)
        accepted = predicted != "review"
        right = predicted == np.array(CLASSES)[y_new]
        coverages.append(accepted.mean())
        if accepted.any():
            kept_overall.append(right[accepted].mean() >= target)
        # The guarantee is for each own threshold, and for the pooled one.
        own = clf.has_own_threshold_
        groups = [[label] for label in clf.classes_[own]] + [clf.classes_[~own]]
        for group in groups:
            among = np.isin(predicted, group)
            if among.any():
                kept.append(right[among].mean() >= target)

    # Expected in 90 %; the standard error of 100 simulations is 3 %. (With 600 of them
    # and one threshold for all classes it was 91.5 %.)
    assert np.mean(kept_overall) >= 0.84
    assert np.mean(kept) >= 0.84
    assert np.mean(coverages) > 0.4


def test_guarantee_holds_after_fit():
    coverages, precisions = [], []
    for seed in range(8):
        X, y = make_blobs(22_000, centers=5, cluster_std=2.0, random_state=seed)
        clf = ReviewThresholdClassifier(
            GaussianNB(), target_precision=0.95, random_state=0
        )
        predicted = clf.fit(X[:2000], y[:2000]).predict(X[2000:])
        accepted = predicted != "review"
        coverages.append(accepted.mean())
        precisions.append((predicted == y[2000:])[accepted].mean())
        assert clf.coverage_ == pytest.approx(coverages[-1], abs=0.05)

    assert np.sum(np.array(precisions) >= 0.95) >= 7
    assert np.mean(coverages) > 0.4


def test_guarantee_of_the_default_holds_on_synthetic_products():
    shop = make_products(
        3000, n_image_only=0, text_informativeness=0.95, image_size=8, random_state=0
    )
    titles, y = shop.data["title"], shop.target.to_numpy()
    clf = ReviewThresholdClassifier(
        make_pipeline(TfidfVectorizer(), LogisticRegression()), random_state=0
    ).fit(titles[:1500], y[:1500])
    predicted = clf.predict(titles[1500:])
    accepted = predicted != "review"

    # About 5 % of the titles are not informative.
    assert 0.7 < accepted.mean() < 0.99
    assert (predicted == y[1500:])[accepted].mean() >= 0.98


def test_thresholds_are_higher_for_a_higher_target():
    rng = np.random.default_rng(0)
    proba, true = generate_predictions(3000, rng)
    labels = np.array(CLASSES)[true]
    coverages = [
        ReviewThresholdClassifier.from_oof(
            FixedProba(CLASSES), proba, labels, target_precision=target
        ).coverage_
        for target in (0.8, 0.9, 0.95, 0.98)
    ]

    assert coverages == sorted(coverages, reverse=True)
    assert coverages[0] > coverages[-1]


def test_summary_counts_out_of_fold_samples():
    proba = np.array([[0.9, 0.1]] * 60 + [[0.4, 0.6]] * 40)
    y = ["a"] * 60 + ["b"] * 20 + ["a"] * 20
    clf = ReviewThresholdClassifier.from_oof(
        FixedProba(), proba, y, target_precision=0.9, confidence_level=0.9
    )

    assert clf.thresholds_.tolist() == [0.9, np.inf]
    assert (clf.coverage_, clf.precision_) == (0.6, 1.0)
    assert clf.class_coverage_.tolist() == [1.0, 0.0]
    assert_array_equal(clf.class_precision_, [1.0, np.nan])
    assert clf.predict([[0.9, 0.1], [0.89, 0.11], [0.0, 1.0]]).tolist() == [
        "a",
        "review",
        "review",
    ]
    assert clf.score([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9]], ["a", "b", "b"]) == 1 / 3
    assert clf.score([[0.9, 0.1], [0.1, 0.9]], ["a", "b"], [3, 1]) == 0.75


def test_precision_without_predicted_classes_is_nan():
    clf = ReviewThresholdClassifier.from_oof(
        FixedProba(), [[0.9, 0.1], [0.2, 0.8]], ["a", "b"]
    )

    assert clf.coverage_ == 0.0
    assert np.isnan(clf.precision_)
    assert clf.predict([[1.0, 0.0]]).tolist() == ["review"]


@pytest.mark.parametrize(
    ("labels", "review_label", "kind"),
    [
        (["a", "b"], "review", "U"),
        (["a", "b"], -1, "O"),
        ([3, 7], "review", "O"),
        ([3, 7], -1, "i"),
        ([False, True], None, "O"),
    ],
)
def test_predictions_have_the_type_of_the_labels(labels, review_label, kind):
    proba = np.array([[0.9, 0.1]] * 30 + [[0.1, 0.9]] * 30)
    y = np.repeat(labels, 30)
    clf = ReviewThresholdClassifier.from_oof(
        FixedProba(tuple(labels)),
        proba,
        y,
        target_precision=0.9,
        review_label=review_label,
    )
    predicted = clf.predict([[0.9, 0.1], [0.5, 0.5], [0.1, 0.9]])

    assert predicted.dtype.kind == kind
    assert predicted.tolist() == [labels[0], review_label, labels[1]]


@pytest.fixture(scope="module")
def blobs():
    return make_blobs(600, centers=3, cluster_std=1.0, random_state=3)


@pytest.fixture(scope="module")
def members(blobs):
    pairs = [("bayes", GaussianNB()), ("linear", LogisticRegression())]
    return CrossFit(pairs, random_state=0).fit(*blobs)


def test_from_oof_of_a_member_equals_fit(blobs, members):
    X, y = blobs
    made = ReviewThresholdClassifier.from_oof(
        members, member="linear", target_precision=0.9
    )
    fitted = ReviewThresholdClassifier(
        LogisticRegression(), target_precision=0.9, random_state=0
    ).fit(X, y)

    assert made.estimator_ is members.estimators_["linear"]
    assert_array_equal(made.thresholds_, fitted.thresholds_)
    assert_array_equal(made.predict(X), fitted.predict(X))


def test_from_oof_of_an_ensemble_uses_its_out_of_fold_rows(blobs, members):
    X, _ = blobs
    vote = members.weighted_voting()
    clf = ReviewThresholdClassifier.from_oof(vote, target_precision=0.9)

    assert_array_equal(clf.predict_proba(X), vote.predict_proba(X))
    assert_array_equal(clf.y_, members.y_)
    assert 0 < clf.coverage_ <= 1
    # Another target, without refitting.
    easier = ReviewThresholdClassifier.from_oof(clf, target_precision=0.5)
    assert easier.coverage_ >= clf.coverage_


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"estimator": "crossfit"}, "`member` must be one of bayes, linear, got None"),
        ({"estimator": "crossfit", "member": "x"}, "weighted_voting"),
        ({"member": "a"}, "a FixedProba and not a CrossFit"),
        ({}, "has no out-of-fold probabilities"),
        ({"oof_proba": [[0.5, 0.5]]}, "`y` is None"),
        ({"oof_proba": [[0.5, 0.5]], "y": ["c"]}, "'c' in row 0"),
        ({"oof_proba": [[0.5, 0.5]], "y": ["a", "b"]}, "has 1 row, but `y` has 2 rows"),
        ({"oof_proba": [[1.0]], "y": ["a"]}, "has 1 column, but there are 2 classes"),
        ({"oof_proba": [0.5, 0.5], "y": ["a"]}, r"shape \(n_samples, 2\)"),
        ({"oof_proba": [[5, 1]], "y": ["a"]}, "do not sum to 1 in row 0"),
        ({"oof_proba": [[1.5, -0.5]], "y": ["a"]}, "has negative values in row 0"),
        ({"oof_proba": [["a", "b"]], "y": ["a"]}, r"Pass the result of `predict_proba"),
        ({"oof_proba": [[0.5, np.nan]], "y": ["a"]}, "has NaN or infinity in row 0"),
    ],
)
def test_from_oof_validates_predictions(members, arguments, message):
    estimator = members if arguments.pop("estimator", None) else FixedProba()
    with pytest.raises(ValueError, match=message):
        ReviewThresholdClassifier.from_oof(estimator, **arguments)


def test_from_oof_without_fitted_members_raises():
    crossfit = CrossFit([("bayes", GaussianNB())], refit=False, cv=2)
    crossfit.fit([[0.0], [0.1], [1.0], [1.1]], [0, 0, 1, 1])
    with pytest.raises(ValueError, match="refit=False"):
        ReviewThresholdClassifier.from_oof(crossfit)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"target_precision": 1.0}, ValueError, "The 'target_precision' parameter"),
        ({"target_precision": "high"}, ValueError, "Got 'high' instead"),
        ({"confidence_level": 0}, ValueError, "The 'confidence_level' parameter"),
        ({"min_rows_per_class": 0}, ValueError, "Got 0 instead"),
        ({"min_rows_per_class": 2.5}, TypeError, "must be an int"),
        ({"review_label": "mugs"}, ValueError, "`review_label` is 'mugs'"),
    ],
)
def test_review_parameters_are_validated(parameters, error, message):
    clf = ReviewThresholdClassifier(GaussianNB(), cv=2, **parameters)
    with pytest.raises(error, match=message):
        clf.fit([[0.0], [0.1], [1.0], [1.1]], ["mugs", "mugs", "toys", "toys"])


def test_review_before_fit_is_not_fitted():
    with pytest.raises(NotFittedError):
        ReviewThresholdClassifier(GaussianNB()).predict([[0.0]])


def test_review_of_texts_after_pickle_and_clone():
    texts = pd.Series(["red mug", "blue mug", "desk lamp", "floor lamp"] * 20)
    y = pd.Series(["mugs", "mugs", "lamps", "lamps"] * 20, dtype="category")
    clf = ReviewThresholdClassifier(
        make_pipeline(TfidfVectorizer(), LogisticRegression()), target_precision=0.9
    ).fit(texts, y)
    rows = ["red mug", "floor lamp", "", "garden chair"]

    assert clf.predict(rows).tolist() == ["mugs", "lamps", "review", "review"]
    again = pickle.loads(pickle.dumps(clf))
    assert_array_equal(again.predict(rows), clf.predict(rows))
    assert not hasattr(clone(clf), "thresholds_")


def test_review_in_grid_search(blobs):
    X, y = blobs
    search = GridSearchCV(
        ReviewThresholdClassifier(GaussianNB(), target_precision=0.9, cv=3),
        {"estimator__var_smoothing": [1e-9, 1e3]},
        cv=3,
    ).fit(X, y)

    assert search.best_params_ == {"estimator__var_smoothing": 1e-9}


def test_review_fit_leaves_the_global_generator_alone(blobs):
    before = np.random.get_state()[1].copy()
    ReviewThresholdClassifier(GaussianNB(), cv=2).fit(*blobs)

    assert_array_equal(np.random.get_state()[1], before)


def test_class_frequencies_are_reviewed():
    # What networks and ensembles predict for missing samples.
    proba = np.array([[0.95, 0.05]] * 40 + [[0.05, 0.95]] * 40 + [[0.5, 0.5]] * 20)
    y = ["a"] * 40 + ["b"] * 40 + ["a", "b"] * 10
    clf = ReviewThresholdClassifier.from_oof(
        FixedProba(), proba, y, target_precision=0.9
    )

    assert clf.predict([[0.5, 0.5], [0.95, 0.05]]).tolist() == ["review", "a"]


def test_sample_weight_is_passed_to_the_estimator(blobs):
    X, y = blobs
    weights = np.where(y == 0, 5.0, 1.0)
    clf = ReviewThresholdClassifier(GaussianNB(), target_precision=0.9, cv=3)
    clf.fit(X, y, sample_weight=weights)

    expected = GaussianNB().fit(X, y, sample_weight=weights)
    assert_array_equal(clf.predict_proba(X), expected.predict_proba(X))
    assert not np.array_equal(clf.oof_proba_, clone(clf).fit(X, y).oof_proba_)
    pipeline = make_pipeline(StandardScaler(), GaussianNB())
    with pytest.raises(ValueError, match=r"Turn on metadata routing.*set_fit_request"):
        clone(clf).set_params(estimator=pipeline).fit(X, y, sample_weight=weights)


def test_sample_weight_with_routing_reaches_a_step_of_a_pipeline(blobs):
    X, y = blobs
    weights = np.where(y == 0, 5.0, 1.0)
    expected = GaussianNB().fit(X, y, sample_weight=weights)
    with config_context(enable_metadata_routing=True):
        weighted = GaussianNB().set_fit_request(sample_weight=True)
        pipeline = make_pipeline(FunctionTransformer(), weighted)
        clf = ReviewThresholdClassifier(pipeline, target_precision=0.9, cv=3)
        clf.fit(X, y, sample_weight=weights)

    assert_array_equal(clf.predict_proba(X), expected.predict_proba(X))
