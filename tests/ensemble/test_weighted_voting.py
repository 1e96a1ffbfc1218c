"""Weights of the vote, learnt on out-of-fold predictions; missing members."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
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
from amzest.evaluation import compare_classifiers

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
def test_fixed_weights_are_equal_to_voting_classifier(data, weights):
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
    vote = crossfit.weighted_voting(weights, objective="log_loss")
    mixed = sum(
        weight * crossfit.oof_proba_[name]
        for weight, (name, _) in zip(vote.weights_, MEMBERS, strict=True)
    )
    losses = [log_loss(y, proba) for proba in crossfit.oof_proba_.values()]
    assert log_loss(y, mixed) <= min(losses) + 1e-9
    assert vote.weights_.sum() == pytest.approx(1)
    assert (vote.weights_ >= 0).all()
    assert vote.weights_.argmin() == 1
    # Fitting directly has the same result.
    plain = WeightedVotingClassifier(
        MEMBERS, weights=weights, objective="log_loss", random_state=0
    ).fit(X, y)
    np.testing.assert_array_equal(plain.weights_, vote.weights_)
    np.testing.assert_array_equal(plain.predict_proba(X), vote.predict_proba(X))
    np.testing.assert_array_equal(plain.oof_proba_, vote.oof_proba_)


@pytest.mark.parametrize("weights", ["learn", "greedy"])
@pytest.mark.parametrize("calibrate", [False, True])
def test_weights_for_accuracy_are_as_accurate_as_the_best_member(
    data, weights, calibrate
):
    X, y = data
    crossfit = CrossFit(MEMBERS, random_state=0).fit(X, y)
    vote = crossfit.weighted_voting(weights, objective="accuracy", calibrate=calibrate)
    probas = [
        calibrator.predict_proba(np.log(crossfit.oof_proba_[name]))
        if calibrate
        else crossfit.oof_proba_[name]
        for calibrator, name in zip(
            vote.calibrators_ or [None] * 3, crossfit.names_, strict=True
        )
    ]
    mixed = np.tensordot(vote.weights_, probas, axes=1)
    best = max((p.argmax(axis=1) == crossfit.y_).mean() for p in probas)
    assert (mixed.argmax(axis=1) == crossfit.y_).mean() >= best - 0.005
    plain = WeightedVotingClassifier(
        MEMBERS,
        weights=weights,
        objective="accuracy",
        calibrate=calibrate,
        random_state=0,
    ).fit(X, y)
    np.testing.assert_array_equal(plain.weights_, vote.weights_)
    np.testing.assert_array_equal(plain.oof_proba_, vote.oof_proba_)


@pytest.mark.parametrize("weights", [None, [3, 0, 1]])
def test_calibrated_vote_is_the_mean_of_calibrated_members(data, weights):
    X, y = data
    crossfit = CrossFit(MEMBERS, random_state=0).fit(X, y)
    vote = crossfit.weighted_voting(weights, calibrate=True)
    members = [crossfit.calibrated(name) for name in crossfit.names_]
    shares = vote.weights_
    mean = np.tensordot(shares, [m.predict_proba(X) for m in members], axes=1)
    np.testing.assert_allclose(vote.predict_proba(X), mean, atol=1e-9)
    mean = np.tensordot(shares, [m.oof_proba_ for m in members], axes=1)
    np.testing.assert_allclose(vote.oof_proba_, mean, atol=1e-9)
    assert not np.allclose(
        vote.predict_proba(X), crossfit.weighted_voting(weights).predict_proba(X)
    )
    # A direct fit needs folds for it.
    direct = WeightedVotingClassifier(
        MEMBERS, weights=weights, calibrate=True, random_state=0
    ).fit(X, y)
    np.testing.assert_array_equal(direct.predict_proba(X), vote.predict_proba(X))
    np.testing.assert_array_equal(direct.oof_proba_, vote.oof_proba_)
    assert crossfit.weighted_voting(weights).calibrators_ is None


def test_calibrated_vote_keeps_missing_members_out(numbered):
    X, y = numbered
    members = [
        ("main", Recording(missing=(2.0, 5.0))),
        ("other", Recording(missing=(5.0, 7.0))),
    ]
    crossfit = CrossFit(members, random_state=0).fit(X, y)
    vote = crossfit.weighted_voting(calibrate=True)
    proba, present = vote.predict_proba_and_presence(X)
    main, other = (
        crossfit.calibrated(name).predict_proba(X) for name in ("main", "other")
    )
    np.testing.assert_allclose(proba[0], (main[0] + other[0]) / 2)
    np.testing.assert_allclose(proba[2], other[2])
    np.testing.assert_allclose(proba[7], main[7])
    np.testing.assert_array_equal(proba[5], vote.class_prior_)
    assert np.flatnonzero(~present).tolist() == [5]


@pytest.mark.parametrize(
    "parameter", [{"objective": "f1"}, {"calibrate": "yes"}, {"objective": None}]
)
def test_invalid_objective_and_calibrate(data, parameter):
    (name,) = parameter
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        WeightedVotingClassifier(MEMBERS, **parameter).fit(*data)
    crossfit = CrossFit(MEMBERS, cv=2).fit(*data)
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        crossfit.weighted_voting(**parameter)


def test_report_of_objectives(data):
    X, y = data
    crossfit = CrossFit(MEMBERS, random_state=0).fit(X, y)
    for objective in ("accuracy", "log_loss"):
        report = crossfit.report("greedy", objective=objective)
        vote = crossfit.weighted_voting("greedy", objective=objective)
        np.testing.assert_array_equal(report["weight"], vote.weights_)
    assert not crossfit.report(objective="accuracy").equals(
        crossfit.report(objective="log_loss")
    )


@pytest.mark.parametrize(
    "parameters", [{}, {"objective": "log_loss"}, {"calibrate": True}]
)
def test_out_of_fold_vote_does_not_use_labels_of_its_fold(data, parameters):
    X, y = data
    crossfit = CrossFit(MEMBERS, random_state=0).fit(X, y)
    before = crossfit.weighted_voting("learn", **parameters).oof_proba_
    inside = crossfit.fold_ == 2
    crossfit.y_ = crossfit.y_.copy()
    crossfit.y_[inside] = (crossfit.y_[inside] + 1) % 3
    after = crossfit.weighted_voting("learn", **parameters).oof_proba_
    np.testing.assert_array_equal(before[inside], after[inside])
    assert not np.array_equal(before[~inside], after[~inside])


def member_of(column):
    filled = FunctionTransformer(lambda texts: texts.fillna(""))
    return make_pipeline(
        ColumnSelector(column), filled, CountVectorizer(), LogisticRegression()
    )


def test_member_is_left_out_where_a_sample_is_missing():
    frame = pd.DataFrame(
        {
            "title": ["red mug", "blue mug", "desk lamp", None, None, "  "] * 5,
            "maker": ["Acme", None, "Bolt", "Acme", None, float("nan")] * 5,
        }
    )
    y = np.array(["mug", "mug", "lamp", "mug", "lamp", "mug"] * 5)
    members = [("title", member_of("title")), ("maker", member_of("maker"))]
    vote = WeightedVotingClassifier(members, weights=[3, 1]).fit(frame, y)
    title, maker = (member.predict_proba(frame) for member in vote.estimators_)
    proba, present = vote.predict_proba_and_presence(frame)
    np.testing.assert_allclose(proba[0], 0.75 * title[0] + 0.25 * maker[0])
    np.testing.assert_allclose(proba[1], title[1])
    np.testing.assert_allclose(proba[3], maker[3])
    for row in (4, 5):
        np.testing.assert_allclose(proba[row], vote.class_prior_)
    assert present[:6].tolist() == [True, True, True, True, False, False]


def test_class_frequencies_if_only_a_member_of_weight_0_is_present():
    frame = pd.DataFrame(
        {"title": ["mug", "lamp", None], "maker": ["Acme", "Bolt", "Acme"]}
    )
    members = [("title", member_of("title")), ("maker", member_of("maker"))]
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
def test_invalid_weights(data, weights):
    with pytest.raises(ValueError, match=r"weights. (must be|parameter of)"):
        WeightedVotingClassifier(MEMBERS, weights=weights).fit(*data)
    crossfit = CrossFit(MEMBERS, cv=2).fit(*data)
    with pytest.raises(ValueError, match=r"weights. (must be|parameter of)"):
        crossfit.weighted_voting(weights)


class Recording(GaussianNB):
    """Records the samples that it predicts; one of them raises an error."""

    def __init__(self, invalid=-1.0, missing=()):
        super().__init__()
        self.invalid = invalid
        self.missing = missing

    def fit(self, X, y):
        type(self).n_fits += 1
        super().fit(X.toarray() if sparse.issparse(X) else X, y)
        self.predicted_ = []
        return self

    def predict_proba_and_presence(self, X):
        X = X.toarray() if sparse.issparse(X) else X
        numbers = np.asarray(X, dtype=float)[:, 0]
        self.predicted_ += numbers.tolist()
        if (numbers == self.invalid).any():
            raise ValueError("cannot be decoded")
        return super().predict_proba(X), ~np.isin(numbers, self.missing)

    n_fits = 0


@pytest.fixture(scope="module")
def numbered():
    X = np.random.default_rng(0).normal(size=(40, 3))
    X[:, 0] = np.arange(40)
    return X, np.array(["mug", "lamp"] * 20)


@pytest.mark.parametrize("weights", [[1, 0], [0, 2, 0]])
def test_members_of_weight_zero_are_not_computed(numbered, weights):
    X, y = numbered
    members = [
        (f"m{place}", Recording(-1.0 if weight else 3.0))
        for place, weight in enumerate(weights)
    ]
    Recording.n_fits = 0
    vote = WeightedVotingClassifier(members, weights=weights).fit(X, y)
    assert Recording.n_fits == len(vote.estimators_) == 1
    expected = ["drop" if weight == 0 else vote.estimators_[0] for weight in weights]
    assert list(vote.named_estimators_.values()) == expected
    assert len(vote.weights_) == len(weights)
    # From a CrossFit it is fitted, but does not predict, which would raise an error.
    crossfit = CrossFit(members, cv=2, refit=True)
    for _, member in members:
        member.invalid = -1.0
    crossfit.fit(X, y)
    for member in crossfit.estimators_.values():
        member.invalid = 3.0
    voting = weights.index(max(weights))
    crossfit.estimators_[f"m{voting}"].invalid = -1.0
    again = crossfit.weighted_voting(weights)
    np.testing.assert_array_equal(again.predict_proba(X), vote.predict_proba(X))
    assert len(again.estimators_) == len(weights)


FORMS = {
    "array": np.asarray,
    "frame": lambda X: pd.DataFrame(X, columns=["a", "b", "c"]),
    "list": lambda X: X.tolist(),
    "sparse": sparse.csr_array,
}


@pytest.mark.parametrize("form", FORMS)
def test_negligible_members_predict_where_no_other_is_present(numbered, form):
    X, y = numbered
    members = [
        ("main", Recording(missing=(2.0, 5.0, 7.0))),
        ("small", Recording(missing=(5.0,))),
        ("tiny", Recording(missing=(7.0,))),
    ]
    vote = WeightedVotingClassifier(members, weights=[1, 1e-6, 1e-7])
    rows = FORMS[form](X)
    vote.fit(rows, y)
    proba, present = vote.predict_proba_and_presence(rows)
    main, small, tiny = vote.estimators_
    assert main.predicted_ == X[:, 0].tolist()
    assert small.predicted_ == tiny.predicted_ == [2.0, 5.0, 7.0]
    assert present.all()
    alone = [m.predict_proba_and_presence(rows)[0] for m in vote.estimators_]
    others = [row for row in range(40) if row not in (2, 5, 7)]
    np.testing.assert_array_equal(proba[others], alone[0][others])
    np.testing.assert_allclose(proba[5], alone[2][5])
    np.testing.assert_allclose(proba[7], alone[1][7])
    np.testing.assert_allclose(proba[2], (alone[1][2] + 0.1 * alone[2][2]) / 1.1)


def test_class_frequencies_if_no_voting_member_is_present(numbered):
    X, y = numbered
    members = [("main", Recording(missing=(2.0,))), ("none", Recording())]
    vote = WeightedVotingClassifier(members, weights=[1, 0]).fit(X, y)
    proba, present = vote.predict_proba_and_presence(X)
    assert np.flatnonzero(~present).tolist() == [2]
    np.testing.assert_array_equal(proba[2], vote.class_prior_)


def test_error_about_a_part_of_the_samples_has_their_positions(numbered):
    X, y = numbered
    members = [("main", Recording(missing=(9.0, 12.0))), ("small", Recording())]
    crossfit = CrossFit(members, cv=2)
    vote = crossfit.fit(X, y).weighted_voting([1, 1e-9])
    vote.named_estimators_["small"].invalid = 12.0
    with pytest.raises(ValueError, match="cannot be decoded") as caught:
        vote.predict(X)
    assert "are the rows 9, 12, ... of X" in caught.value.__notes__[0]
    assert len(vote.predict(X[:9])) == 9


def test_negligible_weight_changes_no_prediction(data):
    X, y = data
    crossfit = CrossFit(MEMBERS, random_state=0).fit(X, y)
    vote = crossfit.weighted_voting([3, 1e-6, 1])
    mixed = sum(
        weight * member.predict_proba(X)
        for weight, member in zip(vote.weights_, vote.estimators_, strict=True)
    )
    np.testing.assert_allclose(vote.predict_proba(X), mixed, atol=1e-6)
    assert (vote.predict_proba(X).argmax(1) == mixed.argmax(1)).all()
    oof = sum(
        weight * crossfit.oof_proba_[name]
        for weight, (name, _) in zip(vote.weights_, MEMBERS, strict=True)
    )
    np.testing.assert_allclose(vote.oof_proba_, oof, atol=1e-6)


@pytest.mark.parametrize("weights", [None, "learn", "greedy", [2, 0, 1]])
def test_report_of_cost_and_contribution_of_members(data, weights):
    X, y = data
    crossfit = CrossFit(MEMBERS, random_state=0, refit=False).fit(X, y)
    report = crossfit.report(weights)
    assert report.index.tolist() == ["bayes", "guess", "linear"]
    assert report["weight"].sum() == pytest.approx(1)
    assert (report[["fit_seconds", "predict_seconds_per_1000"]] > 0).all(axis=None)
    without = CrossFit(MEMBERS[:2], random_state=0).fit(X, y)
    fewer = weights[:2] if isinstance(weights, list) else weights
    vote = crossfit.report(weights).loc["linear"]
    full = CrossFit(MEMBERS, random_state=0).fit(X, y).weighted_voting(weights)
    rest = without.weighted_voting(fewer)
    codes = crossfit.y_
    gain = (full.oof_proba_.argmax(1) == codes).mean() - (
        rest.oof_proba_.argmax(1) == codes
    ).mean()
    assert vote["adds"] == pytest.approx(gain)
    assert vote["accuracy"] == (crossfit.oof_proba_["linear"].argmax(1) == codes).mean()


def test_report_of_shared_errors(data):
    X, y = data
    members = [*MEMBERS, ("again", GaussianNB(var_smoothing=1e-8))]
    crossfit = CrossFit(members, random_state=0, refit=False).fit(X, y)
    report = crossfit.report()
    assert report.loc["bayes", "most_similar"] == "again"
    assert report.loc["again", "most_similar"] == "bayes"
    assert report.loc["bayes", "same_errors"] > 0.9
    overlap = compare_classifiers(crossfit).fusion().overlap_matrix("same_errors")
    for name, row in report.iterrows():
        others = overlap.loc[name].drop(name)
        assert row["same_errors"] == pytest.approx(others.max())
        assert row["most_similar"] == others.idxmax()


def test_report_of_one_member_and_invalid_weights(data):
    X, y = data
    crossfit = CrossFit(MEMBERS[:1], cv=2, random_state=0).fit(X, y)
    assert crossfit.report()["adds"].isna().all()
    assert crossfit.report()[["most_similar", "same_errors"]].isna().all(axis=None)
    with pytest.raises(ValueError, match=r"weights. (must be|parameter of)"):
        crossfit.report([1, 2])
