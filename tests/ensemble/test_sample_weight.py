"""Sample weights and metadata routing through CrossFit and the ensembles."""

import numpy as np
import pandas as pd
import pytest
from counting import CountingClassifier
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, GroupKFold, StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector
from amzest.ensemble import (
    CalibratedClassifier,
    CrossFit,
    MissingAwareStackingClassifier,
    WeightedVotingClassifier,
)

MEMBERS = [("bayes", GaussianNB()), ("linear", LogisticRegression(tol=1e-10))]
ENSEMBLES = {
    "vote": lambda cv: WeightedVotingClassifier(MEMBERS, cv=cv),
    "learnt vote": lambda cv: WeightedVotingClassifier(MEMBERS, weights="learn", cv=cv),
    "vote for the log-loss": lambda cv: WeightedVotingClassifier(
        MEMBERS, weights="learn", objective="log_loss", cv=cv
    ),
    "calibrated vote": lambda cv: WeightedVotingClassifier(
        MEMBERS, calibrate=True, cv=cv
    ),
    "greedy vote": lambda cv: WeightedVotingClassifier(
        MEMBERS, weights="greedy", cv=cv
    ),
    "stack": lambda cv: MissingAwareStackingClassifier(
        MEMBERS, LogisticRegression(tol=1e-10), cv=cv
    ),
    "calibrated": lambda cv: CalibratedClassifier(GaussianNB(), cv=cv),
    "isotonic": lambda cv: CalibratedClassifier(GaussianNB(), method="isotonic", cv=cv),
}


@pytest.fixture(scope="module")
def data():
    X, codes = make_classification(
        120, n_informative=6, n_classes=3, flip_y=0.2, random_state=0
    )
    y = np.array(["mugs", "lamps", "tees"])[codes]
    folds = list(StratifiedKFold(3).split(X, y))
    return X, y, folds


@pytest.fixture(scope="module")
def counts():
    """How often each sample is repeated."""
    return np.random.default_rng(0).integers(0, 4, 120)


def kept(folds, counts):
    """Return the folds of a dataset in which each sample is repeated."""
    rows = np.repeat(np.arange(len(counts)), counts)
    return [
        tuple(np.flatnonzero(np.isin(rows, part)) for part in fold) for fold in folds
    ]


@pytest.mark.parametrize("name", ENSEMBLES)
@pytest.mark.parametrize("most", [1, 3])
def test_weight_equals_repetition_and_zero_equals_removal(data, counts, name, most):
    X, y, folds = data
    counts = np.minimum(counts, most)
    weighted = ENSEMBLES[name](folds).fit(X, y, sample_weight=counts)
    rows = np.repeat(np.arange(len(y)), counts)
    repeated = ENSEMBLES[name](kept(folds, counts)).fit(X[rows], y[rows])
    np.testing.assert_allclose(weighted.class_prior_, repeated.class_prior_)
    np.testing.assert_allclose(
        weighted.predict_proba(X), repeated.predict_proba(X), atol=2e-4
    )
    if hasattr(weighted, "oof_proba_"):
        np.testing.assert_allclose(
            weighted.oof_proba_[rows], repeated.oof_proba_, atol=2e-4
        )
    plain = ENSEMBLES[name](folds).fit(X, y)
    assert not np.allclose(plain.predict_proba(X), weighted.predict_proba(X))


@pytest.mark.parametrize("name", ENSEMBLES)
def test_ones_change_nothing(data, name):
    X, y, folds = data
    plain = ENSEMBLES[name](folds).fit(X, y)
    ones = ENSEMBLES[name](folds).fit(X, y, np.ones(len(y)))
    np.testing.assert_allclose(plain.predict_proba(X), ones.predict_proba(X), atol=1e-4)
    assert plain.sample_weight_ is None
    assert ones.sample_weight_.tolist() == [1.0] * len(y)


def test_cross_fit_keeps_weights_for_its_ensembles_and_report(data, counts):
    X, y, folds = data
    crossfit = CrossFit(MEMBERS, cv=folds).fit(X, y, sample_weight=counts)
    for made, name in (
        (crossfit.weighted_voting("learn"), "learnt vote"),
        (crossfit.stacking(LogisticRegression(tol=1e-10)), "stack"),
        (crossfit.calibrated("bayes"), "calibrated"),
    ):
        direct = ENSEMBLES[name](folds).fit(X, y, sample_weight=counts)
        np.testing.assert_array_equal(made.predict_proba(X), direct.predict_proba(X))
        np.testing.assert_array_equal(made.oof_proba_, direct.oof_proba_)
    report = crossfit.report()
    for member, _ in MEMBERS:
        proba = crossfit.oof_proba_[member]
        expected = log_loss(y, proba, sample_weight=counts)
        assert report.loc[member, "log_loss"] == pytest.approx(expected)
        right = crossfit.classes_[proba.argmax(axis=1)] == y
        accuracy = np.average(right, weights=counts)
        assert report.loc[member, "accuracy"] == pytest.approx(accuracy)


