import numpy as np
import pandas as pd
import pytest
from sklearn.naive_bayes import GaussianNB

from amzest.automl import _search
from amzest.automl._budget import Budget
from amzest.automl._candidates import Candidate
from amzest.automl._costs import Cost
from amzest.automl._folds import make_folds
from amzest.automl._progress import Reporter
from amzest.automl._search import Search

TARGETS = np.arange(60) % 3
X = pd.DataFrame({"a": TARGETS + np.random.default_rng(0).normal(0, 0.5, 60)})


@pytest.fixture
def search():
    budget = Budget(100.0)
    labels = TARGETS.astype(str)
    return Search(
        X,
        labels,
        TARGETS,
        budget,
        Reporter(budget, 0, None),
        lambda n: make_folds(5, labels, TARGETS, None, 0, n),
        None,
        0,
    )


@pytest.fixture
def costs(monkeypatch):
    """Predicted seconds of the folds of a candidate, by its `gain`."""
    seconds = {}

    def measure(candidate, table, *_):
        of_fold = seconds[candidate.name, candidate.gain] / 5
        return Cost(rows=48, fit=of_fold, predict=0.0)

    monkeypatch.setattr(_search, "measure_cost", measure)
    return seconds


def candidate(name, gain, seconds, costs, **params):
    costs[name, gain] = seconds
    return Candidate(name, GaussianNB(), gain=gain, **params)


def test_candidates_are_fitted_by_gain_per_second(search, costs):
    first = candidate("first", 1.0, 1, costs)
    slow = candidate("slow", 0.5, 50, costs)
    fast = candidate("fast", 0.4, 2, costs)
    copy = candidate("copy", 0.3, 4, costs, family="texts")
    text = candidate("text", 0.2, 2, costs, family="texts")
    search.run([first, copy, slow, fast, text], keep_interrupted=False)
    # Of the same family, the second one is expected to gain a quarter.
    assert list(search.crossfits) == ["first", "fast", "text", "copy", "slow"]
    assert {found["status"] for found in search.status.values()} == {"kept"}
    assert search.status["slow"]["predicted_seconds"] == pytest.approx(50)


def test_a_cheaper_candidate_takes_the_place_of_a_slow_one(search, costs):
    fast = candidate("image", 0.1, 5, costs)
    medium = candidate("image", 0.2, 200, costs, cheaper=fast)
    slow = candidate("image", 0.3, 300, costs, cheaper=medium)
    huge = candidate("huge", 0.3, 300, costs)
    first = candidate("first", 1.0, 1, costs)
    search.run([first, slow, huge], keep_interrupted=False)
    assert list(search.crossfits) == ["first", "image"]
    assert search.status["image"]["predicted_seconds"] == pytest.approx(5)
    assert search.status["huge"]["reason"].startswith("predicted to take 300 s, when ")
    search.crossfits.clear()
    search.run([slow], keep_interrupted=False)
    assert search.status["image"]["predicted_seconds"] == pytest.approx(5)


@pytest.mark.parametrize(("seconds", "n_folds"), [(40, 5), (70, 3), (150, 2), (400, 0)])
def test_the_first_member_has_fewer_folds_if_it_is_slow(
    search, costs, seconds, n_folds
):
    search.run([candidate("first", 1.0, seconds, costs)], keep_interrupted=False)
    assert len(search.folds) == n_folds
    assert hasattr(search.joined(), "oof_proba_") == (n_folds > 0)
    assert search.status["first"]["status"] == "kept"


def test_nothing_is_measured_if_a_framework_takes_too_long_to_load(search, costs):
    first = candidate("first", 1.0, 1, costs)
    search.budget.start -= 90  # 10 seconds are left
    search.run(
        [first, candidate("image", 0.3, 1, costs, start=8.0)], keep_interrupted=0
    )
    assert "too few to measure" in search.status["image"]["reason"]


def test_joined_members_are_those_of_one_cross_fit(search, costs):
    names = ["first", "second"]
    members = [candidate(name, 0.5, 1, costs) for name in names]
    search.run(members, keep_interrupted=False)
    joined = search.joined()
    assert joined.names_ == list(joined.oof_proba_) == names
    assert [name for name, _ in joined.estimators] == names
    assert list(joined.weighted_voting().named_estimators_) == names
    assert search.describe()["status"].tolist() == ["kept", "kept"]
