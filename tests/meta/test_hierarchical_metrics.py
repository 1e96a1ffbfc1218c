"""Hierarchical precision, recall and F1, compared with values computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from amzest.meta._hierarchical_metrics import hierarchical_precision_recall_f1

# Of each row: shared levels, predicted levels, true levels.
TRUE = ["A > B > C", "A > B", "D", "D > E"]  # 3, 2, 1 and 2 levels
PRED = ["A > B > X", "A", "A > B", "D > E > F"]  # 3, 1, 2 and 3 levels
# Shared: 2, 1, 0 and 2.


def test_micro_adds_up_the_sets_of_all_rows():
    precision, recall, f1 = hierarchical_precision_recall_f1(TRUE, PRED)

    assert precision == pytest.approx(5 / 9)
    assert recall == pytest.approx(5 / 8)
    assert f1 == pytest.approx(2 * 5 / (9 + 8))


def test_a_sibling_shares_all_levels_but_the_last():
    scores = hierarchical_precision_recall_f1(["B > F"], ["B > G"])

    assert scores == (0.5, 0.5, 0.5)


def test_samples_averages_over_rows():
    scores = hierarchical_precision_recall_f1(TRUE, PRED, average="samples")

    assert scores.precision == pytest.approx((2 / 3 + 1 + 0 + 2 / 3) / 4)
    assert scores.recall == pytest.approx((2 / 3 + 1 / 2 + 0 + 1) / 4)
    assert scores.f1 == pytest.approx((2 / 3 + 2 / 3 + 0 + 4 / 5) / 4)


def test_macro_averages_over_true_categories():
    true, pred = ["A > B", "A > B", "D"], ["A > B", "A > C", "A"]
    scores = hierarchical_precision_recall_f1(true, pred, average="macro")

    # "A > B": 3 shared levels of 4 and 4. "D": none.
    assert scores == (0.375, 0.375, 0.375)


@pytest.mark.parametrize("average", ["micro", "macro", "samples"])
def test_perfect_predictions_score_one_and_weights_of_zero_exclude(average):
    same = hierarchical_precision_recall_f1(TRUE, TRUE, average=average)
    left_out = hierarchical_precision_recall_f1(
        [*TRUE, "D"], [*TRUE, "A"], average=average, sample_weight=[1, 1, 1, 1, 0]
    )

    assert same == (1.0, 1.0, 1.0)
    assert left_out == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("average", ["micro", "macro", "samples"])
def test_weights_count_as_repeated_rows(average):
    repeated = [0, 1, 1, 1, 2, 3]
    weighted = hierarchical_precision_recall_f1(
        TRUE, PRED, average=average, sample_weight=[1, 3, 1, 1]
    )
    expected = hierarchical_precision_recall_f1(
        [TRUE[i] for i in repeated], [PRED[i] for i in repeated], average=average
    )

    assert weighted == pytest.approx(expected)


def test_the_root_lowers_recall_and_not_precision():
    scores = hierarchical_precision_recall_f1(["A > B", "C > D"], ["A > B", ""])
    nothing = hierarchical_precision_recall_f1(["A"], [""])
    forgiven = hierarchical_precision_recall_f1(["A"], [""], zero_division=1.0)

    assert scores == pytest.approx((1.0, 0.5, 2 / 3))
    assert nothing == (0.0, 0.0, 0.0)
    assert forgiven == (1.0, 0.0, 0.0)


def test_backing_off_is_better_than_a_wrong_leaf():
    true = ["A > B > C"] * 3
    wrong = hierarchical_precision_recall_f1(true, ["A > X > Y"] * 3)
    backed_off = hierarchical_precision_recall_f1(true, ["A"] * 3)

    assert backed_off.f1 == pytest.approx(0.5)
    assert wrong.f1 == pytest.approx(1 / 3)


def test_equal_names_of_other_parents_are_not_shared():
    scores = hierarchical_precision_recall_f1(["Women > Shoes"], ["Men > Shoes"])

    assert scores == (0.0, 0.0, 0.0)


def test_whitespace_and_other_separators_are_equivalent():
    assert hierarchical_precision_recall_f1(["A>B"], [" A  > B "]).f1 == 1.0
    assert hierarchical_precision_recall_f1(["A/B"], ["A/C"], separator="/").f1 == 0.5


@pytest.mark.parametrize(
    ("y_true", "y_pred", "error", "message"),
    [
        (["A", ""], ["A", "A"], ValueError, "`y_true` has no category in row 1"),
        (["A", "B"], ["A"], ValueError, "inconsistent numbers of samples"),
        (["A"], [np.nan], ValueError, "`y_pred` has no label in row 0"),
    ],
)
def test_scores_validate_paths(y_true, y_pred, error, message):
    with pytest.raises(error, match=message):
        hierarchical_precision_recall_f1(y_true, y_pred)


def test_scores_validate_average():
    with pytest.raises(ValueError, match="The 'average' parameter"):
        hierarchical_precision_recall_f1(["A"], ["A"], average="weighted")
