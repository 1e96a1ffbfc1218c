from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from amzest.evaluation._reports._compared_designs import collect_designs

Y = ["Mugs", "Lamps", "Rugs", "Mugs"]
CLASSES = ["Lamps", "Mugs", "Rugs"]
PROBA = np.array([[0.1, 0.8, 0.1], [0.6, 0.2, 0.2], [0.3, 0.3, 0.4], [0.5, 0.25, 0.25]])


def collect(y_true=None, probas=None, crossfit=None, **given):
    optional = dict.fromkeys(("ensembles", "classes", "present", "costs")) | given
    return collect_designs(y_true, probas, crossfit, **optional)


def make_crossfit():
    return SimpleNamespace(
        names_=["text", "image"],
        classes_=np.array(CLASSES),
        y_=np.array([1, 0, 2, 1]),
        oof_proba_={"image": PROBA[::-1], "text": PROBA},
        oof_present_={
            "text": np.ones(4, dtype=bool),
            "image": np.array([True, True, False, True]),
        },
        fit_seconds_={"text": np.array([1.0, 2.0]), "image": np.array([3.0, 3.0])},
        predict_seconds_={"text": np.array([0.1]), "image": np.array([0.2])},
        estimators_={},
        fold_estimators_={},
    )


def test_predictions_are_unchanged():
    designs = collect(Y, {"text": PROBA, "image": PROBA.tolist()})
    assert designs.names == ["text", "image"]
    assert designs.n_members == 2
    assert designs.classes.tolist() == CLASSES
    assert designs.codes.tolist() == [1, 0, 2, 1]
    np.testing.assert_array_equal(designs.probas[1], PROBA)
    assert all(mask.all() for mask in designs.present)
    assert designs.costs.isna().all(axis=None)


def test_pairs_and_pandas_are_accepted():
    table = pd.DataFrame(PROBA, columns=CLASSES)[["Rugs", "Lamps", "Mugs"]]
    designs = collect(pd.Series(Y, dtype="category"), [("text", table)])
    np.testing.assert_array_equal(designs.probas[0], PROBA)


def test_classes_define_the_order_of_columns():
    designs = collect(
        Y, {"text": PROBA[:, ::-1]}, classes=CLASSES[::-1], present={"text": [True] * 4}
    )
    assert designs.codes.tolist() == [1, 2, 0, 1]


def test_float32_and_rounded_probabilities_are_accepted():
    thirds = np.full((4, 3), 0.3333)
    assert collect(Y, {"a": PROBA.astype(np.float32), "b": thirds}).n_members == 2


@pytest.mark.parametrize("positional", [True, False])
def test_crossfit_has_labels_predictions_and_costs(positional):
    crossfit = make_crossfit()
    designs = collect(crossfit) if positional else collect(crossfit=crossfit)
    assert designs.names == ["text", "image"]
    np.testing.assert_array_equal(designs.probas[1], PROBA[::-1])
    assert designs.present[1].tolist() == [True, True, False, True]
    assert designs.costs["fit_seconds"].tolist() == [1.5, 3.0]
    assert designs.costs["predict_seconds_per_1000"].tolist() == [25.0, 50.0]
    assert designs.costs["n_parameters"].isna().all()


def test_ensembles_follow_the_members():
    stack = SimpleNamespace(oof_proba_=PROBA)
    designs = collect(
        make_crossfit(),
        ensembles={"vote": PROBA, "stack": stack},
        costs={"stack": {"n_parameters": 12}},
    )
    assert designs.names == ["text", "image", "vote", "stack"]
    assert designs.n_members == 2
    assert designs.costs["n_parameters"].tolist() == [pd.NA, pd.NA, pd.NA, 12]
    assert all(mask.all() for mask in designs.present[2:])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "pass `y_true` and `probas`, or a fitted CrossFit"),
        ({"y_true": Y}, "pass `y_true` and `probas`"),
        ({"y_true": Y, "probas": {}}, "`probas` is empty"),
        ({"y_true": ["Mugs"], "probas": {"a": [[1.0]]}}, "at least 2 are needed"),
        ({"y_true": [*Y[:3], None], "probas": {"a": PROBA}}, "no label in row 3"),
        (
            {"y_true": Y, "probas": {"a": PROBA}, "classes": ["Mugs", "Lamps"]},
            "the label 'Rugs' in row 2",
        ),
        (
            {"y_true": Y, "probas": {"a": PROBA}, "classes": [*CLASSES, "Mugs"]},
            "contains 'Mugs' twice",
        ),
        (
            {"y_true": Y, "probas": {"a": PROBA[:3]}},
            "has 3 rows, but `y_true` has 4",
        ),
        ({"y_true": Y, "probas": {"a": PROBA[:, :2]}}, r"classes=clf\.classes_"),
        (
            {"y_true": Y, "probas": {"a": PROBA * 2}},
            "not sum to 1 in rows 0, 1, 2, 3",
        ),
        ({"y_true": Y, "probas": {"a": PROBA * np.nan}}, "has NaN or infinity"),
        ({"y_true": Y, "probas": {"a": PROBA - [0.5, -0.5, 0]}}, "has negative values"),
        (
            {"y_true": Y, "probas": {"a": PROBA}, "ensembles": {"a": PROBA}},
            "'a' is used for two designs",
        ),
        (
            {"y_true": Y, "probas": [("a", PROBA), ("a", PROBA)]},
            "'a' is used for two designs",
        ),
        (
            {"y_true": Y, "probas": {"a": PROBA}, "present": {"b": [True] * 4}},
            "`present` has the name 'b'",
        ),
        (
            {"y_true": Y, "probas": {"a": PROBA}, "present": {"a": [1, 0, 1, 1]}},
            "must be a boolean array",
        ),
        (
            {"y_true": Y, "probas": {"a": PROBA}, "costs": {"a": {"seconds": 1.0}}},
            "'seconds'; expected some of 'fit_seconds'",
        ),
        ({"crossfit": make_crossfit(), "y_true": Y}, "not both"),
        ({"y_true": make_crossfit(), "classes": CLASSES}, "not both"),
    ],
)
def test_arguments_are_validated(given, message):
    with pytest.raises(ValueError, match=message):
        collect(**given)


@pytest.mark.parametrize("probas", [[PROBA], {1: PROBA}, PROBA])
def test_designs_without_names_raise(probas):
    with pytest.raises(TypeError, match="`probas` must be a dict of names to arrays"):
        collect(Y, probas)


def test_crossfit_must_be_fitted():
    class CrossFit:
        def fit(self, X, y):
            return self

    with pytest.raises(NotFittedError, match="call its `fit` before comparing"):
        collect(CrossFit())
