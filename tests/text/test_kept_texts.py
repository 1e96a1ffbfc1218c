"""Training texts in the fitted state."""

import numpy as np

from amzest.text import _kept_texts
from amzest.text._kept_texts import TrainingCells, keep_texts


def make(cells, weights=None):
    cells = np.array(cells, dtype=object)
    n = len(cells)
    weights = np.ones(n) if weights is None else np.array(weights, float)
    return TrainingCells(cells, np.arange(n) % 2, weights)


def keep(samples, **options):
    return keep_texts(
        samples, np.ones(2), **{"n_calibrated": 1, "n_tuned": 1, "seed": 0, **options}
    )


def test_texts_come_back_as_they_were():
    cells = [["red\x00mug", "日本語 ☕"], ["\ud800 half", ""], ["", ""], ["lamp", "no"]]
    kept = keep(make(cells, [1, 0.5, 1, 0])).samples()
    assert kept.cells.tolist() == cells[:2]
    assert kept.weights.tolist() == [1, 0.5]
    assert kept.targets.tolist() == [0, 1]


def test_seen_samples_are_known_after_they_were_removed(monkeypatch):
    monkeypatch.setattr(_kept_texts, "MAX_KEPT_SAMPLES", 10)
    first, second = make([[f"a {i}"] for i in range(50)]), make([["a 3"], ["b"]])
    kept = keep(first)
    assert len(kept.samples()) == 10
    assert kept.samples().weights.sum() == 50
    assert kept.has_seen(second).tolist() == [True, False]
    assert keep(second, seen=kept.seen).has_seen(first).all()


def test_long_texts_are_limited_by_their_characters(monkeypatch):
    monkeypatch.setattr(_kept_texts, "_MAX_KEPT_CHARACTERS", 1000)
    assert len(keep(make([["x" * 100]] * 50)).samples()) == 10
