"""Members are fitted on each fold once, for any number of ensembles."""

import random
import sys
import time

import joblib
import numpy as np
import pandas as pd
import pytest
from counting import CountingClassifier
from killing import Starter, finish, kill
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_predict,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, TextCNNClassifier
from amzest.datasets import make_products
from amzest.ensemble import (
    CalibratedClassifier,
    CrossFit,
    MissingAwareStackingClassifier,
    WeightedVotingClassifier,
)

MEMBERS = [("bayes", GaussianNB()), ("linear", LogisticRegression())]


@pytest.fixture(scope="module")
def data():
    X, codes = make_classification(
        200, n_informative=6, n_classes=3, flip_y=0.2, random_state=0
    )
    return X, np.array(["mugs", "lamps", "tees"])[codes]


def test_out_of_fold_predictions_are_those_of_cross_val_predict(data):
    X, y = data
    cv = StratifiedKFold(4, shuffle=True, random_state=1)
    crossfit = CrossFit(MEMBERS, cv=cv).fit(X, y)
    for name, member in MEMBERS:
        expected = cross_val_predict(member, X, y, cv=cv, method="predict_proba")
        np.testing.assert_allclose(crossfit.oof_proba_[name], expected)
        assert crossfit.oof_present_[name].all()
        again = member.fit(X, y).predict_proba(X)
        np.testing.assert_array_equal(
            crossfit.estimators_[name].predict_proba(X), again
        )
    for number, (_, test) in enumerate(cv.split(X, y)):
        assert (crossfit.fold_[test] == number).all()


def test_names_and_shapes_of_fitted_attributes(data):
    X, y = data
    crossfit = CrossFit(MEMBERS, cv=3).fit(X, y)
    assert crossfit.names_ == ["bayes", "linear"]
    assert crossfit.classes_.tolist() == ["lamps", "mugs", "tees"]
    assert (crossfit.classes_[crossfit.y_] == y).all()
    assert crossfit.class_prior_.sum() == pytest.approx(1)
    for name in crossfit.names_:
        assert crossfit.oof_proba_[name].shape == (200, 3)
        assert len(crossfit.fold_estimators_[name]) == 3
        assert crossfit.fit_seconds_[name].shape == (3,)
        assert (crossfit.fit_seconds_[name] > 0).all()
        assert (crossfit.predict_seconds_[name] > 0).all()
        assert crossfit.refit_seconds_[name] > 0


@pytest.mark.parametrize(("refit", "more"), [(True, 1), (False, 0), ("average", 0)])
def test_ensembles_of_a_cross_fit_fit_no_member(data, refit, more):
    X, y = data
    members = [("first", CountingClassifier()), ("second", CountingClassifier())]
    CountingClassifier.n_fits = 0
    crossfit = CrossFit(members, cv=4, refit=refit, random_state=0).fit(X, y)
    assert CountingClassifier.n_fits == 2 * (4 + more)
    if refit is False:
        for make in (crossfit.weighted_voting, crossfit.stacking):
            with pytest.raises(ValueError, match="was fitted with refit=False"):
                make()
        with pytest.raises(ValueError, match="was fitted with refit=False"):
            crossfit.calibrated("first")
        return
    made = [
        crossfit.weighted_voting(),
        crossfit.weighted_voting([1, 3]),
        crossfit.weighted_voting("learn"),
        crossfit.weighted_voting("greedy"),
        crossfit.stacking(),
        crossfit.stacking(LogisticRegression(C=0.1), presence=False),
        crossfit.calibrated("first"),
        crossfit.calibrated("second", method="isotonic"),
    ]
    for model in made:
        assert model.predict(X).shape == y.shape
        assert model.oof_proba_.shape == (200, 3)
        np.testing.assert_allclose(model.oof_proba_.sum(axis=1), 1)
    assert CountingClassifier.n_fits == 2 * (4 + more)


