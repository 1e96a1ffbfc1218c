"""Probabilities of made-up designs of known skill."""

from __future__ import annotations

import numpy as np


def draw_labels(n_samples, classes=("Lamps", "Mugs", "Rugs", "Toys"), seed=0):
    """Return labels and their positions in `classes`."""
    codes = np.random.default_rng(seed).integers(len(classes), size=n_samples)
    return np.array(classes)[codes], codes


def draw_proba(codes, skill, seed, n_classes=4):
    """Return probabilities; the larger `skill`, the more often they are right."""
    scores = np.random.default_rng(seed).normal(size=(len(codes), n_classes))
    scores[np.arange(len(codes)), codes] += skill
    exponents = np.exp(scores)
    return exponents / exponents.sum(axis=1, keepdims=True)
