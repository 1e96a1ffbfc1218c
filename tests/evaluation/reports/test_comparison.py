import pickle

import numpy as np
import pandas as pd
import pytest
from product_designs import draw_labels, draw_proba
from scipy.stats import binomtest

from amzest.evaluation._reports._compare_classifiers import compare_classifiers

Y, CODES = draw_labels(400)
PROBAS = {
    "middle": draw_proba(CODES, 1.5, seed=2),
    "strong": draw_proba(CODES, 2.5, seed=1),
    "rival": draw_proba(CODES, 1.5, seed=3),
}
COMPARISON = compare_classifiers(
    Y, PROBAS, costs={"rival": {"fit_seconds": 2.5, "n_parameters": 1200}}
)


def test_frame_has_an_interval_for_each_metric():
    table = COMPARISON.frame()
    for name in COMPARISON.metrics:
        assert (table[f"{name}_low"] <= table[name]).all()
        assert (table[name] <= table[f"{name}_high"]).all()
    assert COMPARISON.metrics == [
        *("accuracy", "macro_f1", "top_3_accuracy"),
        *("log_loss", "brier", "calibration_error"),
    ]


def test_frame_without_intervals_has_values_and_costs():
    table = COMPARISON.frame(intervals=False)
    assert table.columns.tolist() == [
        *COMPARISON.metrics,
        *("fit_seconds", "predict_seconds_per_1000", "n_parameters"),
    ]
    assert table.loc["rival", "n_parameters"] == 1200
    assert table.loc["middle", "n_parameters"] is pd.NA
    assert table.loc["rival", "fit_seconds"] == 2.5


def test_tests_of_accuracy_are_those_of_mcnemar():
    tests = COMPARISON.tests()
    assert tests[["first", "second"]].to_numpy().tolist() == [
        ["middle", "strong"],
        ["middle", "rival"],
        ["strong", "rival"],
    ]
    right = {name: proba.argmax(axis=1) == CODES for name, proba in PROBAS.items()}
    for pair in tests.itertuples():
        first, second = right[pair.first], right[pair.second]
        only = (first & ~second).sum(), (second & ~first).sum()
        assert (pair.n_only_first, pair.n_only_second) == only
        assert pair.difference == pytest.approx(first.mean() - second.mean())
        assert pair.mcnemar_p == pytest.approx(binomtest(only[0], sum(only)).pvalue)
        assert pair.difference_low < pair.difference < pair.difference_high
        assert pair.mcnemar_p_corrected >= pair.mcnemar_p


def test_only_the_better_design_is_significant():
    for metric in ("accuracy", "macro_f1", "log_loss", "brier"):
        better = COMPARISON.tests(metric)["better"]
        assert better[0] == better[2] == "strong", metric
    assert COMPARISON.tests()["better"][1] is None


def test_tests_of_other_metrics_have_no_mcnemar():
    columns = COMPARISON.tests("log_loss").columns
    assert not [name for name in columns if "mcnemar" in name]
    assert "bootstrap_p_corrected" in columns


def test_equal_designs_are_never_better():
    comparison = compare_classifiers(
        Y, {"one": PROBAS["rival"], "two": PROBAS["rival"]}
    )
    test = comparison.tests().iloc[0]
    assert test["mcnemar_p"] == test["bootstrap_p"] == 1
    assert test["better"] is None
    assert test["difference"] == test["difference_low"] == test["difference_high"] == 0


def test_equally_good_designs_are_rarely_better():
    n_significant = 0
    for seed in range(60):
        labels, codes = draw_labels(150, seed=seed)
        probas = {
            f"design {i}": draw_proba(codes, 1.2, seed=500 + 10 * seed + i)
            for i in range(4)
        }
        tests = compare_classifiers(labels, probas, n_bootstrap=300).tests()
        n_significant += tests["better"].notna().any()
    assert n_significant <= 6


def test_corrections_are_ordered():
    p_values = {
        correction: compare_classifiers(Y, PROBAS, correction=correction)
        .tests()["mcnemar_p_corrected"]
        .to_numpy()
        for correction in (None, "holm", "bonferroni")
    }
    assert (p_values[None] <= p_values["holm"]).all()
    assert (p_values["holm"] <= p_values["bonferroni"]).all()
    plain = COMPARISON.tests()["mcnemar_p"].to_numpy()
    np.testing.assert_array_equal(p_values[None], plain)


def test_single_design_has_no_tests_and_no_fusion():
    comparison = compare_classifiers(Y, {"middle": PROBAS["middle"]})
    assert comparison.tests().empty
    assert "better" in comparison.tests().columns
    with pytest.raises(ValueError, match="only one member"):
        comparison.fusion()


def test_per_category_covers_designs_and_categories():
    table = COMPARISON.per_category()
    assert table.shape == (12, 8)
    one = table[(table["category"] == "Mugs") & (table["design"] == "strong")]
    predicted = PROBAS["strong"].argmax(axis=1)
    assert one["recall"].item() == pytest.approx((predicted[CODES == 1] == 1).mean())
    assert one["precision"].item() == pytest.approx((CODES[predicted == 1] == 1).mean())


def test_arguments_are_validated():
    with pytest.raises(ValueError, match="`metric` must be one of 'accuracy'"):
        COMPARISON.tests("auc")
    with pytest.raises(ValueError, match="The 'kind' parameter"):
        COMPARISON.plot("pie")
    with pytest.raises(ValueError, match="The 'max_categories' parameter"):
        COMPARISON.plot("per_category", max_categories=0)


def test_comparison_can_be_pickled():
    again = pickle.loads(pickle.dumps(COMPARISON))
    assert again.frame().equals(COMPARISON.frame())
    assert repr(again) == repr(COMPARISON)
