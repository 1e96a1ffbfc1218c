import numpy as np
import pytest

from amzest.evaluation._metrics._estimated_accuracy import (
    CONFIDENCE,
    THRESHOLD,
    estimate_accuracy,
)


def draw(n_rows, low, seed):
    """Return calibrated confidences, and which predictions are correct."""
    generator = np.random.default_rng(seed)
    confidence = generator.uniform(low, 1, n_rows)
    return confidence, generator.random(n_rows) < confidence


def test_calibrated_confidence_estimates_the_loss():
    old, correct = draw(4000, 0.8, seed=0)
    new, new_correct = draw(4000, 0.4, seed=1)
    table = estimate_accuracy(old, new, correct, 0.95)
    row = table.loc[CONFIDENCE]
    assert row["reference"] == correct.mean()
    assert row["new"] == pytest.approx(new_correct.mean(), abs=0.02)
    assert row["loss_low"] < 0.2 < row["loss_high"]
    assert row["loss_high"] - row["loss_low"] < 0.02


def test_threshold_keeps_the_accuracy_of_the_reference():
    old, correct = draw(1000, 0.5, seed=0)
    table = estimate_accuracy(old, old, correct, 0.95)
    assert table["loss"].tolist() == pytest.approx([0, 0])
    ties = np.full(1000, 0.7)
    assert estimate_accuracy(ties, ties, correct, 0.95).loc[THRESHOLD, "loss"] == (
        pytest.approx(0)
    )


def test_without_labels_confidence_replaces_accuracy():
    table = estimate_accuracy(np.full(9, 0.9), np.full(9, 0.6), None, 0.95)
    assert table.index.tolist() == [CONFIDENCE]
    assert table.loc[CONFIDENCE, ["reference", "new", "loss"]].tolist() == (
        pytest.approx([0.9, 0.6, 0.3])
    )


@pytest.mark.parametrize("is_correct", [True, False])
def test_reference_without_errors_or_only_errors(is_correct):
    correct = np.full(20, is_correct)
    table = estimate_accuracy(np.linspace(0.5, 1, 20), np.ones(5), correct, 0.95)
    assert table.loc[THRESHOLD, "new"] == is_correct
