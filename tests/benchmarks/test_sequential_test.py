"""The sequential test of a ratio."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.integrate import quad
from sequential_test import (
    FINE_ERROR,
    SLOWER_ERROR,
    Expectation,
    decide,
    evidence,
)

MAX_ROUNDS = 40


@pytest.mark.parametrize(
    ("better", "ratio", "worse"),
    [
        ("higher", 1.61, False),
        ("higher", 1.59, True),
        ("higher", 9.0, False),
        ("lower", 2.49, False),
        ("lower", 2.51, True),
        ("lower", 0.1, False),
    ],
)
def test_ratio_is_worse_beyond_its_tolerance(better, ratio, worse):
    expected = Expectation(2.0, 0.2, better)
    assert expected.is_worse(ratio) is worse
    assert expected.is_worse(expected.limit * (1.001 if better == "lower" else 0.999))
    assert not expected.is_worse(expected.limit)


@pytest.mark.parametrize("better", ["higher", "lower"])
def test_slowdown_loses_one_and_a_half_times_the_tolerance(better):
    expected = Expectation(2.0, 0.2, better)
    factor = expected.slowdown if better == "lower" else 1 / expected.slowdown
    assert expected.speed(2.0 * factor) == pytest.approx(0.7)


@pytest.mark.parametrize(("n_for", "n_against"), [(0, 0), (5, 0), (9, 1), (20, 12)])
def test_evidence_is_a_ratio_of_likelihoods(n_for, n_against):
    mixed, _ = quad(lambda p: 2 * p**n_for * (1 - p) ** n_against, 0.5, 1)
    alone = 0.5 ** (n_for + n_against)
    assert evidence(n_for, n_against) == pytest.approx(mixed / alone)


def probabilities(p_worse):
    """Return the exact probabilities of the decisions within `MAX_ROUNDS` rounds."""
    found = dict.fromkeys(("fine", "slower", "undecided"), 0.0)
    reached = {(0, 0): 1.0}  # undecided counts and their probabilities
    for _ in range(MAX_ROUNDS):
        following: dict[tuple[int, int], float] = {}
        for (worse, better), probability in reached.items():
            for n, p in (
                ((worse + 1, better), p_worse),
                ((worse, better + 1), 1 - p_worse),
            ):
                following[n] = following.get(n, 0.0) + probability * p
        reached = {}
        for counts, probability in following.items():
            if (decision := decide(*counts)) == "undecided":
                reached[counts] = probability
            else:
                found[decision] += probability
    found["undecided"] = sum(reached.values())
    return found


def test_errors_are_as_stated_at_the_limit():
    at_limit = probabilities(0.5)
    assert at_limit["slower"] <= SLOWER_ERROR
    assert at_limit["fine"] <= FINE_ERROR
    # Two measurements, each of 40 rounds: the error rate of a lost ratio.
    assert at_limit["slower"] ** 2 < 1e-4


def test_noisy_healthy_ratio_is_hardly_ever_slower_and_a_slow_one_is():
    healthy, slow = probabilities(0.2), probabilities(0.9)
    assert healthy["slower"] < 1e-6
    assert healthy["fine"] > 0.95
    assert slow["slower"] > 0.99
    assert slow["fine"] < 0.002


def test_clear_ratios_are_decided_after_few_rounds():
    decided = {
        kind: next(n for n in itertools.count(1) if decide(*counts(n)) != "undecided")
        for kind, counts in {
            "fine": lambda n: (0, n),
            "slower": lambda n: (n, 0),
        }.items()
    }
    assert decided == {"fine": 4, "slower": 9}
    assert np.isclose(evidence(4, 0), 6.2)
