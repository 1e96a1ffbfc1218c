from types import SimpleNamespace

import numpy as np
import pytest
from pandas.testing import assert_frame_equal
from product_designs import draw_labels, draw_proba
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss

from amzest.evaluation._reports._compare_classifiers import compare_classifiers

Y, CODES = draw_labels(400)
PROBAS = {
    "strong": draw_proba(CODES, 2.5, seed=1),
    "middle": draw_proba(CODES, 1.5, seed=2),
    "rival": draw_proba(CODES, 1.5, seed=3),
}
ENSEMBLES = {"mean": sum(PROBAS.values()) / 3}


def test_scores_of_predictions():
    table = compare_classifiers(Y, PROBAS, ensembles=ENSEMBLES).frame()
    assert table.index.tolist() == ["strong", "middle", "rival", "mean"]
    for name, proba in (PROBAS | ENSEMBLES).items():
        accuracy = accuracy_score(CODES, proba.argmax(axis=1))
        assert table.loc[name, "accuracy"] == pytest.approx(accuracy)
        assert table.loc[name, "log_loss"] == pytest.approx(log_loss(CODES, proba))


def test_crossfit_equals_its_predictions():
    crossfit = SimpleNamespace(
        names_=list(PROBAS),
        classes_=np.unique(Y),
        y_=CODES,
        oof_proba_=PROBAS,
        oof_present_={name: np.ones(400, dtype=bool) for name in PROBAS},
        fit_seconds_={name: np.array([1.0, 2.0]) for name in PROBAS},
        predict_seconds_={name: np.array([0.1, 0.1]) for name in PROBAS},
        estimators_={
            name: SimpleNamespace(weights_={"w": np.zeros((3, 4))}) for name in PROBAS
        },
        fold_estimators_={},
    )
    found = compare_classifiers(crossfit, n_bootstrap=200)
    expected = compare_classifiers(Y, PROBAS, n_bootstrap=200)
    costs = ["fit_seconds", "predict_seconds_per_1000", "n_parameters"]
    assert (
        found.frame().drop(columns=costs).equals(expected.frame().drop(columns=costs))
    )
    assert found.frame()[costs].to_numpy().tolist() == [[1.5, 0.5, 12]] * 3
    assert found.tests().equals(expected.tests())


def test_random_state_determines_the_resamples_only():
    before = np.random.get_state()[1].copy()
    one = compare_classifiers(Y, PROBAS, random_state=3, n_bootstrap=200).frame()
    again = compare_classifiers(Y, PROBAS, random_state=3, n_bootstrap=200).frame()
    other = compare_classifiers(Y, PROBAS, random_state=4, n_bootstrap=200).frame()
    assert one.equals(again)
    assert not one["accuracy_low"].equals(other["accuracy_low"])
    assert one["accuracy"].equals(other["accuracy"])
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_another_design_does_not_change_other_intervals():
    three = compare_classifiers(Y, PROBAS).frame()
    four = compare_classifiers(Y, PROBAS, ensembles=ENSEMBLES).frame()
    np.testing.assert_allclose(
        three.to_numpy(float), four.iloc[:3].to_numpy(float), rtol=1e-12
    )


def test_coverage_of_intervals():
    labels, codes = draw_labels(20_000, seed=7)
    everything = compare_classifiers(
        labels, {"one": draw_proba(codes, 1.5, seed=8)}, n_bootstrap=50
    )
    truth = everything.frame(intervals=False).iloc[0]
    names = ["accuracy", "macro_f1", "log_loss", "brier"]
    covered = dict.fromkeys(names, 0)
    for seed in range(120):
        labels, codes = draw_labels(250, seed=100 + seed)
        row = compare_classifiers(
            labels,
            {"one": draw_proba(codes, 1.5, seed=1000 + seed)},
            n_bootstrap=200,
            confidence_level=0.9,
        ).frame()
        for name in names:
            low, high = row[f"{name}_low"].iloc[0], row[f"{name}_high"].iloc[0]
            covered[name] += low <= truth[name] <= high
    for name in names:
        assert covered[name] / 120 == pytest.approx(0.9, abs=0.08), name


