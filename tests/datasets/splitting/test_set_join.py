"""similar_sets: the same components as a comparison of all pairs."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from amzest.datasets._splitting import _long_sets, _set_join, _set_pairs, _word_sets
from amzest.datasets._splitting._set_join import as_fraction, similar_sets

SIMILARITIES = (0.5, 2 / 3, 0.7, 0.75, 0.8, 0.9, 1.0)


def by_all_pairs(sets, similarity):
    """Label components by comparing every pair, in exact arithmetic."""
    labels = list(range(len(sets)))
    for a, b in combinations(range(len(sets)), 2):
        shared, either = len(sets[a] & sets[b]), len(sets[a] | sets[b])
        if Fraction(shared, either) >= as_fraction(similarity):
            old, new = labels[b], labels[a]
            labels = [new if label == old else label for label in labels]
    return labels


def by_join(sets, similarity):
    sizes = [len(words) for words in sets]
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    words = np.array([word for s in sets for word in sorted(s)], dtype=np.int32)
    return similar_sets(indptr, words, similarity).tolist()


def partition(labels):
    rows = {}
    for row, label in enumerate(labels):
        rows.setdefault(label, []).append(row)
    return sorted(rows.values())


def random_sets(rng, n_sets, n_words, max_size):
    """Return random sets, half of them copies of others with a few words changed."""
    sets = [
        frozenset(rng.integers(0, n_words, rng.integers(1, max_size + 1)).tolist())
        for _ in range(n_sets // 2)
    ]
    for _ in range(n_sets // 2):
        words = set(sets[rng.integers(len(sets))])
        for _ in range(rng.integers(0, 4)):
            words ^= {int(rng.integers(0, n_words))}
        sets.append(frozenset(words or {0}))
    return sets


@pytest.fixture(params=["default", "always refine", "small chunks", "long", "all long"])
def code_path(request, monkeypatch):
    """Take the code paths of large corpora and long titles on small ones."""
    if "long" in request.param:
        monkeypatch.setattr(_set_join, "LONGEST", 0 if "all" in request.param else 5)
        monkeypatch.setattr(_long_sets, "_CHUNK", 100)
        monkeypatch.setattr(_set_pairs, "_EXACT_WORDS", 20)
    elif request.param != "default":
        monkeypatch.setattr(_set_join, "_PAIRS_PER_CHILD", 0)
        monkeypatch.setattr(_set_join, "_MAX_STUCK_PAIRS", 0)
    if request.param == "small chunks":
        monkeypatch.setattr(_set_join, "_CHUNK", 29)
        monkeypatch.setattr(_set_join, "_MAX_FIRST", 100)
        monkeypatch.setattr(_set_pairs, "_EXACT_CHUNK", 3)
        monkeypatch.setattr(_set_pairs, "_EXACT_WORDS", 11)
        monkeypatch.setattr(_word_sets, "_CHUNK_WORDS", 99)


@pytest.mark.usefixtures("code_path")
@pytest.mark.parametrize("max_size", [3, 8, 25])
@pytest.mark.parametrize("n_words", [6, 20, 60])
def test_components_of_random_sets(n_words, max_size):
    rng = np.random.default_rng([n_words, max_size])
    for _ in range(4):
        sets = random_sets(rng, 40, n_words, max_size)
        for similarity in SIMILARITIES:
            expected = partition(by_all_pairs(sets, similarity))
            assert partition(by_join(sets, similarity)) == expected


@pytest.mark.parametrize("similarity", [0.7, 0.8])
def test_components_of_thousands_of_sets(similarity):
    rng = np.random.default_rng(0)
    sets = random_sets(rng, 4000, 60, 12)
    matrix = np.zeros((len(sets), 60), dtype=np.int32)
    for row, words in enumerate(sets):
        matrix[row, list(words)] = 1
    shared, sizes = matrix @ matrix.T, matrix.sum(axis=1)
    least = as_fraction(similarity)
    either = sizes[:, None] + sizes - shared
    near = shared * least.denominator >= least.numerator * either
    expected = connected_components(near, directed=False)[1].tolist()
    assert partition(by_join(sets, similarity)) == partition(expected)
    assert 100 < len(set(expected)) < 3900


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.frozensets(st.integers(0, 9), min_size=1), min_size=1, max_size=25),
    st.sampled_from(SIMILARITIES),
)
def test_components_of_any_sets(sets, similarity):
    expected = partition(by_all_pairs(sets, similarity))
    assert partition(by_join(sets, similarity)) == expected


@pytest.mark.usefixtures("code_path")
def test_pairs_that_share_no_word_but_those_of_their_group():
    # Eight words and one more each: 8 of 10, which is 0.8 exactly.
    common = set(range(8))
    sets = [frozenset(common | {word}) for word in range(8, 40)]
    assert len(set(by_join(sets, 0.8))) == 1
    assert len(set(by_join(sets, 0.81))) == len(sets)


def test_threshold_is_a_fraction():
    assert as_fraction(0.8) == Fraction(4, 5)
    assert as_fraction(2 / 3) == Fraction(2, 3)
    # 0.7 * 10 is 7 and not 7.000000000000001.
    sets = [frozenset(range(10)), frozenset(range(7))]
    assert len(set(by_join(sets, 0.7))) == 1


@pytest.mark.parametrize("similarity", [0.6, 0.8])
def test_merging_without_comparison_only_adds(monkeypatch, similarity):
    monkeypatch.setattr(_set_join, "_PAIRS_PER_CHILD", 0)
    monkeypatch.setattr(_set_join, "_MIN_WORK", 0)
    monkeypatch.setattr(_set_join, "_WORK_PER_SET", 0)
    monkeypatch.setattr(_set_join, "_MAX_STUCK", 8)
    rng = np.random.default_rng(0)
    for _ in range(20):
        sets = random_sets(rng, 60, 30, 10)
        merged = by_join(sets, similarity)
        for rows in partition(by_all_pairs(sets, similarity)):
            assert len({merged[row] for row in rows}) == 1


def test_long_sets():
    rng = np.random.default_rng(0)
    sets = [frozenset(rng.choice(3000, 400, replace=False).tolist()) for _ in range(50)]
    sets += [words - set(sorted(words)[:50]) for words in sets]
    assert partition(by_join(sets, 0.8)) == [[row, row + 50] for row in range(50)]


@pytest.mark.parametrize("similarity", [0.5, 0.8, 1.0])
def test_components_around_the_length_of_long_sets(similarity):
    rng = np.random.default_rng(0)
    limit = _set_join.LONGEST
    sets = []
    for size in (limit - 2, limit, limit + 1, limit + 30, 2 * limit, 7 * limit):
        words = rng.permutation(20 * limit)[:size].tolist()
        sets.append(frozenset(words))
        for n_lost in (1, size // 10, size // 5, size // 4, size // 2, size - 1):
            others = set(words[n_lost:])
            sets.append(frozenset(others))
            sets.append(frozenset(others | set(range(-n_lost, 0))))
    sets = [frozenset(word + 20 * limit for word in words) for words in sets]
    expected = partition(by_all_pairs(sets, similarity))
    assert partition(by_join(sets, similarity)) == expected


@pytest.mark.parametrize(("n_sets", "n_words"), [(150, 4_000), (1_000, 500)])
def test_memory_of_long_sets_is_bounded(n_sets, n_words):
    # The words of all pairs of sets would take hundreds of megabytes.
    rng = np.random.default_rng(0)
    sets = [rng.permutation(2 * n_words)[:n_words] for _ in range(n_sets)]
    sets.append(np.append(sets[0][1:], 2 * n_words))
    indptr = np.arange(len(sets) + 1) * n_words
    words = np.concatenate(sets).astype(np.int32)
    tracemalloc.start()
    labels = similar_sets(indptr, words, 0.8)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150 * 2**20
    assert len(set(labels.tolist())) == n_sets