def test_average_predicts_the_mean_of_the_fold_models(data):
    X, y = data
    crossfit = CrossFit(MEMBERS, refit="average", random_state=0).fit(X, y)
    models = crossfit.fold_estimators_["linear"]
    mean = np.mean([model.predict_proba(X) for model in models], axis=0)
    average = crossfit.estimators_["linear"]
    np.testing.assert_allclose(average.predict_proba(X), mean)
    assert set(average.predict(X)) <= set(y)


def test_groups_are_in_one_fold(data):
    X, y = data
    groups = np.arange(len(y)) // 4
    frame = pd.DataFrame({"a": X[:, 0], "group": groups})
    selected = make_pipeline(ColumnSelector(["a"]), GaussianNB())
    for crossfit in (
        CrossFit(MEMBERS, groups=groups, random_state=0).fit(X, y),
        CrossFit(MEMBERS, cv=GroupKFold(3), groups=list(groups)).fit(X, y),
        CrossFit([("one", selected)], groups="group").fit(frame, y),
    ):
        folds = pd.Series(crossfit.fold_).groupby(groups).nunique()
        assert folds.max() == 1


def test_only_unset_seeds_are_set(data):
    X, y = data
    members = [
        ("unset", make_pipeline(LogisticRegression(solver="saga", max_iter=3))),
        ("set", DummyClassifier(strategy="stratified", random_state=5)),
    ]
    with pytest.warns(UserWarning, match="max_iter"):
        first = CrossFit(members, random_state=0).fit(X, y)
    assert first.fold_estimators_["unset"][0][-1].random_state is not None
    assert first.fold_estimators_["set"][0].random_state == 5
    with pytest.warns(UserWarning, match="max_iter"):
        second = CrossFit(members, random_state=0).fit(X, y)
    for name in first.names_:
        np.testing.assert_array_equal(first.oof_proba_[name], second.oof_proba_[name])
    assert members[0][1][-1].random_state is None


@pytest.mark.slow
def test_results_do_not_depend_on_the_number_of_processes():
    X, y = make_products(80, n_categories=3, return_X_y=True, random_state=0)
    network = TextCNNClassifier(
        n_filters=8, embedding_size=8, n_buckets=512, max_epochs=2
    )
    members = [
        ("network", make_pipeline(ColumnSelector("title"), network)),
        ("both", make_pipeline(ColumnSelector(["title", "description"]), network)),
    ]
    one, two = (
        CrossFit(members, cv=2, n_jobs=n_jobs, random_state=0).fit(X, y)
        for n_jobs in (1, 2)
    )
    for name in one.names_:
        np.testing.assert_array_equal(one.oof_proba_[name], two.oof_proba_[name])
        np.testing.assert_array_equal(
            one.estimators_[name].predict_proba(X),
            two.estimators_[name].predict_proba(X),
        )


def test_cached_folds_are_not_refitted(data, tmp_path):
    X, y = data
    first = [("first", CountingClassifier())]
    CountingClassifier.n_fits = 0
    memory = joblib.Memory(tmp_path, verbose=0)
    plain = CrossFit(first, cv=3, memory=memory, random_state=0).fit(X, y)
    assert CountingClassifier.n_fits == 4
    again = CrossFit(first, cv=3, memory=memory, random_state=0).fit(X.copy(), y.copy())
    assert CountingClassifier.n_fits == 4
    np.testing.assert_array_equal(plain.oof_proba_["first"], again.oof_proba_["first"])
    # Another member needs its own fits only.
    more = [*first, ("second", CountingClassifier(var_smoothing=1e-3))]
    CrossFit(more, cv=3, memory=memory, random_state=0).fit(X, y)
    assert CountingClassifier.n_fits == 8


