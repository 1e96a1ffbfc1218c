import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import precision_recall_fscore_support

from amzest.evaluation._metrics._per_category import score_categories, wilson_interval


def test_wilson_interval_is_that_of_scipy():
    low, high = wilson_interval(np.array([3, 0, 10]), np.array([10, 4, 10]), 0.9)
    for place, (hits, rows) in enumerate([(3, 10), (0, 4), (10, 10)]):
        expected = binomtest(hits, rows).proportion_ci(0.9, method="wilson")
        assert low[place] == pytest.approx(expected.low, abs=1e-12)
        assert high[place] == pytest.approx(expected.high, abs=1e-12)


def test_scores_are_those_of_scikit_learn():
    generator = np.random.default_rng(0)
    codes = generator.integers(4, size=200)
    predicted = np.where(
        generator.random((2, 200)) < 0.6, codes, generator.integers(4, size=(2, 200))
    )
    classes = np.array(["Books", "Mugs", "Rugs", "Toys"])
    table = score_categories(["one", "two"], classes, codes, predicted, 0.95)
    assert table["category"].tolist() == np.repeat(classes, 2).tolist()
    assert table["design"].tolist() == ["one", "two"] * 4
    for place, name in enumerate(["one", "two"]):
        expected = precision_recall_fscore_support(codes, predicted[place])
        found = table[table["design"] == name]
        for column, values in zip(
            ["precision", "recall", "f1", "support"], expected, strict=True
        ):
            np.testing.assert_allclose(found[column], values)
    assert (table["f1_low"] < table["f1"]).all()
    assert (table["f1"] < table["f1_high"]).all()


def test_scores_without_rows_or_predictions_are_missing():
    codes, predicted = np.array([0, 0, 1]), np.array([[0, 0, 0]])
    table = score_categories(["one"], np.array([0, 1, 2]), codes, predicted, 0.95)
    assert table["precision"].isna().tolist() == [False, True, True]
    assert table["recall"].isna().tolist() == [False, False, True]
    assert table["f1"].tolist()[:2] == [pytest.approx(0.8), 0.0]
    assert np.isnan(table["f1"][2])


def test_f1_interval_covers_the_truth():
    generator = np.random.default_rng(0)
    # Half of the rows are in category 1; each answer is right with probability 0.8.
    covered = 0
    for _ in range(300):
        codes = generator.integers(2, size=80)
        predicted = np.where(generator.random(80) < 0.8, codes, 1 - codes)
        table = score_categories(
            ["one"], np.array([0, 1]), codes, predicted[np.newaxis], 0.9
        )
        covered += table["f1_low"][1] <= 0.8 <= table["f1_high"][1]
    assert covered / 300 > 0.85
