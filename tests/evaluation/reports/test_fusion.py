import numpy as np
import pytest
from product_designs import draw_labels, draw_proba

from amzest.evaluation._reports._compare_classifiers import compare_classifiers
from amzest.evaluation._reports._fusion_averages import average_members

# Rows:            0  1  2  3  4  5
TRUTH = np.array([0, 0, 0, 1, 1, 1])
PREDICTED = {
    "text": np.array([0, 0, 1, 1, 0, 2]),
    "image": np.array([0, 1, 1, 0, 1, 2]),
    "price": np.array([0, 1, 2, 1, 0, 0]),
}
BY_HAND = compare_classifiers(
    TRUTH,
    {name: 0.4 * np.eye(3)[predicted] + 0.2 for name, predicted in PREDICTED.items()},
    classes=[0, 1, 2],
    n_bootstrap=200,
).fusion()

Y, CODES = draw_labels(600)
PROBAS = {name: draw_proba(CODES, 1.5, seed) for seed, name in enumerate("abc")}


def accuracy(proba):
    return np.mean(proba.argmax(axis=1) == CODES)


def test_overlap_by_hand():
    overlap = BY_HAND.overlap
    first = overlap.iloc[0]
    # Errors of text: 2, 4, 5; of image: 1, 2, 3, 5. Both predict the same in 2 and 5.
    assert (first["first"], first["second"]) == ("text", "image")
    assert first["n_both_wrong"] == 2
    assert first["share_of_first"] == pytest.approx(2 / 3)
    assert first["share_of_second"] == pytest.approx(2 / 4)
    assert first["same_answer"] == 1
    assert first["jaccard"] == pytest.approx(2 / 5)
    # Both are correct in row 0 only: Q = (1 * 2 - 2 * 1) / (1 * 2 + 2 * 1).
    assert first["yule_q"] == 0
    # Shared errors of text and price: 2, 4, 5; with the same prediction in 4.
    assert overlap.iloc[1]["same_answer"] == pytest.approx(1 / 3)
    assert overlap.iloc[1]["yule_q"] == 1


def test_overlap_matrix_has_fractions_of_the_errors_of_rows():
    matrix = BY_HAND.overlap_matrix()
    assert matrix.loc["text", "image"] == pytest.approx(2 / 3)
    assert matrix.loc["image", "text"] == pytest.approx(2 / 4)
    assert matrix.loc["text", "text"] == 1
    jaccard = BY_HAND.overlap_matrix("jaccard")
    assert jaccard.loc["text", "image"] == jaccard.loc["image", "text"]
    with pytest.raises(ValueError, match="The 'measure' parameter"):
        BY_HAND.overlap_matrix("kappa")


def test_rows_for_which_only_one_is_correct_by_hand():
    # Row 1 only text, row 4 only image; rows 2 and 5 none.
    assert BY_HAND.members["n_only_right"].tolist() == [1, 1, 0]
    assert BY_HAND.members["share_only_right"].tolist() == [1 / 6, 1 / 6, 0]
    assert BY_HAND.oracle_accuracy == pytest.approx(4 / 6)


def test_members_add_the_difference_to_the_average_without_them():
    members = compare_classifiers(Y, PROBAS).fusion().members
    together = accuracy(sum(PROBAS.values()))
    for name in "abc":
        without = accuracy(sum(PROBAS[other] for other in "abc" if other != name))
        assert members.loc[name, "adds"] == pytest.approx(together - without)
    assert (members["adds_low"] < members["adds"]).all()
    assert (members["adds"] < members["adds_high"]).all()
    assert (members["adds_p_corrected"] >= members["adds_p"]).all()


def test_member_without_skill_adds_nothing():
    noise = draw_proba(CODES, 0.0, seed=9)
    members = compare_classifiers(Y, {**PROBAS, "noise": noise}).fusion().members
    assert members.loc["noise", "adds"] < 0
    assert members.loc["a", "adds_p_corrected"] < 0.05
    assert members.loc["a", "adds"] > 0
    assert members.loc["a", "adds_log_loss"] < 0 < members.loc["noise", "adds_log_loss"]


def test_average_excludes_missing_members():
    probas = [np.array([[0.8, 0.2]] * 3), np.array([[0.4, 0.6]] * 3)]
    present = [np.array([True, True, False]), np.array([True, False, False])]
    average = average_members(probas, present)
    np.testing.assert_allclose(average, [[0.6, 0.4], [0.8, 0.2], [0.6, 0.4]])


def test_missing_rows_are_excluded_from_the_report():
    absent = np.arange(600) < 300
    frequencies = np.bincount(CODES) / 600
    image = np.where(absent[:, np.newaxis], frequencies, PROBAS["b"])
    report = compare_classifiers(
        Y, {"text": PROBAS["a"], "image": image}, present={"image": ~absent}
    ).fusion()
    assert report.members["present_share"].tolist() == [1.0, 0.5]
    expected = np.where(absent[:, np.newaxis], PROBAS["a"], PROBAS["a"] + PROBAS["b"])
    assert report.gains["accuracy"].iloc[0] == pytest.approx(accuracy(expected))


def test_gain_over_the_best_member():
    mean = sum(PROBAS.values()) / 3
    report = compare_classifiers(
        Y, PROBAS, ensembles={"mean": mean, "worse": draw_proba(CODES, 0.2, 5)}
    ).fusion()
    gains = report.gains
    assert gains.index.tolist() == ["equal-weight average", "mean", "worse"]
    accuracies = {name: accuracy(proba) for name, proba in PROBAS.items()}
    best = max(accuracies, key=accuracies.get)
    assert (gains["best_member"] == best).all()
    assert gains.loc["mean", "gain"] == pytest.approx(accuracy(mean) - accuracies[best])
    columns = ["gain", "gain_low", "gain_high", "gain_p"]
    assert (gains.loc["mean", columns] == gains.iloc[0][columns]).all()
    assert gains.loc["mean", "gain_low"] > 0
    assert gains.loc["mean", "gain_p_corrected"] < 0.05
    assert gains.loc["worse", "gain_high"] < 0


def test_gain_of_an_ensemble_that_is_a_member_is_never_significant():
    for seed in range(5):
        labels, codes = draw_labels(200, seed=seed)
        probas = {str(i): draw_proba(codes, 1.5, seed=50 + i) for i in range(6)}
        gains = (
            compare_classifiers(
                labels, probas, ensembles={"one": probas["0"]}, n_bootstrap=1000
            )
            .fusion()
            .gains
        )
        assert gains.loc["one", "gain"] <= 0
        assert gains.loc["one", "gain_high"] <= 0