@pytest.mark.parametrize(
    "changed", ["data", "labels", "parameter", "version", "backend", "folds"]
)
def test_the_key_changes_with_data_parameters_and_version(
    data, tmp_path, monkeypatch, changed
):
    X, y = data
    members = [("first", CountingClassifier())]
    memory = joblib.Memory(tmp_path, verbose=0)
    CrossFit(members, cv=3, memory=memory).fit(X, y)
    cv = 3
    if changed == "data":
        X = X.copy()
        X[0, 0] += 1e-9
    elif changed == "labels":
        y = np.where(y == "mugs", "cups", y)
    elif changed == "parameter":
        members = [("first", CountingClassifier(var_smoothing=1e-8))]
    elif changed == "version":
        monkeypatch.setattr(
            "amzest.utils._versions.importlib.metadata.version", lambda package: "99.0"
        )
    elif changed == "backend":
        monkeypatch.setitem(sys.modules, "keras", None)
        monkeypatch.setenv("KERAS_BACKEND", "torch")
    else:
        cv = KFold(3)
    CountingClassifier.n_fits = 0
    CrossFit(members, cv=cv, memory=memory).fit(X, y)
    assert CountingClassifier.n_fits == (3 if changed == "folds" else 4)


CHILD = """
    import sys
    import time
    import joblib
    import numpy as np
    from sklearn.datasets import make_classification
    from sklearn.naive_bayes import GaussianNB
    from amzest.ensemble import CrossFit

    class Slow(GaussianNB):
        def fit(self, X, y):
            time.sleep(0.15)
            return super().fit(X, y)

    print("ready", flush=True)
    X, y = make_classification(120, random_state=0)
    members = [(f"m{i}", Slow(var_smoothing=10.0**-i)) for i in range(4)]
    memory = joblib.Memory(sys.argv[1], verbose=0)
    crossfit = CrossFit(members, cv=4, memory=memory, random_state=0).fit(X, y)
    np.save(sys.argv[2], np.array(list(crossfit.oof_proba_.values())))
"""


@pytest.mark.slow
def test_resuming_after_a_kill_has_the_same_result(tmp_path):
    with Starter(CHILD) as process:

        def run(memory, out):
            return process.start(tmp_path / memory, tmp_path / out)

        finish(run("undisturbed", "undisturbed.npy"))
        generator = random.Random(0)
        killed = 0
        for _ in range(4):
            child = run("killed", "killed.npy")
            time.sleep(generator.uniform(0.2, 0.8))
            killed += kill(child)
        assert killed >= 2
        finish(run("killed", "killed.npy"))
    first, second = (np.load(tmp_path / f"{n}.npy") for n in ("undisturbed", "killed"))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"estimators": []}, "`estimators` must be a list of pairs"),
        ({"estimators": GaussianNB()}, "'estimators' .* an instance of 'list'"),
        ({"estimators": [("a", GaussianNB())] * 2}, "the name 'a'"),
        ({"estimators": [("a__b", GaussianNB())]}, "the name 'a__b'"),
        ({"estimators": [("a", Perceptron())]}, "'a', which is not a classifier with"),
        ({"estimators": [("a", "nothing")]}, "'a', which is not a classifier with"),
        ({"refit": "mean"}, "'refit' parameter of CrossFit must be"),
        ({"cv": ShuffleSplit(3)}, "each must be tested once"),
        ({"cv": 1}, "'cv' parameter of CrossFit must be an int"),
        ({"cv": "five"}, "Expected `cv` as an integer"),
        ({"memory": 5}, "'memory' parameter of CrossFit must be"),
        ({"n_jobs": "all"}, "'n_jobs' parameter of CrossFit must be"),
        ({"cv": 100}, "the class '.*' has only .* rows"),
        ({"groups": [1, 2]}, "`groups` has 2 rows, but `X` has 200"),
        ({"groups": "shop"}, "`groups` is 'shop', and `X` has no column"),
    ],
)
def test_invalid_parameters(data, arguments, message):
    with pytest.raises(ValueError, match=message):
        CrossFit(**{"estimators": MEMBERS, **arguments}).fit(*data)