@pytest.mark.parametrize("sharpness", [1.0, 1.5])
def test_coverage_of_calibration_intervals(sharpness):
    # A design of this type is calibrated with a sharpness of 1.5, and not with 1.
    labels, codes = draw_labels(20_000, seed=7)

    def sharpened(codes, seed):
        proba = draw_proba(codes, 1.5, seed) ** sharpness
        return {"one": proba / proba.sum(axis=1, keepdims=True)}

    everything = compare_classifiers(labels, sharpened(codes, 8), n_bootstrap=50)
    truth = everything.frame()["calibration_error"].iloc[0]
    covered = 0
    for seed in range(60):
        labels, codes = draw_labels(800, seed=100 + seed)
        row = compare_classifiers(
            labels,
            sharpened(codes, 1000 + seed),
            n_bootstrap=200,
            confidence_level=0.9,
        ).frame()
        low, high = row["calibration_error_low"], row["calibration_error_high"]
        covered += low.iloc[0] <= truth <= high.iloc[0]
    assert covered >= 48


def test_top_k_of_all_classes_is_ignored():
    comparison = compare_classifiers(Y, PROBAS, top_k=[4, 2, 3, 2], n_bootstrap=200)
    assert comparison.metrics[2:4] == ["top_2_accuracy", "top_3_accuracy"]
    assert "top_4_accuracy" not in comparison.metrics
    single = compare_classifiers(Y, PROBAS, top_k=2, n_bootstrap=200)
    assert [name for name in single.metrics if "top" in name] == ["top_2_accuracy"]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"n_bootstrap": 0}, ValueError, "The 'n_bootstrap' parameter"),
        ({"n_bootstrap": 10.0}, TypeError, "must be an int"),
        ({"confidence_level": 95}, ValueError, "Got 95 instead"),
        ({"confidence_level": "95%"}, TypeError, "must be a float"),
        ({"correction": "fdr"}, ValueError, "The 'correction' parameter"),
        ({"top_k": 1}, ValueError, "The 'top_k' parameter"),
        ({"top_k": (3, 2.5)}, TypeError, "must be an int"),
    ],
)
def test_arguments_are_validated(given, error, message):
    with pytest.raises(error, match=message):
        compare_classifiers(Y, PROBAS, **given)


def test_too_few_resamples_for_the_pairs_warn():
    with pytest.warns(UserWarning, match=r"too small for 3 pairs.*n_bootstrap=120 or"):
        compare_classifiers(Y, PROBAS, n_bootstrap=100)


def test_estimators_in_place_of_probabilities_raise():
    model = LogisticRegression()
    for probas in ({"a": model}, model):
        with pytest.raises(TypeError, match=r"Pass the result of `predict_proba\(X\)`"):
            compare_classifiers(Y, probas)
    with pytest.raises(ValueError, match=r"`probas\['a'\]` .*`predict_proba\(X\)`"):
        compare_classifiers(Y, {"a": Y})


def test_weights_count_as_repeated_rows():
    weights = np.random.default_rng(1).integers(0, 3, len(Y))
    rows = np.repeat(np.arange(len(Y)), weights)
    weighted = compare_classifiers(Y, PROBAS, sample_weight=weights, n_bootstrap=200)
    repeated = compare_classifiers(
        Y[rows], {name: proba[rows] for name, proba in PROBAS.items()}, n_bootstrap=200
    )
    names = [name for name in weighted.metrics if name != "calibration_error"]
    for name in names:
        np.testing.assert_allclose(weighted.frame()[name], repeated.frame()[name])
    fusion, expected = weighted.fusion(), repeated.fusion()
    for column in ("accuracy", "adds", "adds_log_loss"):
        np.testing.assert_allclose(fusion.members[column], expected.members[column])
    assert fusion.oracle_accuracy == pytest.approx(expected.oracle_accuracy)


def test_weights_of_one_change_nothing_but_the_test_of_accuracy():
    weighted = compare_classifiers(Y, PROBAS, sample_weight=np.ones(len(Y)))
    plain = compare_classifiers(Y, PROBAS)
    assert_frame_equal(weighted.frame(), plain.frame())
    tests = weighted.tests()
    assert not [name for name in tests if "mcnemar" in name or "n_only" in name]
    assert "paired bootstrap" in repr(weighted)
    assert "McNemar" not in weighted._repr_html_()


def test_weights_are_validated():
    with pytest.raises(ValueError, match=r"sample_weight\.shape"):
        compare_classifiers(Y, PROBAS, sample_weight=[1.0, 2.0])
    with pytest.raises(ValueError, match="at least one non-zero number"):
        compare_classifiers(Y, PROBAS, sample_weight=np.zeros(len(Y)))
