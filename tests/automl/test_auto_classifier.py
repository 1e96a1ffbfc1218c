import pickle
import time
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.naive_bayes import GaussianNB

from amzest import AutoClassifier, make_products
from amzest.automl import _search
from amzest.automl._candidates import Settings, choose_candidates
from amzest.automl._columns import describe_columns
from amzest.automl._costs import Cost
from amzest.ensemble import WeightedVotingClassifier

RNG = np.random.default_rng(0)
CODES = np.repeat([0, 1, 2], 30)
X = pd.DataFrame(
    {
        "a": CODES + RNG.normal(0, 0.7, 90),
        "b": RNG.normal(0, 1, 90) + (CODES == 1),
    }
)
Y = np.array(["hoses", "mugs", "shoes"])[CODES]


class First(GaussianNB):
    """Uses the first column only."""

    def fit(self, X, y):
        return super().fit(X * [1, 0], y)

    def predict_proba(self, X):
        return super().predict_proba(X * [1, 0])


class Sleeping(First):
    """Takes a millisecond per row."""

    def fit(self, X, y):
        time.sleep(len(X) / 1000)
        return super().fit(X, y)


class Failing(First):
    def fit(self, X, y):
        raise RuntimeError("no disk")


class Interrupted(First):
    def fit(self, X, y):
        raise KeyboardInterrupt


def make(*members, **params):
    names = [type(member).__name__.lower() for member in members]
    pairs = list(zip(names, members, strict=True))
    params = {"time_budget": None, "cv": 3, "random_state": 0, **params}
    return AutoClassifier(members=pairs, **params)


@pytest.fixture(scope="module")
def products():
    table = make_products(
        120, n_categories=3, missing_title=0.1, with_price=True, random_state=0
    ).frame
    return table.drop(columns=["category", "image"]), table["category"]


@pytest.fixture(scope="module")
def fitted(products):
    members = ["text_linear", "numbers"]
    return AutoClassifier(members=members, cv=3, random_state=0).fit(*products)


def test_the_leaderboard_and_the_members_are_described(fitted, products):
    board = fitted.leaderboard_
    assert board["accuracy"].is_monotonic_decreasing
    assert board.index[0] == fitted.best_name_
    assert {"text_linear", "numbers"} <= set(board.index)
    low, high = board["accuracy_low"], board["accuracy_high"]
    assert (low <= board["accuracy"]).all()
    assert (board["accuracy"] <= high).all()
    assert (board[["fit_seconds", "predict_ms_per_1000"]] > 0).all(axis=None)
    assert set(fitted.members_.index) == {"text_linear", "numbers"}
    assert fitted.members_["predicted_seconds"].notna().all()
    assert fitted.columns_.loc["id", "kind"] == "ignore"
    assert fitted.used_columns_ == ["title", "description", "price"]
    assert fitted.comparison_.n_samples == 120
    assert fitted.seconds_ < 120


def test_it_predicts_as_its_best_estimator(fitted, products):
    table = products[0]
    proba = fitted.predict_proba(table)
    used = table[fitted.used_columns_]
    assert_array_equal(proba, fitted.best_estimator_.predict_proba(used))
    # Other columns are not needed, and the order does not matter.
    assert_array_equal(proba, fitted.predict_proba(used[used.columns[::-1]]))
    with pytest.raises(ValueError, match="lacks the columns 'title'"):
        fitted.predict(table.drop(columns="title"))
    assert fitted.score(table, products[1]) > 0.9
    copy = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(copy.predict_proba(table), proba)
    with pytest.raises(NotFittedError):
        clone(fitted).predict(table)


def test_missing_samples_get_the_class_frequencies(fitted, products):
    nothing = pd.DataFrame({n: [None] for n in fitted.used_columns_})
    nothing["price"] = np.nan
    proba, present = fitted.predict_proba_and_presence(nothing)
    assert_array_equal(proba, [fitted.class_prior_])
    assert present.tolist() == [False]


def test_the_same_members_give_the_same_result():
    first, second = (make(First(), GaussianNB()).fit(X, Y) for _ in range(2))
    assert_array_equal(first.predict_proba(X), second.predict_proba(X))
    other = make(First(), GaussianNB(), random_state=1).fit(X, Y)
    assert not np.array_equal(first.predict_proba(X), other.predict_proba(X))


