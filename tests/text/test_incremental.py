"""Incremental learning of text classifiers; see also the common checks."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import SGDClassifier

from amzest import TextCNNClassifier, TextLinearClassifier
from amzest.datasets import make_products
from amzest.text import _text_linear
from amzest.text._incremental import former_C


@pytest.fixture(scope="module")
def products():
    made = make_products(240, n_categories=4, image_size=8, random_state=0)
    data = made.data[["title"]].dropna()
    return data, made.target[data.index].to_numpy(dtype=object)


def linear(**params):
    return TextLinearClassifier(**{"C": 1.0, "random_state": 0, **params})


def cnn(**params):
    small = {"embedding_size": 8, "n_buckets": 512, "max_epochs": 2, "n_filters": 8}
    return TextCNNClassifier(**{**small, "random_state": 0, **params})


def test_parts_give_the_linear_model_of_a_fit_on_all_samples(products):
    X, y = products
    weights = np.linspace(0.5, 2, len(y))
    parts = linear(class_weight="balanced")
    for rows in (slice(0, 90), slice(90, 180), slice(180, None)):
        parts.partial_fit(X[rows], y[rows], np.unique(y), weights[rows])
    whole = linear(class_weight="balanced").fit(X, y, weights)
    np.testing.assert_allclose(
        parts.decision_function(X), whole.decision_function(X), atol=1e-4
    )
    np.testing.assert_allclose(parts.class_prior_, whole.class_prior_)


def test_calibration_stays_until_there_are_enough_new_samples(products):
    X, y = products
    model = linear(warm_start=True).fit(X[:160], y[:160])
    first = model.calibration_
    model.partial_fit(X[160:170], y[160:170])
    assert model.calibration_ == first
    model.partial_fit(X[170:], y[170:])
    assert model.calibration_ != first


def test_C_is_chosen_again_with_twice_as_many_samples(products, monkeypatch):
    X, y = products
    monkeypatch.setattr(_text_linear, "best_C", lambda scores, *_: max(scores))
    model = linear(C="auto").partial_fit(X[:110], y[:110], classes=np.unique(y))
    state = vars(model)
    assert former_C(state, 219) == model.C_ == 1.0
    assert former_C(state, 220) is None
    monkeypatch.setattr(
        _text_linear, "best_C", lambda scores, *_: sorted(scores)[len(scores) // 2]
    )
    model.partial_fit(X[110:200], y[110:200])
    assert model.C_ == 1.0
    model.partial_fit(X[200:], y[200:])  # too few to calibrate again otherwise
    assert model.C_ == 0.3


def test_a_fit_without_warm_start_keeps_no_samples(products):
    X, y = products
    model = linear().fit(X, y)
    assert model.kept_samples_ is None
    with pytest.raises(ValueError, match="Refit it with warm_start=True"):
        model.partial_fit(X, y)
    del model.kept_samples_  # of an older version
    with pytest.raises(ValueError, match="Refit it with warm_start=True"):
        model.partial_fit(X, y)


def test_samples_of_one_class_are_enough_if_all_classes_are_named():
    titles = ["red shoe", "blue boot", "sandal"]
    for model in (linear(class_weight="balanced"), cnn()):
        model.partial_fit(titles, ["shoes"] * 3, classes=["garden", "shoes"])
        assert model.predict(["a boot"]).tolist() == ["shoes"]
        model.partial_fit(["rake", "spade", "hose"], ["garden"] * 3)
        assert model.class_prior_.tolist() == [0.5, 0.5]
    assert linear().partial_fit(titles, [0] * 3, classes=[0, 1]).predict(["x"]) == [0]


def test_a_warm_network_starts_from_its_weights(products):
    X, y = products
    settings = {"warm_start": True, "learning_rate": 1e-12}
    model = cnn(linear_part=False, **settings, embedding_learning_rate=1e-12)
    cold = clone(model).fit(X, y)
    warm = cnn(linear_part=False).partial_fit(X, y, classes=np.unique(y))
    warm.set_params(**model.get_params()).fit(X, y)
    losses = cold.loss_curve_[0], warm.loss_curve_[0]
    assert losses[1] < losses[0] - 0.1
    assert warm.n_iter_ == 2


def test_new_words_get_a_row_and_old_ones_stay(products):
    X, y = products
    model = cnn(warm_start=True).fit(X, y)
    old = model.vocabulary_
    model.partial_fit(["brandnewword"] * 3, y[:3])
    assert model.vocabulary_.keys() == old.keys() | {"brandnewword"}
    assert len(model.weights_["table"]) == len(model.vocabulary_) + model.n_buckets_


def test_held_out_samples_are_new_to_the_network(products, monkeypatch):
    X, y = products
    monkeypatch.setattr(TextCNNClassifier, "_min_calibration_samples", 40)
    model = cnn(warm_start=True).fit(X[:120], y[:120])
    held_out = []
    start = TextCNNClassifier._start_training

    def record(self, data, train, held):
        held_out.append((len(train), held))
        return start(self, data, train, held)

    monkeypatch.setattr(TextCNNClassifier, "_start_training", record)
    again = pd.concat([X[:60], X[120:]])
    model.partial_fit(again, np.concatenate([y[:60], y[120:]]))
    (n_train, held), (n_all, none) = held_out
    assert held.min() >= 180  # 120 kept samples, 60 passed again
    assert len(held)
    assert n_train + len(held) == n_all
    assert not len(none)


@pytest.mark.parametrize(
    "change", [{"n_filters": 9}, {"n_buckets": 256}, {"linear_part": False}]
)
def test_another_architecture_is_named(products, change):
    X, y = products
    model = cnn(warm_start=True).fit(X[:40], y[:40])
    model.set_params(**change)
    (name,) = change
    for learn in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=f"`{name}`.*was .* in the former fit"):
            learn(X[:40], y[:40])


def test_early_stopping_is_an_error_as_in_scikit_learn(products):
    X, y = products
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping"):
        cnn(early_stopping=True).partial_fit(X, y, classes=np.unique(y))
    with pytest.raises(ValueError, match="classes must be passed"):
        SGDClassifier().partial_fit([[0.0]], [0])
