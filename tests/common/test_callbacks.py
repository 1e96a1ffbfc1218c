"""scikit-learn's callbacks in fits of estimators that contain others."""

import pandas as pd
import pytest
from dense_classifiers import TorchDenseClassifier
from public_estimators import KINDS, LIGHT, TITLES, numbers
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector
from amzest.ensemble import (
    CalibratedClassifier,
    CrossFit,
    MissingAwareStackingClassifier,
    WeightedVotingClassifier,
)
from amzest.meta import HierarchicalClassifier, ReviewThresholdClassifier


class Recorder:
    """Records the path of every task that begins and ends."""

    max_propagation_depth = None

    def __init__(self):
        self.began, self.ended = [], []

    def setup(self, estimator, context): ...

    def teardown(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context):
        self.began.append(path_of(context))

    def on_fit_task_end(self, estimator, context):
        self.ended.append(path_of(context))


def path_of(context):
    names = []
    while context is not None:
        names.insert(0, f"{context.estimator_name}:{context.task_name}")
        context = context.parent
    return tuple(names)


def network(**params):
    return TorchDenseClassifier(max_epochs=2, batch_size=24, random_state=0, **params)


def ensembles(member):
    members = [("net", member), ("bayes", GaussianNB())]
    return {
        "crossfit": (CrossFit(members, cv=2), 6),
        "vote": (WeightedVotingClassifier(members), 2),
        "learnt vote": (WeightedVotingClassifier(members, weights="learn", cv=2), 6),
        "stack": (MissingAwareStackingClassifier(members, cv=2), 6),
        "calibrated": (CalibratedClassifier(member, cv=2), 3),
        "review": (ReviewThresholdClassifier(member, target_precision=0.6, cv=2), 3),
        "hierarchy": (HierarchicalClassifier(member), 1),
    }


@pytest.mark.parametrize("name", ensembles(None))
def test_ensembles_report_every_fit_and_epoch(name):
    estimator, n_fits = ensembles(network())[name]
    recorder = Recorder()
    estimator.set_callbacks(recorder).fit(numbers(), KINDS)
    assert sorted(recorder.began) == sorted(recorder.ended)
    root = f"{type(estimator).__name__}:fit"
    assert recorder.began[0] == recorder.ended[-1] == (root,)
    n_networks = n_fits // 2 if n_fits in (2, 6) else n_fits
    epochs = [path for path in recorder.ended if path[-1].endswith(":epoch")]
    assert len(epochs) == 2 * n_networks
    assert all(path[0] == root for path in epochs)
    # Nothing of the context remains after the fit.
    assert not {"_callback_fit_ctx", "_parent_callback_ctx"} & vars(estimator).keys()


@pytest.mark.parametrize("name", ensembles(None))
@pytest.mark.parametrize("depth", [0, 1, None])
def test_progress_bars_on_both_levels(name, depth):
    member = network().set_callbacks(ScoringMonitor(scoring="accuracy"))
    estimator, _ = ensembles(member)[name]
    bar = ProgressBar(max_propagation_depth=depth)
    estimator.set_callbacks(bar).fit(numbers(), KINDS)
    member.set_callbacks(ProgressBar())
    estimator.set_callbacks(ProgressBar()).fit(numbers(), KINDS)
    estimator.set_callbacks().fit(numbers(), KINDS)


def test_monitor_of_a_member_counts_each_of_its_fits():
    monitor = ScoringMonitor(scoring="accuracy")
    member = network().set_callbacks(monitor)
    vote = WeightedVotingClassifier([("net", member)]).fit(numbers(), KINDS)
    log = monitor.get_logs().data_as_pandas
    assert (log["task_name"] == "epoch").sum() == 2
    assert log["accuracy"].iloc[-1] == vote.score(numbers(), KINDS)


def test_monitor_of_an_ensemble_scores_it_once_it_is_fitted():
    monitor = ScoringMonitor(scoring="accuracy")
    vote = WeightedVotingClassifier([("net", network())]).set_callbacks(monitor)
    vote.fit(numbers(), KINDS)
    assert monitor.get_logs().data_as_pandas["accuracy"].tolist() == [
        vote.score(numbers(), KINDS)
    ]


def test_monitor_of_an_ensemble_gets_sample_weights():
    monitor = ScoringMonitor(scoring="accuracy")
    weights = [float(i % 3) for i in range(24)]
    members = [("bayes", GaussianNB()), ("wide", GaussianNB(var_smoothing=1.0))]
    vote = WeightedVotingClassifier(members).set_callbacks(monitor)
    vote.fit(numbers(), KINDS, sample_weight=weights)
    assert monitor.get_logs().data_as_pandas["accuracy"].tolist() == [
        vote.score(numbers(), KINDS, sample_weight=weights)
    ]