def test_members_are_fitted_with_the_weights_of_their_fold(data, counts):
    X, y, folds = data
    weight = pd.Series(counts + 1.0, index=np.arange(120)[::-1])
    crossfit = CrossFit(MEMBERS, cv=folds).fit(X, y, sample_weight=weight)
    train, test = folds[1]
    for name, member in MEMBERS:
        alone = member.fit(X[train], y[train], weight.to_numpy()[train])
        np.testing.assert_array_equal(
            crossfit.oof_proba_[name][test], alone.predict_proba(X[test])
        )
    without = CrossFit(MEMBERS).fit_without_folds(X, y, sample_weight=weight)
    whole = GaussianNB().fit(X, y, weight)
    np.testing.assert_array_equal(
        without.estimators_["bayes"].predict_proba(X), whole.predict_proba(X)
    )


def test_cached_fits_depend_on_the_weights(data, counts, tmp_path):
    X, y, folds = data
    members = [("one", CountingClassifier())]
    crossfit = CrossFit(members, cv=folds, memory=str(tmp_path))
    fits = []
    for weight in (None, counts, counts.astype(float), counts + 1, None):
        CountingClassifier.n_fits = 0
        crossfit.fit(X, y, sample_weight=weight)
        fits.append(CountingClassifier.n_fits)
    assert fits == [4, 4, 0, 4, 0]


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(3), "sample_weight.shape"),
        (-np.ones(120), "[Nn]egative"),
        (np.full(120, np.nan), "NaN"),
        (np.zeros(120), "at least one non-zero"),
    ],
)
@pytest.mark.parametrize("name", ENSEMBLES)
def test_invalid_weights(data, name, weight, message):
    X, y, folds = data
    with pytest.raises(ValueError, match=message):
        ENSEMBLES[name](folds).fit(X, y, sample_weight=weight)


def test_member_that_takes_no_weights_is_named(data, counts):
    X, y, _ = data
    neighbours = [*MEMBERS, ("near", KNeighborsClassifier())]
    pipeline = [*MEMBERS, ("pipe", make_pipeline(GaussianNB()))]
    for estimator, message in (
        (CrossFit(neighbours), "member 'near': KNeighborsClassifier.fit does not"),
        (WeightedVotingClassifier(pipeline), "member 'pipe': Pipeline.fit does not"),
        (
            MissingAwareStackingClassifier(MEMBERS, KNeighborsClassifier()),
            "`final_estimator`: KNeighborsClassifier.fit does not",
        ),
        (CalibratedClassifier(KNeighborsClassifier()), "member 'estimator': KN"),
    ):
        with pytest.raises(ValueError, match=message) as caught:
            estimator.fit(X, y, sample_weight=counts)
        assert "enable_metadata_routing=True" in str(caught.value)
        estimator.fit(X, y)
    # A member of weight 0 is not fitted, and need not take weights.
    vote = WeightedVotingClassifier(neighbours, weights=[1, 1, 0])
    vote.fit(X, y, sample_weight=counts)


def test_members_that_pass_parameters_on(data, counts):
    X, y, folds = data
    search = GridSearchCV(GaussianNB(), {}, cv=2)
    members = [("vote", VotingClassifier(MEMBERS, voting="soft")), ("grid", search)]
    crossfit = CrossFit(members, cv=folds).fit(X, y, sample_weight=counts)
    alone = GaussianNB().fit(X, y, counts)
    np.testing.assert_array_equal(
        crossfit.estimators_["grid"].predict_proba(X), alone.predict_proba(X)
    )


def test_other_metadata_needs_routing(data):
    X, y, folds = data
    for name in ENSEMBLES:
        with pytest.raises(ValueError, match="enable_metadata_routing=True"):
            ENSEMBLES[name](folds).fit(X, y, groups=np.arange(120))


@pytest.fixture
def routing():
    with config_context(enable_metadata_routing=True):
        yield


def frames(data):
    X, y, folds = data
    return pd.DataFrame(X).add_prefix("c"), y, folds


def pipeline(request):
    last = GaussianNB().set_fit_request(sample_weight=request)
    return make_pipeline(ColumnSelector(["c0", "c1", "c2"]), last)


