"""Shared errors of members, by hand, and members that are near copies."""

import numpy as np
import pytest
from product_designs import draw_labels, draw_proba

from amzest.evaluation._reports._compare_classifiers import compare_classifiers

# Rows:            0  1  2  3  4  5
TRUTH = np.array([0, 0, 0, 1, 1, 1])
PREDICTED = {
    "text": np.array([0, 0, 1, 1, 0, 2]),
    "image": np.array([0, 1, 1, 0, 1, 2]),
    "price": np.array([0, 1, 2, 1, 0, 0]),
}
PROBAS = {name: 0.4 * np.eye(3)[codes] + 0.2 for name, codes in PREDICTED.items()}
BY_HAND = compare_classifiers(
    TRUTH, PROBAS, classes=[0, 1, 2], n_bootstrap=200
).fusion()

Y, CODES = draw_labels(600)
THREE = {name: draw_proba(CODES, 1.5, seed) for seed, name in enumerate("abc")}


def almost(proba, seed=0):
    """Return probabilities that differ a little."""
    noise = np.random.default_rng(seed).uniform(0.9, 1.1, proba.shape)
    return proba * noise / (proba * noise).sum(axis=1, keepdims=True)


def test_same_errors_by_hand():
    overlap = BY_HAND.overlap
    # Text or image is wrong in 1 to 5; both predict the same wrong class in 2 and 5.
    assert overlap["same_errors"][0] == pytest.approx(2 / 5)
    # Text and price: 1, 2, 4 and 5, the same wrong class in 4.
    assert overlap["same_errors"][1] == pytest.approx(1 / 4)
    matrix = BY_HAND.overlap_matrix("same_errors")
    assert matrix.loc["text", "image"] == matrix.loc["image", "text"] == 2 / 5


def test_correlations_are_those_of_numpy():
    pairs = [("text", "image"), ("text", "price"), ("image", "price")]
    for row, names in zip(BY_HAND.overlap.itertuples(), pairs, strict=True):
        wrong = [PREDICTED[name] != TRUTH for name in names]
        expected = np.corrcoef(*wrong)[0, 1]
        assert row.error_correlation == pytest.approx(expected)
        errors = [(PROBAS[name] - np.eye(3)[TRUTH]).ravel() for name in names]
        expected = np.corrcoef(*errors)[0, 1]
        assert row.proba_correlation == pytest.approx(expected)


def test_near_copies_share_their_errors():
    copies = {"a": THREE["a"], "b": THREE["b"], "a again": almost(THREE["a"])}
    fusion = compare_classifiers(Y, copies).fusion()
    assert fusion.near_copies == [("a", "a again")]
    assert fusion.overlap["near_copy"].tolist() == [False, True, False]
    assert fusion.overlap["same_errors"][1] > 0.9
    assert fusion.overlap["proba_correlation"][1] > 0.99
    assert "Near copies: a and a again." in repr(fusion)
    assert fusion.overlap["proba_correlation"].drop(1).max() < 0.8


def test_members_that_differ_are_no_copies():
    fusion = compare_classifiers(Y, THREE).fusion()
    assert fusion.near_copies == []
    assert fusion.overlap["same_errors"].max() < 0.5
    assert "Near copies: none." in repr(fusion)


def test_members_that_the_average_needs_are_no_copies():
    # Both share half of their errors with the same answer, and each is right where the
    # other hesitates: the average gains from both.
    rng = np.random.default_rng(0)
    hard = rng.random(600) < 0.2
    n_classes = CODES.max() + 1
    sure = np.eye(n_classes)[CODES]
    unsure = np.eye(n_classes)[(CODES + 1) % n_classes]
    first = rng.random(600) < 0.07
    second = ~first & (rng.random(600) < 0.07)
    probas = {}
    for name, fails in (("a", first), ("b", second)):
        proba = 0.9 * sure + 0.1 / n_classes
        proba[fails] = 0.6 * unsure[fails] + 0.4 * sure[fails]
        proba[hard] = 0.9 * unsure[hard] + 0.1 / n_classes
        probas[name] = proba
    fusion = compare_classifiers(Y, probas).fusion()
    assert fusion.overlap["same_errors"][0] > 0.5
    assert fusion.members["adds_low"].min() > 0
    assert fusion.near_copies == []


def test_members_without_errors_have_nothing_to_share():
    perfect = np.eye(CODES.max() + 1)[CODES]
    overlap = compare_classifiers(Y, {"a": perfect, "b": perfect}).fusion().overlap
    for measure in ("same_errors", "yule_q", "error_correlation", "proba_correlation"):
        assert np.isnan(overlap[measure][0])
    assert overlap["near_copy"].tolist() == [False]