def test_ensemble_reports_the_fits_of_members_as_its_own_subtasks():
    recorder = Recorder()
    members = [("bayes", GaussianNB()), ("net", network())]
    stack = MissingAwareStackingClassifier(members, cv=2).set_callbacks(recorder)
    stack.fit(numbers(), KINDS)
    name = "MissingAwareStackingClassifier"
    second = [path[1] for path in recorder.began if len(path) == 2]
    assert second == [
        f"{name}:bayes, all rows",
        "TorchDenseClassifier:fit",
        f"{name}:bayes, fold 1 of 2",
        f"{name}:bayes, fold 2 of 2",
        # A member with callbacks takes the place of its task.
        "TorchDenseClassifier:fit",
        "TorchDenseClassifier:fit",
    ]


def test_pipeline_with_a_selector_reports_its_steps():
    table = pd.DataFrame(numbers(), columns=["a", "b"])
    recorder = Recorder()
    pipeline = make_pipeline(ColumnSelector(["a", "b"]), network())
    pipeline.set_callbacks(recorder).fit(table, KINDS)
    assert ("Pipeline:fit", "ColumnSelector:fit") in recorder.ended
    assert ("Pipeline:fit", "TorchDenseClassifier:fit") in recorder.ended
    for depth in (0, 1, None):
        bar = ProgressBar(max_propagation_depth=depth)
        pipeline.set_callbacks(bar).fit(table, KINDS)
    ColumnSelector("a").set_callbacks(recorder).fit(table)
    assert recorder.ended[-1] == ("ColumnSelector:fit",)


def test_search_over_a_pipeline_and_over_an_ensemble():
    table = pd.DataFrame(numbers(), columns=["a", "b"])
    monitor = ScoringMonitor(scoring="accuracy")
    net = network().set_callbacks(monitor)
    pipeline = make_pipeline(ColumnSelector(["a", "b"]), net)
    vote = WeightedVotingClassifier([("net", net)])
    for inner, name in ((pipeline, "torchdenseclassifier"), (vote, "net")):
        recorder = Recorder()
        search = GridSearchCV(inner, {f"{name}__hidden_size": [4, 8]}, cv=2)
        search.set_callbacks(recorder, ProgressBar(max_propagation_depth=None))
        search.fit(table, KINDS)
        epochs = [path for path in recorder.ended if path[-1].endswith(":epoch")]
        assert len(epochs) == 2 * 5
        assert {path[0] for path in recorder.ended} == {"GridSearchCV:fit"}
        assert set(search.predict(table)) <= set(KINDS)


@pytest.mark.slow
def test_crossfit_in_other_processes_reports_its_fits():
    bar = ProgressBar(max_propagation_depth=None)
    crossfit = CrossFit([("bayes", GaussianNB()), ("net", network())], cv=2, n_jobs=2)
    alone = clone(crossfit).fit(numbers(), KINDS)
    crossfit.set_callbacks(bar).fit(numbers(), KINDS)
    for name in alone.names_:
        assert (crossfit.oof_proba_[name] == alone.oof_proba_[name]).all()


def test_text_pipeline_below_a_search():
    from amzest import TextCNNClassifier

    text = TextCNNClassifier(embedding_size=8, n_buckets=256, max_epochs=1)
    pipeline = make_pipeline(ColumnSelector("title"), text)
    search = GridSearchCV(pipeline, {"columnselector__columns": ["title"]}, cv=2)
    search.set_callbacks(ProgressBar()).fit(pd.DataFrame({"title": TITLES}), KINDS)


@pytest.mark.parametrize(
    ("name", "n_epochs"), [("TextCNNClassifier", 2), ("PretrainedTextClassifier", 0)]
)
def test_partial_fit_is_reported(name, n_epochs):
    estimator, rows = LIGHT[name]
    recorder, model = Recorder(), clone(estimator).set_callbacks()
    model.partial_fit(rows(), KINDS, classes=sorted(set(KINDS)))
    model.set_callbacks(recorder).partial_fit(rows()[:6], KINDS[:6])
    assert recorder.began == recorder.ended[-1:] + recorder.ended[:-1]
    assert recorder.ended[-1] == (f"{name}:fit",)
    assert len(recorder.ended) == n_epochs + 1
    monitor = ScoringMonitor(scoring="accuracy")
    model.set_callbacks(monitor).partial_fit([None, *rows()[:5]], KINDS[:6])
    scores = monitor.get_logs().data_as_pandas["accuracy"]
    assert scores.iloc[-1] == model.score([None, *rows()[:5]], KINDS[:6])
