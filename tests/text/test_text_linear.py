"""The linear classifier of texts."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from text_inputs import KINDS, TITLES

from amzest import ColumnSelector, TextLinearClassifier
from amzest.datasets import make_products
from amzest.ensemble import CrossFit, WeightedVotingClassifier
from amzest.text import _linear_model
from amzest.text._linear_model import DEFAULT_CALIBRATION


@pytest.fixture(scope="module")
def products():
    made = make_products(
        800, n_categories=5, text_informativeness=0.9, random_state=0, n_text_only=0
    )
    return made.data[["title", "description"]], np.asarray(made.target, dtype=object)


@pytest.fixture(scope="module")
def fitted(products):
    X, y = products
    return TextLinearClassifier(random_state=0).fit(X[::2], y[::2])


def noisy(y, fraction):
    rng = np.random.default_rng(0)
    other = rng.choice(np.unique(y), len(y))
    return np.where(rng.random(len(y)) < fraction, other, y)


def test_max_length_truncates_each_column():
    model = TextLinearClassifier(max_length=3, random_state=0).fit(TITLES, KINDS)
    assert model.max_length_ == 3
    texts = ["red running shoe", "garden hose, long"]
    longer = [f"{text} boot spade leather" for text in texts]
    proba = model.predict_proba(longer)
    np.testing.assert_array_equal(proba, model.predict_proba(texts))
    whole = TextLinearClassifier(random_state=0).fit(TITLES, KINDS)
    assert (whole.predict_proba(longer) != whole.predict_proba(texts)).all()
    # Parameters that are set after `fit` have no effect.
    model.set_params(max_length=64, ngram_range=(3, 3), min_count=9, C=7.0)
    np.testing.assert_array_equal(model.predict_proba(longer), proba)


def test_two_columns():
    frame = pd.DataFrame({"title": TITLES, "description": TITLES[::-1]})
    frame.loc[3, "title"] = None
    frame.loc[4, ["title", "description"]] = ["", np.nan]
    model = TextLinearClassifier(random_state=0).fit(frame, KINDS)
    assert model.n_features_in_ == 2
    assert model.feature_names_in_.tolist() == ["title", "description"]
    proba, present = model.predict_proba_and_presence(frame)
    np.testing.assert_array_equal(proba[4], model.class_prior_)
    assert present.tolist() == [row != 4 for row in range(len(frame))]
    np.testing.assert_array_equal(model.predict_proba(frame.to_numpy()), proba)
    with pytest.raises(ValueError, match="columns in the same order"):
        model.predict(frame[["description", "title"]])


def test_missing_samples_are_ignored(products):
    X, y = products
    holes = X.copy()
    holes.loc[::5, ["title", "description"]] = None
    present = np.arange(len(X)) % 5 > 0
    with_holes = TextLinearClassifier(random_state=0).fit(holes, y)
    without = TextLinearClassifier(random_state=0).fit(X[present], y[present])
    np.testing.assert_allclose(
        with_holes.decision_function(X[present]),
        without.decision_function(X[present]),
        atol=1e-5,
    )
    assert (with_holes.decision_function(holes)[::5] == 0).all()
    priors = np.unique(y, return_counts=True)[1] / len(y)
    np.testing.assert_allclose(with_holes.predict_proba(holes)[::5], [priors] * 160)


def test_scale_of_weights_has_no_effect(products):
    X, y = products
    plain = TextLinearClassifier(random_state=0).fit(X, y)
    for weight in (1 / len(y), 1e-6):
        model = clone(plain).fit(X, y, np.full(len(y), weight))
        assert model.C_ == plain.C_
        np.testing.assert_allclose(
            model.predict_proba(X), plain.predict_proba(X), atol=1e-4
        )


def test_weights_of_classes_shift_the_predictions(products):
    X, y = products
    rare = (y == y[0]) & (np.arange(len(y)) % 4 > 0)
    X, y = X[~rare], noisy(y[~rare], 0.3)
    label = np.unique(y, return_counts=True)[0][0]
    shares = [
        np.mean(clone_.fit(X, y).predict(X) == label)
        for clone_ in (
            TextLinearClassifier(C=0.1, random_state=0),
            TextLinearClassifier(C=0.1, class_weight={label: 8.0}, random_state=0),
        )
    ]
    assert shares[1] > shares[0]


def test_probabilities_are_calibrated(products):
    X, y = products
    y = noisy(y, 0.4)
    train, test = np.arange(len(y)) % 2 == 0, np.arange(len(y)) % 2 == 1
    model = TextLinearClassifier(random_state=0).fit(X[train], y[train])
    proba = model.predict_proba(X[test])
    correct = model.predict(X[test]) == y[test]
    assert 0.4 < correct.mean() < 0.7
    assert proba.max(axis=1).mean() == pytest.approx(correct.mean(), abs=0.06)
    default = clone(model).set_params(C=model.C_).fit(X[train], y[train])
    default.calibration_ = DEFAULT_CALIBRATION
    assert log_loss(y[test], proba) < log_loss(y[test], default.predict_proba(X[test]))


def test_auto_chooses_a_smaller_C_for_noisy_labels(products):
    X, y = products
    titles = [f"{title} {label}" for title, label in zip(X["title"], y, strict=True)]
    clean = TextLinearClassifier(random_state=0).fit(titles, y)
    noise = TextLinearClassifier(random_state=0).fit(titles, noisy(y, 0.6))
    assert noise.C_ < clean.C_
    given = TextLinearClassifier(C=2.5, random_state=0).fit(X, y)
    assert given.C_ == 2.5
    assert given.calibration_ != DEFAULT_CALIBRATION


@pytest.mark.filterwarnings("ignore:The number of unique classes:UserWarning")
def test_few_samples_are_not_held_out():
    few = TextLinearClassifier(random_state=0).fit(TITLES, KINDS)
    assert (few.C_, few.calibration_) == (1.0, DEFAULT_CALIBRATION)
    # Neither are those of classes with one sample each.
    titles = [f"title {i}" for i in range(150)]
    labels = [f"label {i}" for i in range(150)]
    each = TextLinearClassifier(random_state=0).fit(titles, labels)
    assert each.calibration_ == DEFAULT_CALIBRATION
    assert (each.predict(titles) == labels).mean() > 0.9


def test_decision_function_agrees_with_the_probabilities(products, fitted):
    X, y = products
    scores = fitted.decision_function(X)
    assert scores.shape == (len(X), 5)
    assert (fitted.classes_[scores.argmax(axis=1)] == fitted.predict(X)).all()
    np.testing.assert_array_equal(fitted.transform(X), scores)
    two = TextLinearClassifier(random_state=0).fit(X, y == y[0])
    scores, proba = two.decision_function(X), two.predict_proba(X)[:, 1]
    assert scores.shape == (len(X),)
    assert (np.argsort(scores) == np.argsort(proba)).mean() > 0.95
    assert ((scores > 0) == (proba > 0.5)).all()


def test_parts_of_a_prediction_are_the_whole(products, fitted, monkeypatch):
    X, _ = products
    X = X.copy()
    X.loc[3:9, ["title", "description"]] = None
    whole, scores = fitted.predict_proba(X), fitted.transform(X)
    monkeypatch.setattr("amzest.text._text_linear._SCORES_PER_PART", 40)
    np.testing.assert_allclose(fitted.predict_proba(X), whole, atol=1e-12)
    np.testing.assert_allclose(fitted.transform(X), scores, atol=1e-6)


def test_many_classes(products, monkeypatch):
    X, y = products
    few = TextLinearClassifier(random_state=0).fit(X[::2], y[::2])
    monkeypatch.setattr(_linear_model, "_MAX_WEIGHTS", 25_000)
    many = TextLinearClassifier(random_state=0).fit(X[::2], y[::2])
    assert many.linear_model_.coef.nnz <= 25_000
    assert many.score(X[1::2], y[1::2]) > few.score(X[1::2], y[1::2]) - 0.02
    copied = pickle.loads(pickle.dumps(many))
    np.testing.assert_array_equal(copied.predict_proba(X), many.predict_proba(X))


def test_it_does_not_import_torch():
    code = (
        "import sys\n"
        "from amzest import TextLinearClassifier\n"
        f"model = TextLinearClassifier().fit({TITLES!r}, {KINDS!r})\n"
        f"model.predict_proba({TITLES!r}), model.transform({TITLES!r})\n"
        "assert not {'torch', 'skorch', 'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


def test_in_scikit_learns_and_other_ensembles(products):
    X, y = products
    X, y = X[:200], y[:200]
    linear = TextLinearClassifier(C=0.3, random_state=0)
    by_columns = ColumnTransformer(
        [("title", linear, "title"), ("description", linear, ["description"])]
    )
    pipeline = make_pipeline(by_columns, LogisticRegression())
    search = GridSearchCV(
        pipeline, {"columntransformer__title__C": [0.1, 1.0]}, cv=2
    ).fit(X, y)
    names = search.best_estimator_[0].get_feature_names_out()
    assert names[0] == "title__textlinearclassifier0"
    assert len(names) == 10
    members = [
        ("title", make_pipeline(ColumnSelector("title"), linear)),
        ("both", linear),
    ]
    stack = StackingClassifier(members, cv=2).fit(X, y)
    other = clone(linear).set_params(ngram_range=(3, 3))
    vote = WeightedVotingClassifier([("linear", linear), ("other", other)])
    vote.fit(X, y, sample_weight=np.ones(200))
    cross = CrossFit(members, cv=2, random_state=0).fit(X, y)
    for ensemble in (search, stack, vote):
        assert ensemble.score(X, y) > 0.8
    assert cross.oof_proba_["both"].shape == (200, 5)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("C", 0.0, "C"),
        ("C", "best", "C"),
        ("max_length", 0, "max_length"),
        ("min_count", 0, "min_count"),
        ("max_features", 0, "max_features"),
        ("ngram_range", (5, 2), r"`ngram_range` is \(5, 2\); expected two lengths"),
        ("ngram_range", 3, "ngram_range"),
        ("class_weight", "fair", "class_weight"),
        ("random_state", "seven", "random_state"),
    ],
)
def test_bad_parameters_are_named(name, value, message):
    model = TextLinearClassifier(**{name: value})
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(TITLES, KINDS)


def test_no_feature_is_frequent_enough():
    model = TextLinearClassifier(min_count=100, random_state=0).fit(TITLES, KINDS)
    np.testing.assert_allclose(model.predict_proba(TITLES), 0.5, atol=0.01)
