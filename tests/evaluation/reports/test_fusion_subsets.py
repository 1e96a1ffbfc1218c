"""Recommended members: searched, and scored on rows that did not choose them."""

from itertools import combinations

import numpy as np
import pytest
from product_designs import draw_labels, draw_proba
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from amzest.ensemble import CrossFit
from amzest.evaluation import compare_classifiers
from amzest.evaluation._reports import _fusion_subsets
from amzest.evaluation._reports._fusion_averages import average_members
from amzest.evaluation._reports._fusion_subsets import (
    score_subsets,
    search_subsets,
)

Y, CODES = draw_labels(600)
THREE = {name: draw_proba(CODES, 1.5, seed) for seed, name in enumerate("abc")}
NOISE = {f"noise {seed}": draw_proba(CODES, 0.0, seed=20 + seed) for seed in range(2)}


def accuracy(proba):
    return np.mean(proba.argmax(axis=1) == CODES)


def test_members_that_help_are_recommended():
    fusion = compare_classifiers(Y, {**NOISE, **THREE}).fusion()
    assert fusion.recommended == ["a", "b", "c"]
    gains = fusion.recommended_gains
    assert gains.index.tolist() == ["all members", "best member"]
    assert (gains["gain_low"] > 0).all()
    assert (gains["gain_p"] < 0.05).all()
    everyone = sum({**NOISE, **THREE}.values())
    assert gains.loc["all members", "other_accuracy"] == accuracy(everyone)
    # All subsamples recommend these members: the honest score is that of their average.
    assert gains["accuracy"].tolist() == [accuracy(sum(THREE.values()))] * 2
    assert "Recommended members: a, b, c (0." in repr(fusion)
    assert "compared with all members" in fusion._repr_html_()


def test_a_copy_is_not_recommended():
    again = {"a again": THREE["a"] ** 1.001}
    again["a again"] /= again["a again"].sum(axis=1, keepdims=True)
    fusion = compare_classifiers(Y, {"a": THREE["a"], **again}).fusion()
    assert len(fusion.recommended) == 1
    assert fusion.subsets["recommended"].tolist() == [True, False]


def test_best_subset_of_each_size():
    probas = {**THREE, **NOISE}
    subsets = compare_classifiers(Y, probas).fusion().subsets
    assert subsets.index.tolist() == [1, 2, 3, 4, 5]
    for size, row in subsets.iterrows():
        values = {
            ", ".join(names): accuracy(sum(probas[name] for name in names))
            for names in combinations(probas, size)
        }
        assert row["accuracy"] == pytest.approx(max(values.values()))
        assert values[row["members"]] == pytest.approx(row["accuracy"])
    assert subsets["difference"].max() == 0
    assert subsets["recommended"].sum() == 1
    assert subsets["predict_seconds_per_1000"].isna().all()


def test_choice_for_a_fold_does_not_use_its_labels():
    # Members without skill: where a subset was selected it is more accurate than 1/3,
    # on other rows it is not.
    selected, honest = [], []
    for seed in range(40):
        codes = np.random.default_rng(seed).integers(0, 3, 100)
        probas = [
            np.random.default_rng([seed, i]).dirichlet(np.ones(3), 100)
            for i in range(5)
        ]
        present = [np.ones(100, dtype=bool)] * 5
        search = search_subsets(probas, present, codes, None, None, seed)
        selected.append(max(subset.right.mean() for subset in search.subsets))
        honest.append(search.right.mean())
    assert np.mean(selected) > 1 / 3 + 0.05
    assert np.mean(honest) == pytest.approx(1 / 3, abs=0.02)


def test_many_members_are_eliminated_one_by_one(monkeypatch):
    probas = {**NOISE, **THREE}
    full = compare_classifiers(Y, probas).fusion()
    monkeypatch.setattr(_fusion_subsets, "_MAX_EXHAUSTIVE", 4)
    fusion = compare_classifiers(Y, probas).fusion()
    assert fusion.recommended == full.recommended
    assert fusion.subsets.index.tolist() == [1, 2, 3, 4, 5]
    present = [np.ones(600, dtype=bool)] * 5
    tried = [s.members for s in score_subsets(list(probas.values()), present, CODES)]
    assert len(tried) == len(set(tried)) == 5 + 1 + 5 + 4 + 3


def test_missing_members_are_left_out_of_subsets():
    present = np.random.default_rng(0).random((3, 600)) < 0.7
    probas = list(THREE.values())
    for subset in score_subsets(probas, list(present), CODES):
        average = average_members(
            [probas[i] for i in subset.members], [present[i] for i in subset.members]
        )
        assert subset.right.tolist() == (average.argmax(axis=1) == CODES).tolist()
    fusion = compare_classifiers(
        Y, THREE, present=dict(zip(THREE, present, strict=True))
    ).fusion()
    together = fusion.gains["accuracy"].iloc[0]
    assert fusion.subsets.loc[3, "accuracy"] == pytest.approx(together)


def test_sample_weights_count_in_the_choice():
    # "a" is right in the first half only, and only that half has weight.
    half = np.arange(600) < 300
    noise = draw_proba(CODES, 0.0, seed=9)
    a = np.where(half[:, None], np.eye(CODES.max() + 1)[CODES], noise)
    b = np.where(half[:, None], noise, np.eye(CODES.max() + 1)[CODES])
    probas = {"a": 0.6 * a + 0.4 * noise, "b": 0.9 * b + 0.1 * noise}
    for weight, expected in ((half, "a"), (~half, "b")):
        fusion = compare_classifiers(
            Y, probas, sample_weight=weight.astype(float)
        ).fusion()
        assert fusion.recommended == [expected]
        assert fusion.recommended_gains["accuracy"].tolist() == [1.0, 1.0]


def test_recommended_members_of_a_cross_fit_make_a_vote():
    X, y = make_classification(300, n_informative=6, n_classes=3, random_state=0)
    members = [
        ("guess", DummyClassifier(strategy="stratified")),
        ("bayes", GaussianNB()),
        ("linear", LogisticRegression()),
    ]
    crossfit = CrossFit(members, random_state=0).fit(X, y)
    fusion = compare_classifiers(crossfit).fusion()
    assert "guess" not in fusion.recommended
    vote = crossfit.select_members(fusion.recommended).weighted_voting()
    assert list(vote.named_estimators_) == fusion.recommended
    right = vote.oof_proba_.argmax(axis=1) == crossfit.y_
    chosen = fusion.subsets.set_index("recommended").loc[True]
    assert right.mean() == pytest.approx(chosen["accuracy"])
    assert chosen["predict_seconds_per_1000"] > 0