def test_of_equal_scores_the_simplest_design_is_best():
    easy = pd.DataFrame({"a": CODES + 0.0, "b": CODES * 2.0})
    auto = make(First(), GaussianNB()).fit(easy, Y)
    assert (auto.leaderboard_["accuracy"] == 1).all()
    assert auto.best_name_ == "first"


def test_copies_of_members_are_left_out():
    pairs = [("one", GaussianNB()), ("two", GaussianNB()), ("first", First())]
    auto = AutoClassifier(None, pairs, cv=3, random_state=0).fit(X, Y)
    copies = auto.members_.loc[["one", "two"]]
    assert copies["status"].value_counts().to_dict() == {"kept": 1, "dropped": 1}
    assert "near copy of" in " ".join(copies["reason"])


@pytest.mark.parametrize("metric", ["macro_f1", "log_loss"])
def test_the_metric_sorts_the_leaderboard(metric):
    auto = make(First(), GaussianNB(), metric=metric).fit(X, Y)
    scores = auto.leaderboard_[metric]
    if metric == "log_loss":
        assert scores.is_monotonic_increasing
    else:
        assert scores.is_monotonic_decreasing
    assert {"accuracy", f"{metric}_low"} <= set(auto.leaderboard_.columns)


def test_a_member_that_fails_is_left_out_with_a_warning():
    with pytest.warns(UserWarning, match="'failing' is left out.*no disk"):
        auto = make(First(), Failing()).fit(X, Y)
    assert auto.members_.loc["failing", "status"] == "failed"
    assert auto.best_name_ == "first"
    with pytest.raises(RuntimeError, match="no disk"):
        make(Failing(), First()).fit(X, Y)


def test_an_interrupt_keeps_what_is_done():
    with pytest.warns(UserWarning, match="has the 1 member fitted until then"):
        auto = make(First(), Interrupted(), GaussianNB()).fit(X, Y)
    assert auto.members_["status"].tolist() == ["kept", "not fitted", "not fitted"]
    assert auto.members_.loc["gaussiannb", "reason"] == "the fit was interrupted"
    assert auto.score(X, Y) > 0.5
    for members in ((First(), Interrupted()), (Interrupted(), First())):
        with pytest.raises(KeyboardInterrupt):
            make(*members, on_interrupt="raise").fit(X, Y)
    with pytest.raises(KeyboardInterrupt):
        make(Interrupted(), First()).fit(X, Y)


def test_a_member_that_takes_too_long_is_not_fitted():
    # It takes .3 s for a sample of 100 rows, and 6 s for 3 folds.
    class Slow(First):
        def fit(self, X, y):
            time.sleep(0.003 * len(y))
            return super().fit(X, y)

    big, y = pd.concat([X] * 11), np.tile(Y, 11)
    auto = make(First(), Slow(), time_budget=4.0)
    start = time.monotonic()
    auto.fit(big, y)
    assert time.monotonic() - start < 4.5
    assert auto.members_.loc["slow", "status"] == "not fitted"
    assert "predicted to take" in auto.members_.loc["slow", "reason"]
    assert auto.best_name_ == "first"


def test_the_first_member_is_fitted_without_folds_if_these_take_too_long():
    auto = make(Sleeping(), First(), time_budget=0.1).fit(X, Y)
    assert auto.n_folds_ == 0
    assert auto.best_name_ == "sleeping"
    assert auto.leaderboard_["accuracy"].isna().all()
    assert auto.refitted_
    assert auto.comparison_ is None
    assert auto.score(X, Y) > 0.5
    # With more time there are fewer folds than `cv`.
    auto = make(Sleeping(), time_budget=1.6, cv=20).fit(X, Y)
    assert auto.n_folds_ in (2, 3)


def test_members_are_refitted():
    auto = make(First(), GaussianNB()).fit(X, Y)
    kinds = {type(member) for member in auto.best_estimator_.estimators_}
    assert auto.refitted_
    assert kinds <= {First, GaussianNB}
    average = make(First(), GaussianNB(), refit=False).fit(X, Y)
    assert not average.refitted_
    assert average.best_name_ == auto.best_name_
    kinds = {type(m).__name__ for m in average.best_estimator_.estimators_}
    assert kinds == {"FoldAverageClassifier"}
    assert isinstance(average.best_estimator_, WeightedVotingClassifier)


