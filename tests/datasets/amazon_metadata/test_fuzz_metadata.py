"""Mutated lines are read as Python reads them, or refused."""

from collections import Counter

import fuzz_metadata


def test_mutated_lines_are_read_as_python_reads_them():
    counts, wrong = fuzz_metadata.fuzz(1_500, seed=1, per_file=250)
    assert wrong == []
    assert counts["products read"] > 100
    assert counts["lines broken"] > 1_000


def test_every_seed_is_read_as_python_reads_it():
    assert len(fuzz_metadata.PYTHON_SEEDS) >= 30
    for seed in [*fuzz_metadata.PYTHON_SEEDS, *fuzz_metadata.JSON_SEEDS]:
        assert list(fuzz_metadata.differences(seed, Counter())) == []
