"""The same texts are tokenized once, and the cache bounds what is kept of them."""

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV
from text_inputs import SMALL, words_in

from amzest import TextCNNClassifier
from amzest.text import _recent_texts
from amzest.text._linear_features import count_features
from amzest.text._recent_texts import recent_texts
from amzest.text._tokens import tokenise
from amzest.utils import LRUCache


@pytest.fixture(autouse=True)
def cache(monkeypatch):
    """Start without texts, and leave those of other tests in place."""
    fresh = LRUCache(512 * 2**20)
    monkeypatch.setattr(_recent_texts, "CACHE", fresh)
    return fresh


@pytest.fixture
def calls(monkeypatch):
    counting = mock.Mock(wraps=tokenise)
    monkeypatch.setattr(_recent_texts, "tokenise", counting)
    return counting


def column(n, word="mug"):
    return np.array([[f"{word} {i}"] for i in range(n)], dtype=object)


def bytes_of(cells, max_length=64):
    """Return the bytes that the tokens of some cells take in the cache."""
    texts = tokenise(cells, max_length)
    return texts.words.n_bytes + texts.chunks.n_bytes


def test_the_same_texts_are_tokenized_once(calls):
    first = recent_texts(column(100), 64)
    assert recent_texts(column(100), 64) is first
    assert calls.call_count == 1
    assert words_in(first.words) == words_in(tokenise(column(100), 64).words)


def test_other_texts_lengths_and_shapes_are_tokenized_again(calls):
    recent_texts(column(100), 64)
    changed = column(100)
    changed[50] = "lamp"
    for cells, max_length in [
        (column(100), 1),
        (changed, 64),
        (column(101), 64),
        (column(100).reshape(50, 2), 64),
    ]:
        texts = recent_texts(cells, max_length)
        assert words_in(texts.words) == words_in(tokenise(cells, max_length).words)
    assert calls.call_count == 1 + 4


def test_the_least_recently_used_are_dropped(calls, cache):
    cache.max_bytes = int(2.5 * bytes_of(column(100)))
    for word in ("mug", "cup", "mug", "pan", "mug"):  # cup is dropped for pan
        recent_texts(column(100, word), 64)
    assert calls.call_count == 3
    recent_texts(column(100, "cup"), 64)
    assert calls.call_count == 4


@pytest.mark.parametrize("n", [1, 63])
def test_few_cells_are_not_kept(calls, cache, n):
    recent_texts(column(n), 64)
    recent_texts(column(n), 64)
    assert calls.call_count == 2
    assert cache.n_bytes == 0


def test_a_column_that_is_too_large_alone_leaves_the_others(calls, cache):
    small, large = column(100), column(1000)
    cache.max_bytes = 2 * bytes_of(small)
    for cells in (small, large, large, small):
        recent_texts(cells, 64)
    assert calls.call_count == 3  # large twice


@pytest.mark.parametrize(
    "giant", ["word " * 400_000, "x" * 2_000_000, "é" * 2_000_000, "\u0301" * 2_000_000]
)
def test_giant_cells_cannot_fill_the_memory(cache, giant):
    cells = column(64)
    cells[7, 0] = giant
    recent_texts(cells, 64)
    assert cache.n_bytes < 2**20
    cache.max_bytes = 2**20
    assert recent_texts(cells, 64) is not None


def test_features_counted_later_are_within_the_limit(cache):
    cells = column(500)
    n_bytes = count_features(tokenise(cells, 64), 2, 5).n_bytes
    assert n_bytes > 0
    cache.max_bytes = bytes_of(cells) + n_bytes - 1
    texts = recent_texts(cells, 64)
    assert cache.n_bytes > 0
    counts = count_features(texts, 2, 5)
    assert cache.n_bytes == 0
    assert count_features(texts, 2, 5) is counts  # whoever holds the texts has them


def test_features_counted_later_are_included(cache):
    texts = recent_texts(column(500), 64)
    before = cache.n_bytes
    assert cache.n_bytes == before == bytes_of(column(500))
    counts = count_features(texts, 2, 5)
    assert cache.n_bytes == before + counts.n_bytes


def test_the_texts_themselves_are_not_kept_alive():
    class Text(str):
        __slots__ = ("__weakref__",)

    text = Text("blue mug")
    cells = column(100)
    cells[0, 0] = text
    gone = weakref.ref(text)
    recent_texts(cells, 64)
    del text, cells
    gc.collect()
    assert gone() is None


def test_cells_that_join_to_the_same_text_are_distinguished():
    first, second = column(100), column(100)
    first[:2, 0] = "ab", "c"
    second[:2, 0] = "a", "bc"
    recent_texts(first, 64)
    words = recent_texts(second, 64).words
    assert words_in(words) == words_in(tokenise(second, 64).words)


def test_threads_share_the_texts(cache):
    cache.max_bytes = 3 * bytes_of(column(100))
    columns = [column(100, f"w{i % 7}") for i in range(200)]
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda cells: recent_texts(cells, 64), columns))
    for cells, texts in zip(columns[:7], read[:7], strict=True):
        assert words_in(texts.words) == words_in(tokenise(cells, 64).words)
    assert cache.n_bytes <= cache.max_bytes


def test_a_search_tokenizes_each_fold_once(calls):
    X = pd.Series(column(240).ravel())
    y = np.arange(240) % 2
    grid = {"n_filters": [4, 5, 6], "label_smoothing": [0.0, 0.1]}
    classifier = TextCNNClassifier(**{**SMALL, "max_epochs": 1}, batch_size=80)
    GridSearchCV(classifier, grid, cv=3).fit(X, y)
    # Three folds to train on, three to score, and all rows once for the refit.
    assert calls.call_count == 3 + 3 + 1
    assert sum(call.args[0].size for call in calls.call_args_list) == 240 * 4
