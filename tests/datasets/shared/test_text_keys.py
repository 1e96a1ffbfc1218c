"""Keys of texts are equal if and only if the texts are, also if hashes collide."""

import numpy as np
import pytest

from amzest.datasets._shared import _text_keys
from amzest.datasets._shared._text_keys import hash_texts, separate_collisions


def first_rows(values):
    """Return, for each value, the row where it occurs first."""
    first = {}
    return [first.setdefault(value, row) for row, value in enumerate(values)]


@pytest.mark.parametrize("n_hashes", [1, 2, 7, 2**63])
def test_keys_of_random_texts(monkeypatch, n_hashes):
    monkeypatch.setattr(_text_keys, "_MAX_TEXTS", 6)
    rng = np.random.default_rng(0)
    for _ in range(20):
        texts = [None if n < 2 else f"text {n}" for n in rng.integers(0, 40, 50)]
        hashes = hash_texts(texts)
        weak = np.where(hashes == 0, 0, hashes % np.uint64(n_hashes) + np.uint64(1))
        weak = weak.astype(np.uint64)
        read = []

        def read_texts(rows, texts=texts, read=read):
            assert (np.diff(rows) > 0).all()
            read += rows.tolist()
            return [texts[row] for row in rows]

        keys = separate_collisions(weak, read_texts)
        assert first_rows(keys.tolist()) == first_rows(text or 0 for text in texts)
        assert (keys == 0).tolist() == [text is None for text in texts]
        # Texts are read once, and only those whose hash is not unique.
        counts = dict(zip(*np.unique(weak, return_counts=True), strict=True))
        again = [r for r, key in enumerate(weak) if key and counts[key] > 1]
        assert sorted(read) == again


def test_no_rows():
    assert separate_collisions(hash_texts([]), lambda rows: []).tolist() == []
    assert separate_collisions(hash_texts(["a", "b"]), list).tolist() == [
        *hash_texts("ab")
    ]
