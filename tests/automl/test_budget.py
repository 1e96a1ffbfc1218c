import pickle
import time
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, TextCNNClassifier
from amzest.automl._budget import (
    Budget,
    BudgetExceededError,
    DeadlineCallback,
    forget_callbacks,
    listen,
)
from amzest.automl._costs import Cost, choose_sample
from amzest.ensemble import CrossFit


def epoch(number, n_epochs=10):
    fit = SimpleNamespace(parent=None, max_subtasks=n_epochs)
    return SimpleNamespace(task_id=number, parent=fit, source_estimator_name=None)


def test_budget_keeps_a_reserve():
    budget = Budget(100.0)
    budget.reserve = 30.0
    assert 69 < budget.left <= 70
    assert abs(budget.deadline - time.monotonic() - budget.left) < 0.1
    assert Budget(None).left == np.inf


def test_a_fit_ends_after_the_deadline_except_for_its_last_epoch():
    callback = DeadlineCallback(time.monotonic() - 1)
    with pytest.raises(BudgetExceededError, match="used up"):
        callback.on_fit_task_begin(GaussianNB(), epoch(0))
    with pytest.raises(BudgetExceededError, match="used up"):
        callback.on_fit_task_end(GaussianNB(), epoch(3))
    callback.on_fit_task_end(GaussianNB(), epoch(9))  # almost fitted
    whole = SimpleNamespace(parent=None, source_estimator_name=None)
    callback.on_fit_task_end(GaussianNB(), whole)


def test_a_fit_ends_when_its_projected_end_is_late():
    callback = DeadlineCallback(time.monotonic() + 10, n_folds=2)
    callback.start -= 5  # 5 of 15 seconds are over
    callback.on_fit_task_end(CrossFit([]), epoch(0))  # and half of the folds fitted
    late = DeadlineCallback(time.monotonic() + 10, n_folds=5)
    late.start -= 5
    with pytest.raises(BudgetExceededError, match="about 25 s"):
        late.on_fit_task_end(CrossFit([]), epoch(0))
    # In a worker process nothing is known of other folds.
    pickle.loads(pickle.dumps(late)).on_fit_task_end(CrossFit([]), epoch(0))


def test_the_first_epoch_may_be_longer_than_others():
    def after_two_epochs(first, second):
        callback = DeadlineCallback(time.monotonic() + 20, n_folds=5)
        callback.on_fit_task_end(GaussianNB(), epoch(0))  # too early to know
        callback._first_epoch -= second
        callback.start -= first + second
        callback._fold_start = callback.start
        callback.on_fit_task_end(GaussianNB(), epoch(1))

    # A fold takes 3 s before the second epoch, and 9 times .1 s after it.
    after_two_epochs(first=3.0, second=0.1)
    with pytest.raises(BudgetExceededError, match="about 60 s"):
        after_two_epochs(first=3.0, second=1.0)


def test_callbacks_of_a_member_are_removed_and_those_of_the_user_kept():
    class Own(DeadlineCallback):
        pass

    network = TextCNNClassifier()
    member = make_pipeline(ColumnSelector("title"), network)
    listen(member, DeadlineCallback(0.0))
    assert len(network._skl_callbacks) == 1
    forget_callbacks(member)
    assert not hasattr(network, "_skl_callbacks")
    listen(GaussianNB(), DeadlineCallback(0.0))  # supports none


def test_cost_grows_with_rows_folds_and_processes():
    cost = Cost(rows=100, fit=1.0, predict=0.1, exponent=1.0, once=3.0, start=2.0)
    assert cost.of_fit(400) == pytest.approx(4.0)
    # 5 fits of 800 rows, all rows predicted once
    assert cost.of_folds(1000, 5, 1) == pytest.approx(3 + 5 * 8 + 1)
    assert cost.of_folds(1000, 5, 2) == pytest.approx(3 + 2 + 41 * 3 / 5 * 1.2)
    alone = Cost(rows=100, fit=1.0, predict=0.1, processes=False)
    assert alone.of_folds(1000, 5, 2) == alone.of_folds(1000, 5, 1)


def test_sample_is_stratified():
    targets = np.repeat([0, 1, 2], [6000, 3000, 1000])
    rows = choose_sample(targets, 0)
    assert np.bincount(targets[rows]).tolist() == [600, 300, 100]
    assert len(set(rows.tolist())) == 1000
    assert sorted(choose_sample(targets[:150], 0)) == list(range(150))


def test_deadline_of_a_worker_on_a_host_with_another_monotonic_clock(monkeypatch):
    callback = DeadlineCallback(time.monotonic() + 100)
    sent = pickle.dumps(callback)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now - 5000)
    left = pickle.loads(sent).deadline - time.monotonic()
    assert 95 < left <= 100