def test_members_leave_time_for_the_refit(monkeypatch):
    # The folds of the second one take 20 s, its refit 10 s.
    costs = iter([Cost(90, 0.1, 0.1), Cost(90, 10.0, 0.1)] * 2)
    monkeypatch.setattr(_search, "measure_cost", lambda *_: next(costs))
    fit = {"time_budget": 28}
    kept = make(First(), GaussianNB(), refit=False, **fit).fit(X, Y)
    assert kept.members_["seconds"].notna().all()
    auto = make(First(), GaussianNB(), **fit).fit(X, Y)
    assert (
        "10 s to refit the members, when" in auto.members_.loc["gaussiannb", "reason"]
    )
    assert [type(m) for m in auto.best_estimator_.estimators_] == [First]


def test_small_categories_are_named():
    y = Y.astype(object)
    y[0] = "rare"
    with pytest.warns(UserWarning, match=r"3 folds in 1 category: 'rare' \(1\)"):
        auto = make(First()).fit(X, y)
    assert "rare" in auto.classes_
    with pytest.raises(ValueError, match="only one row"):
        make(First()).fit(X[:3], ["a", "b", "c"])
    with pytest.raises(ValueError, match="only one class"):
        make(First()).fit(X, ["a"] * 90)
    assert make(First(), cv=50).fit(X, Y).n_folds_ == 30


def test_groups_are_not_a_feature():
    groups = np.arange(90) // 3
    table = X.assign(group=groups % 7 + 0.5)
    auto = make(First(), GaussianNB(), groups="group").fit(table, Y)
    assert auto.used_columns_ == ["a", "b"]
    assert auto.columns_.loc["group", "reason"] == "contains the groups"
    with pytest.raises(ValueError, match="no column of that name"):
        make(First(), groups="shop").fit(X, Y)
    with pytest.raises(ValueError, match="`groups` has 3 rows, but `X` has 90"):
        make(First(), groups=[1, 2, 3]).fit(X, Y)


def test_progress_is_reported(capsys):
    steps = []
    auto = make(First(), time_budget=60, verbose=2, progress=steps.append)
    auto.fit(X, Y)
    assert [s.step for s in steps][-2:] == [
        "combine the members",
        "refit on all rows",
    ]
    assert steps[-1].best == "first"
    left = [step.seconds_left for step in steps]
    assert left == sorted(left, reverse=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(steps)
    assert "first: fit" in lines[-3]
    make(First(), verbose=1, time_budget=60).fit(X, Y)
    shown = capsys.readouterr()
    assert "refit on all rows" in shown.err
    assert "of 60 s" in shown.err
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make(First()).fit(X, Y)
    assert capsys.readouterr() == ("", "")


def test_wrong_members_are_named():
    table = pd.DataFrame({"title": ["red shoe", "hose"] * 10})
    with pytest.raises(ValueError, match=r"'bert'.*candidates.*text_linear"):
        AutoClassifier(members=["text_linear", "bert"]).fit(table, ["a", "b"] * 10)
    with pytest.raises(ValueError, match="list of pairs of a name and a classifier"):
        AutoClassifier(members=[("one", First()), "two"]).fit(X, Y)
    with pytest.raises(ValueError, match="no column of texts, images or numbers"):
        AutoClassifier().fit(pd.DataFrame({"id": range(20)}), ["a", "b"] * 10)


def test_candidates_depend_on_the_columns():
    table = pd.DataFrame(
        {
            "title": ["red shoe", "hose"],
            "front": ["a.jpg", "b.jpg"],
            "back": ["c.jpg", "d.jpg"],
            "price": [1.5, 2.0],
        }
    )
    settings = Settings("bert/", "vit/", "shop/", "missing")
    found = choose_candidates("auto", describe_columns(table), settings)
    names = [candidate.name for candidate in found]
    assert names[0] == "text_linear"
    assert {"text_pretrained", "image_pretrained front", "image_cnn back"} <= set(names)
    assert names[-1] == "numbers"
    image = found[names.index("image_cnn front")]
    assert image.estimator[-1].image_root == "shop/"
    sizes = []
    while image is not None:
        sizes.append((image.estimator[-1].image_size, image.estimator[-1].max_epochs))
        image = image.cheaper
    assert sizes == [(64, 16), (32, 16), (32, 8)]
    without = describe_columns(table[["front", "price"]])
    assert choose_candidates("auto", without, Settings())[0].name == "numbers"