def test_one_class_and_unknown_member(data):
    X, y = data
    with pytest.raises(ValueError, match=r"`y` holds only one class \('a'\)"):
        CrossFit(MEMBERS).fit(X, ["a"] * len(X))
    crossfit = CrossFit(MEMBERS).fit(X, y)
    with pytest.raises(ValueError, match="`name` must be one of bayes, linear"):
        crossfit.calibrated("forest")
    with pytest.raises(ValueError, match="`name` must be one of bayes, linear"):
        crossfit.calibrated()


@pytest.mark.parametrize(
    ("from_crossfit", "short", "params"),
    [
        (
            WeightedVotingClassifier.from_crossfit,
            CrossFit.weighted_voting,
            {"weights": "learn"},
        ),
        (
            MissingAwareStackingClassifier.from_crossfit,
            CrossFit.stacking,
            {"final_estimator": GaussianNB(), "presence": False},
        ),
        (
            CalibratedClassifier.from_crossfit,
            CrossFit.calibrated,
            {"name": "linear", "method": "sigmoid"},
        ),
    ],
)
def test_from_crossfit_is_what_the_short_method_calls(
    data, from_crossfit, short, params
):
    X, y = data
    crossfit = CrossFit(MEMBERS, cv=3, random_state=0).fit(X, y)
    one, two = from_crossfit(crossfit, **params), short(crossfit, **params)
    assert type(one) is type(two) is from_crossfit.__self__
    np.testing.assert_array_equal(one.oof_proba_, two.oof_proba_)
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))
    fitted = getattr(one, "estimator_", None) or one.estimators_[1]
    assert fitted is crossfit.estimators_["linear"]
    with pytest.raises(NotFittedError):
        from_crossfit(CrossFit(MEMBERS), **params)
    without = CrossFit(MEMBERS).fit_without_folds(X, y)
    with pytest.raises(ValueError, match="`fit_without_folds`"):
        from_crossfit(without, **params)


def test_vote_with_fixed_weights_needs_no_folds(data):
    X, y = data
    vote = CrossFit(MEMBERS).fit_without_folds(X, y).weighted_voting([1, 3])
    assert vote.weights_.tolist() == [0.25, 0.75]
    assert not hasattr(vote, "oof_proba_")


def test_selected_members_are_those_of_a_fit_without_the_others(data):
    X, y = data
    more = [*MEMBERS, ("guess", DummyClassifier())]
    crossfit = CrossFit(more, cv=3, random_state=0).fit(X, y, np.arange(200) % 3)
    selected = crossfit.select_members(["guess", "linear"])
    direct = CrossFit([more[2], more[1]], cv=3, random_state=0)
    direct.fit(X, y, np.arange(200) % 3)
    assert selected.get_params().keys() == direct.get_params().keys()
    assert [name for name, _ in selected.estimators] == ["guess", "linear"]
    assert vars(selected).keys() == vars(direct).keys()
    assert selected.names_ == list(selected.estimators_) == ["guess", "linear"]
    for name in selected.names_:
        np.testing.assert_array_equal(
            selected.oof_proba_[name], direct.oof_proba_[name]
        )
    for made, expected in (
        (selected.weighted_voting("learn"), direct.weighted_voting("learn")),
        (selected.stacking(), direct.stacking()),
    ):
        np.testing.assert_array_equal(made.predict_proba(X), expected.predict_proba(X))
        np.testing.assert_array_equal(made.oof_proba_, expected.oof_proba_)
    # The CrossFit itself keeps its members.
    assert crossfit.names_ == ["bayes", "linear", "guess"]
    assert len(crossfit.estimators) == len(crossfit.oof_proba_) == 3


@pytest.mark.parametrize("names", [[], "bayes", ["bayes", "bayes"], ["image"]])
def test_selected_members_must_exist(data, names):
    crossfit = CrossFit(MEMBERS, cv=2, refit=False).fit(*data)
    with pytest.raises(ValueError, match="must be some of the members 'bayes'"):
        crossfit.select_members(names)
