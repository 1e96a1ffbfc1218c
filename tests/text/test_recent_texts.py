"""The same texts are cut once; what is remembered has a bound."""

from unittest import mock

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV
from text_inputs import SMALL, words_in

from amzest import TextCNNClassifier
from amzest.text import _recent_texts
from amzest.text._recent_texts import RecentTexts
from amzest.text._tokens import tokenise


@pytest.fixture
def cuts(monkeypatch):
    counting = mock.Mock(wraps=tokenise)
    monkeypatch.setattr(_recent_texts, "tokenise", counting)
    return counting


def column(n, word="mug"):
    return np.array([[f"{word} {i}"] for i in range(n)], dtype=object)


def test_the_same_texts_are_cut_once(cuts):
    recent = RecentTexts()
    first = recent.read(column(100), 64)
    assert recent.read(column(100), 64) is first
    assert cuts.call_count == 1
    assert words_in(first.words) == words_in(tokenise(column(100), 64).words)


def test_other_texts_lengths_and_shapes_are_cut_again(cuts):
    recent = RecentTexts()
    recent.read(column(100), 64)
    changed = column(100)
    changed[50] = "lamp"
    for cells, max_length in [
        (column(100), 1),
        (changed, 64),
        (column(101), 64),
        (column(100).reshape(50, 2), 64),
    ]:
        texts = recent.read(cells, max_length)
        assert words_in(texts.words) == words_in(tokenise(cells, max_length).words)
    assert cuts.call_count == 1 + 4


def test_the_least_recently_used_are_forgotten(cuts):
    recent = RecentTexts(max_cells=250)
    for word in ("mug", "lamp", "mug", "vase", "mug"):  # lamp is forgotten for vase
        recent.read(column(100, word), 64)
    assert cuts.call_count == 3
    recent.read(column(100, "lamp"), 64)
    assert cuts.call_count == 4


@pytest.mark.parametrize("n", [1, 63, 251])
def test_few_cells_and_too_many_are_not_remembered(cuts, n):
    recent = RecentTexts(max_cells=250)
    recent.read(column(n), 64)
    recent.read(column(n), 64)
    assert cuts.call_count == 2


def test_a_search_cuts_each_fold_once(cuts, monkeypatch):
    monkeypatch.setattr("amzest.text._base.RECENT_TEXTS", RecentTexts())
    X = pd.Series(column(240).ravel())
    y = np.arange(240) % 2
    grid = {"n_filters": [4, 5, 6], "label_smoothing": [0.0, 0.1]}
    GridSearchCV(TextCNNClassifier(**SMALL), grid, cv=3).fit(X, y)
    # Three folds to train on, three to score, and all rows once for the refit.
    assert cuts.call_count == 3 + 3 + 1
    assert sum(call.args[0].size for call in cuts.call_args_list) == 240 * 4