@pytest.mark.usefixtures("routing")
def test_pipelines_with_routing(data, counts):
    X, y, folds = frames(data)
    members = [("weighted", pipeline(True)), ("plain", pipeline(False))]
    some = X[["c0", "c1", "c2"]]
    expected = {
        "weighted": GaussianNB().fit(some, y, counts),
        "plain": GaussianNB().fit(some, y),
    }
    estimators = [
        CrossFit(members, cv=folds),
        WeightedVotingClassifier(members),
        MissingAwareStackingClassifier(members, cv=folds),
    ]
    for estimator in estimators:
        estimator.fit(X, y, sample_weight=counts)
        fitted = getattr(estimator, "named_estimators_", None) or estimator.estimators_
        for name, alone in expected.items():
            np.testing.assert_array_equal(
                fitted[name].predict_proba(X), alone.predict_proba(some)
            )
        prior = np.bincount(estimator.y_, counts) / counts.sum()
        np.testing.assert_allclose(estimator.class_prior_, prior)
    calibrated = CalibratedClassifier(pipeline(True), cv=folds)
    calibrated.fit(X, y, sample_weight=counts)
    with config_context(enable_metadata_routing=False):
        same = CalibratedClassifier(GaussianNB(), cv=folds).fit(some, y, counts)
    np.testing.assert_array_equal(calibrated.predict_proba(X), same.predict_proba(some))


@pytest.mark.usefixtures("routing")
def test_unset_request_is_an_error_as_in_scikit_learn(data, counts):
    X, y, _ = frames(data)
    members = [("unset", make_pipeline(ColumnSelector(["c0"]), GaussianNB()))]
    for estimator in (
        CrossFit(members),
        WeightedVotingClassifier(members),
        MissingAwareStackingClassifier(members),
        CalibratedClassifier(GaussianNB()),
        MissingAwareStackingClassifier([("set", pipeline(True))], LogisticRegression()),
    ):
        with pytest.raises(UnsetMetadataPassedError, match="set_fit_request"):
            estimator.fit(X, y, sample_weight=counts)
        if isinstance(estimator, CrossFit):
            estimator.fit(X, y)


@pytest.mark.usefixtures("routing")
def test_meta_model_on_a_cross_fit_gets_weights_if_it_requests_them(data, counts):
    X, y, folds = frames(data)
    crossfit = CrossFit([("one", pipeline(True))], cv=folds)
    crossfit.fit(X, y, sample_weight=counts)
    with pytest.raises(UnsetMetadataPassedError, match="LogisticRegression"):
        crossfit.stacking(LogisticRegression())
    proba = [
        crossfit.stacking(
            LogisticRegression(max_iter=1000).set_fit_request(sample_weight=request)
        ).predict_proba(X)
        for request in (True, False)
    ]
    np.testing.assert_array_equal(crossfit.stacking().predict_proba(X), proba[0])
    assert not np.allclose(*proba)


@pytest.mark.usefixtures("routing")
def test_groups_are_routed_to_the_splitter(data):
    X, y, _ = data
    groups = np.arange(120) // 4
    crossfit = CrossFit(MEMBERS, cv=GroupKFold(3)).fit(X, y, groups=groups)
    assert pd.Series(crossfit.fold_).groupby(groups).nunique().max() == 1
    same = CrossFit(MEMBERS, cv=GroupKFold(3), groups=groups).fit(X, y)
    np.testing.assert_array_equal(crossfit.fold_, same.fold_)
    for estimator in (
        WeightedVotingClassifier(MEMBERS, weights="learn", cv=GroupKFold(3)),
        MissingAwareStackingClassifier(MEMBERS, cv=GroupKFold(3)),
        CalibratedClassifier(GaussianNB(), cv=GroupKFold(3)),
    ):
        assert estimator.fit(X, y, groups=groups).oof_proba_.shape == (120, 3)
    with pytest.raises(TypeError, match="groups"):
        CrossFit(MEMBERS, cv=3).fit(X, y, groups=groups)


@pytest.mark.usefixtures("routing")
def test_ensembles_below_other_estimators_request_weights(data, counts):
    X, y, _ = frames(data)
    for inner in (
        WeightedVotingClassifier([("one", pipeline(True))]),
        CalibratedClassifier(pipeline(True), cv=2),
    ):
        outer = make_pipeline(ColumnSelector(["c0", "c1", "c2"]), inner)
        with pytest.raises(UnsetMetadataPassedError):
            outer.fit(X, y, sample_weight=counts)
        inner.set_fit_request(sample_weight=True)
        outer.fit(X, y, sample_weight=counts)
        some = X[["c0", "c1", "c2"]]
        alone = clone(inner).fit(some, y, sample_weight=counts)
        np.testing.assert_array_equal(outer.predict_proba(X), alone.predict_proba(some))
