import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    f1_score,
    log_loss,
    top_k_accuracy_score,
)

from amzest.evaluation._metrics._scoring import (
    Scoring,
    calibration_bins,
    calibration_by_chance,
    truth_ranks,
)


def draw_designs(n_samples, n_classes, n_designs=3, seed=0):
    generator = np.random.default_rng(seed)
    codes = generator.integers(n_classes, size=n_samples)
    probas = []
    for skill in range(n_designs):
        scores = generator.normal(size=(n_samples, n_classes))
        scores[np.arange(n_samples), codes] += skill
        exponents = np.exp(scores)
        probas.append(exponents / exponents.sum(axis=1, keepdims=True))
    return probas, codes


def score(probas, codes, top_k, weights):
    scoring = Scoring(probas, codes, top_k)
    weights = np.asarray(weights, dtype=float)[:, np.newaxis]
    values = scoring.scores(
        scoring.means @ weights, scoring.counts @ weights, len(codes)
    )
    return {name: value[:, 0] for name, value in values.items()}


@pytest.mark.parametrize("n_classes", [2, 5])
def test_scores_are_those_of_scikit_learn_on_resamples(n_classes):
    probas, codes = draw_designs(300, n_classes)
    drawn = np.random.default_rng(1).integers(300, size=300)
    top_k = [3] if n_classes > 3 else []
    values = score(probas, codes, top_k, np.bincount(drawn, minlength=300))
    labels = np.arange(n_classes)
    y = codes[drawn]
    for place, proba in enumerate(probas):
        p = proba[drawn]
        predicted = p.argmax(axis=1)
        expected = {
            "accuracy": accuracy_score(y, predicted),
            "macro_f1": f1_score(y, predicted, average="macro"),
            "log_loss": log_loss(y, p, labels=labels),
            "brier": brier_score_loss(
                y, p if n_classes > 2 else p[:, 1], labels=labels
            ),
        }
        if top_k:
            expected["top_3_accuracy"] = top_k_accuracy_score(y, p, k=3, labels=labels)
        for name, value in expected.items():
            assert values[name][place] == pytest.approx(value, abs=1e-12), name


def test_macro_f1_leaves_out_categories_that_nobody_names():
    codes = np.array([0, 0, 1, 1])
    proba = np.eye(4)[[0, 1, 1, 2]]
    value = score([proba], codes, [], np.ones(4))["macro_f1"][0]
    assert value == pytest.approx(
        f1_score(codes, [0, 1, 1, 2], average="macro", zero_division=0)
    )


def test_log_loss_of_certain_errors_is_finite():
    codes = np.array([0, 1])
    proba = np.array([[0.0, 1.0], [0.0, 1.0]])
    value = score([proba], codes, [], np.ones(2))["log_loss"][0]
    assert value == pytest.approx(log_loss(codes, proba))


def test_truth_ranks_of_ties_follow_the_columns():
    proba = np.array([[0.4, 0.4, 0.2], [0.4, 0.4, 0.2], [0.2, 0.4, 0.4]])
    ranks = truth_ranks(proba, np.array([0, 1, 0]))
    np.testing.assert_array_equal(ranks, [0, 1, 2])


def test_calibration_error_by_hand():
    probas, codes = draw_designs(150, 4, n_designs=1, seed=3)
    confidence = probas[0].max(axis=1)
    right = probas[0].argmax(axis=1) == codes
    bins = np.array_split(np.argsort(confidence), 15)
    expected = sum(
        abs(confidence[rows].mean() - right[rows].mean()) * len(rows) / 150
        for rows in bins
    )
    value = score(probas, codes, [], np.ones(150))["calibration_error"][0]
    assert value == pytest.approx(expected)


def test_equal_confidences_share_a_bin():
    bins = calibration_bins(np.array([0.5] * 90 + [0.9] * 60))
    assert len(set(bins[:90])) == 1
    assert len(set(bins[90:])) == 1
    assert bins[0] != bins[-1]


def test_calibration_error_of_class_frequencies_is_zero():
    codes = np.repeat([0, 1], [70, 30])
    proba = np.tile([0.7, 0.3], (100, 1))
    value = score([proba], codes, [], np.ones(100))["calibration_error"][0]
    assert value == pytest.approx(0, abs=1e-12)


def test_calibration_by_chance_is_that_of_drawn_answers():
    generator = np.random.default_rng(0)
    confidence = generator.uniform(0.3, 1, 600)
    bins = calibration_bins(confidence)
    gaps = confidence - (generator.random((2000, 600)) < confidence)
    errors = [np.abs(np.bincount(bins, weights=row)).sum() / 600 for row in gaps]
    mean, deviation = calibration_by_chance(confidence, bins)
    assert mean == pytest.approx(np.mean(errors), rel=0.03)
    assert deviation == pytest.approx(np.std(errors), rel=0.06)
